"""Who is on call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watchkeeper.alerts.on_call import on_call, shifts
from watchkeeper.errors import NotFound
from watchkeeper.server.alerting.rules import Rulebook
from watchkeeper.server.wire.silences import OnCallWire, ShiftWire

__all__ = ["OnCallView"]


@dataclass(frozen=True, slots=True)
class OnCallView:
    """Reads rotas by the clock on the wall."""

    rules: Rulebook
    now: Callable[[], datetime]

    def all(self, rota: str | None, at: datetime | None, *, days: int) -> list[OnCallWire]:
        """Of every rota, or of one, who is on call at a moment and for the days after it."""
        moment = (at or self.now()).astimezone(UTC)
        rotas = self.rules.rotas()
        if rota is not None and rota not in rotas:
            raise NotFound(f"there is no rota {rota!r}; there are {sorted(rotas)}")
        return [
            OnCallWire(
                rota=found.name,
                timezone=found.timezone,
                person=on_call(found, moment),
                shifts=[
                    ShiftWire(person=each.person, start=each.start, end=each.end)
                    for each in shifts(found, moment, moment + timedelta(days=days))
                ],
            )
            for name, found in sorted(rotas.items())
            if rota in (None, name)
        ]
