"""A bar for what takes long: rows, the day that is reached, the rate, and what is left.

On a terminal only: in a log or a pipe nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

__all__ = ["Bar", "bar"]


class Bar:
    """What is told while rows are sent and windows judged."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("sending", total=total, note="", rate="")

    def sent(self, rows: int, known_at: datetime) -> None:
        """So many more rows are sent, known by then."""
        self._progress.update(
            self._task, advance=rows, note=f"{known_at:%Y-%m-%d}", description="sending"
        )
        speed = self._progress.tasks[0].speed
        self._progress.update(self._task, rate="" if not speed else f"{speed:,.0f} rows/s")

    def waiting(self, reason: str) -> None:
        """The server takes nothing for now."""
        self._progress.update(self._task, description="waiting", note=reason[:60])

    def judging(self, windows: int) -> None:
        """All is sent; so many windows are not judged yet."""
        self._progress.update(
            self._task, description="judging", note=f"{windows:,} windows left", rate=""
        )


@contextmanager
def bar(total: int, *, quiet: bool) -> Iterator[Bar]:
    """A bar of ``total`` rows on the terminal; nothing is drawn where ``quiet``, or without one."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(
        *_columns(), console=console, disable=quiet or not console.is_terminal, transient=True
    ) as progress:
        yield Bar(progress, total)


def _columns() -> tuple[ProgressColumn, ...]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    return (
        TextColumn("{task.description:<8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
