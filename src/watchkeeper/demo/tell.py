"""The story in words on the terminal, and as data."""

from __future__ import annotations

from dataclasses import asdict

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from watchkeeper.demo.story import Caught, Chapter, Story

__all__ = ["as_document", "tell"]

_SIGNS = {"critical": ("✖", "bold red"), "warning": ("▲", "yellow"), "info": ("●", "blue")}


def as_document(story: Story, *, seconds: float) -> dict[str, object]:
    """The story as JSON-ready data."""
    return {
        "predictions": story.predictions,
        "labels": story.labels,
        "windows": story.windows,
        "windows_with_alerts": story.alert_windows,
        "incidents": [_plain(asdict(chapter)) for chapter in story.chapters],
        "incidents_outside_injected_days": len(story.outside),
        "faults": [
            {
                "name": caught.fault.name,
                "what": caught.fault.what,
                "start": caught.fault.start.isoformat(),
                "end": caught.fault.end.isoformat(),
                "caught_after_days": caught.days,
                "promised_within_days": caught.fault.caught_within_days,
                "in_time": caught.in_time,
                "message": caught.message,
            }
            for caught in story.caught
        ],
        "roc_auc_by_month": {month.name: round(month.roc_auc, 4) for month in story.months},
        "seconds": round(seconds, 1),
    }


def tell(story: Story, console: Console, *, seconds: float) -> None:
    """Tell what was watched, what happened and what was caught."""
    console.print()
    console.print(Text("A year of flights from New York, 2013", style="bold"))
    console.print(
        f"A model trained on January and February says at the scheduled departure whether a flight "
        f"will land more than 15 minutes late. From March on Watchkeeper saw "
        f"{story.predictions:,} predictions and {story.labels:,} landings in {story.windows} days; "
        f"{story.predictions - story.labels:,} flights were cancelled or diverted and never got a "
        f"label."
    )
    console.print()
    console.print(Text("What happened", style="bold"))
    for chapter in story.chapters:
        _tell_chapter(chapter, console)
    console.print()
    console.print(Text("The injected faults", style="bold"))
    for caught in story.caught:
        _tell_fault(caught, console)
    console.print()
    console.print(Text("How well the model foresaw (ROC AUC, mean of the days)", style="bold"))
    console.print("  " + "   ".join(f"{m.name[:3]} {m.roc_auc:.3f}" for m in story.months))
    console.print()
    console.print(
        f"{len(story.outside)} incidents outside the injected faults in {story.windows} days. "
        f"Took {seconds:.0f} s."
    )


def _tell_chapter(chapter: Chapter, console: Console) -> None:
    sign, style = _SIGNS.get(chapter.severity, ("●", "blue"))
    until = f"{chapter.resolved_at:%d %b}" if chapter.resolved_at else "still open"
    head = Text.assemble(
        (f"  {sign} ", style),
        (f"{chapter.opened_at:%d %b} to {until}", "bold"),
        f"  {chapter.title}",
        (f"  [injected: {chapter.injected}]" if chapter.injected else "", "magenta"),
    )
    console.print(head)
    why = "cause unknown" if chapter.cause == "unknown" else chapter.cause
    console.print(Padding(Text(why, style="dim"), (0, 0, 0, 4)))


def _tell_fault(caught: Caught, console: Console) -> None:
    fault = caught.fault
    sign, style = ("✔", "green") if caught.in_time else ("✖", "bold red")
    console.print(
        Text.assemble(
            (f"  {sign} ", style),
            (f"{fault.start:%d %b} to {fault.end:%d %b}", "bold"),
            f"  {fault.name}: {fault.what}",
        )
    )
    if caught.days is None:
        outcome = "not caught"
    else:
        outcome = (
            f"alarm {caught.days:.1f} days after it began "
            f"(promised within {fault.caught_within_days}): {caught.message}"
        )
    console.print(Padding(Text(outcome, style="dim"), (0, 0, 0, 4)))


def _plain(document: dict[str, object]) -> dict[str, object]:
    return {
        key: value.isoformat() if hasattr(value, "isoformat") else value
        for key, value in document.items()
    }
