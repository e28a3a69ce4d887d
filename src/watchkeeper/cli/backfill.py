"""`watchkeeper backfill MODEL FILE…`: a history, in the order in which it happened."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from watchkeeper.cli.server_options import address, server_options

if TYPE_CHECKING:
    from watchkeeper.cli.history import Batch, Rows
    from watchkeeper.cli.progress import Bar
    from watchkeeper.domain.model import Model
    from watchkeeper.sdk.client import Client

__all__ = ["command"]

_T = TypeVar("_T")
_FILE = click.Path(path_type=Path)
_DAY, _HOUR, _SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
_PATIENCE_SECONDS = 600.0
_WAIT_SECONDS = 2.0


@click.command("backfill")
@click.argument("model")
@click.argument("files", nargs=-1, type=_FILE)
@click.option("--labels", multiple=True, type=_FILE, help="A file of labels; may be repeated.")
@click.option("--wait/--no-wait", default=True, help="Wait until all of it is judged.")
@server_options
def command(
    model: str,
    files: Sequence[Path],
    *,
    labels: Sequence[Path],
    wait: bool,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> int:
    """Send the history in FILES (Parquet, CSV, JSON lines, folders of them) to MODEL.

    Rows are sent as known at the end of their window, or of their day where that is earlier, and
    labels as known when their column `known_at`, else their own time, says: so all of it is judged
    as if the server had been there. Running it again, also after it was stopped in the middle,
    changes nothing that was done. Needs the scope backfill. Exit code 1 where rows were rejected:
    they are in quarantine, each with the reason.
    """
    from watchkeeper.cli.progress import bar
    from watchkeeper.errors import InvalidInput
    from watchkeeper.sdk.client import Client

    if not files and not labels:
        raise InvalidInput("backfill needs at least one FILE or --labels FILE, got neither")
    with Client(*address(url, key)) as client:
        plan = _plan(_definition(client, model), files, labels)
        try:
            with bar(sum(rows.total for rows in plan.parts), quiet=as_json) as told:
                sent = _send(client, plan, told)
                if wait:
                    _judge(client, plan, sent, told)
        finally:
            plan.close()
    click.echo(_as_json(sent, judged=wait) if as_json else _in_words(model, sent, judged=wait))
    return 1 if sent.rejected else 0


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is sent to a model: the rows of each kind, cut by intervals of ``length``."""

    model: Model
    parts: Sequence[Rows]
    length: timedelta
    now: datetime

    def close(self) -> None:
        """Close the files."""
        for rows in self.parts:
            rows.close()


@dataclass(slots=True)
class _Counts:
    """What became of the rows of one kind."""

    received: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0


@dataclass(slots=True)
class _Sent:
    """What was sent; ``repeated`` batches had been acknowledged by an earlier run. ``first`` and
    ``last`` are when the first and the last of it came to be known.
    """

    batches: int = 0
    repeated: int = 0
    first: datetime | None = None
    last: datetime | None = None
    kinds: dict[str, _Counts] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        """Rows that went to quarantine."""
        return sum(counts.rejected for counts in self.kinds.values())

    def add(self, batch: Batch, answer: Mapping[str, object]) -> None:
        """Count one acknowledged batch."""
        self.batches += 1
        self.repeated += answer.get("repeated") is True
        self.first, self.last = self.first or batch.known_at, batch.known_at
        counts = self.kinds.setdefault(batch.kind, _Counts())
        for name, rows in asdict(counts).items():
            setattr(counts, name, rows + int(str(answer.get(name, 0))))


def _definition(client: Client, name: str) -> Model:
    from watchkeeper.definitions.document import model_from_dict
    from watchkeeper.errors import InvalidInput
    from watchkeeper.sdk.http import model_path

    answer = client.http.get(model_path(name)).data
    document = answer.get("definition") if isinstance(answer, dict) else None
    if not isinstance(document, dict):
        raise InvalidInput(f"{client.http.url} does not tell the definition of {name!r}")
    return model_from_dict(document)


def _plan(model: Model, files: Sequence[Path], labels: Sequence[Path]) -> _Plan:
    from watchkeeper.cli.history import Kind, Rows
    from watchkeeper.domain.model import Role

    def named(role: Role, *others: str) -> tuple[str, ...]:
        column = model.only(role)
        return (*([column.name] if column else []), *others)

    ids = named(Role.PREDICTION_ID, "_wk_id", "id")
    known = ("known_at", "_wk_known_at")
    told = ("label_time", "_wk_label_time", "_wk_time", "time")
    kinds = (
        (Kind("predictions", named(Role.TIME, "_wk_time", "time"), ids), files),
        (Kind("labels", (*known, *told), ids, stripped=known), labels),
    )
    parts: list[Rows] = []
    plan = _Plan(model, parts, min(model.granularity.length, _DAY), datetime.now(UTC) - _SECOND)
    try:
        parts += [Rows(kind, chosen) for kind, chosen in kinds if chosen]
    except BaseException:
        plan.close()
        raise
    return plan


def _send(client: Client, plan: _Plan, told: Bar) -> _Sent:
    from watchkeeper.cli.history import batches

    sent = _Sent()
    for batch in batches(plan.parts, plan.length, plan.now):
        send = client.log_labels if batch.kind == "labels" else client.log_predictions
        at_once = partial(send, batch=batch.name, known_at=batch.known_at)
        receipt = _patiently(partial(at_once, plan.model.name, batch.rows), told)
        sent.add(batch, receipt.data)
        told.sent(len(batch.rows), batch.known_at)
    return sent


def _judge(client: Client, plan: _Plan, sent: _Sent, told: Bar) -> None:
    """Let the last windows be due, and wait until all of them are judged."""
    if sent.last is None:
        return
    window = plan.model.granularity.window_of(sent.last - _SECOND)
    over = max(window.due, sent.last) + _HOUR  # labels are seen at the next full hour
    moment = min(over, plan.now)
    _patiently(partial(client.advance, plan.model.name, moment), told)
    while not _patiently(partial(client.wait_until_judged, _WAIT_SECONDS), told):
        told.judging(_left(client.http.get("/api/v1/clock").data, plan.model.name))


def _left(clock: object, model: str) -> int:
    """How many windows of the model are due and not judged."""
    models = clock.get("models", []) if isinstance(clock, dict) else []
    return sum(int(item["due"]) for item in models if item["name"] == model)


def _patiently(act: Callable[[], _T], told: Bar) -> _T:
    """Do it, and go on trying while the server is full or away, for ten minutes."""
    from watchkeeper.errors import RateLimited, Unavailable

    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return act()
        except (RateLimited, Unavailable) as error:
            if time.monotonic() >= until:
                raise
            told.waiting(str(error))
            time.sleep(_WAIT_SECONDS)


def _as_json(sent: _Sent, *, judged: bool) -> str:
    moments = {name: moment and moment.isoformat() for name, moment in _ends(sent)}
    return json.dumps({**asdict(sent), **moments, "judged": judged})


def _ends(sent: _Sent) -> tuple[tuple[str, datetime | None], ...]:
    return ("first", sent.first), ("last", sent.last)


def _in_words(model: str, sent: _Sent, *, judged: bool) -> str:
    if sent.first is None or sent.last is None:
        return "there was nothing to send"
    lines = [
        f"{kind}: {counts.accepted:,} of {counts.received:,} accepted, "
        f"{counts.duplicate:,} duplicate, {counts.rejected:,} rejected"
        for kind, counts in sent.kinds.items()
    ]
    lines.append(
        f"{sent.batches:,} batches from {sent.first:%Y-%m-%d} to {sent.last:%Y-%m-%d}, "
        f"{sent.repeated:,} of them sent before"
    )
    if sent.rejected:
        lines.append(f"see `watchkeeper quarantine {model}` for what was rejected, and why")
    lines.append("all windows are judged" if judged else "windows are judged in the background")
    return "\n".join(lines)
