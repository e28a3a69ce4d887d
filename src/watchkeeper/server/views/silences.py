"""Silences: what is muted, by whom and why, and what a silence would mute."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from watchkeeper.alerts.muting import silenced_by
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.definitions.document import document_from_dict
from watchkeeper.definitions.matchers import fits, parse_matcher
from watchkeeper.definitions.plan import plan
from watchkeeper.definitions.silence_form import form_of_silence
from watchkeeper.domain.group import Signal
from watchkeeper.domain.matcher import Matcher
from watchkeeper.domain.silence import Silence, SilenceState
from watchkeeper.errors import InvalidDefinition, InvalidInput, NotFound
from watchkeeper.server.wire.models import ChangeWire
from watchkeeper.server.wire.routes import RouteApplied
from watchkeeper.server.wire.silences import MutedAlert, SilenceAsked, SilencePreview, SilenceWire

__all__ = ["SilenceView"]

_MOST_SHOWN = 200
_ORDER = {SilenceState.ACTIVE: 0, SilenceState.PENDING: 1, SilenceState.EXPIRED: 2}


@dataclass(frozen=True, slots=True)
class SilenceView:
    """Reads silences, makes and ends them. Their time is the wall's: they are for people."""

    catalog: Catalog
    now: Callable[[], datetime]

    def all(self, state: SilenceState | None) -> list[SilenceWire]:
        """Active ones first, those that end soonest first; what has ended, the latest first."""
        now, signals = self.now(), self._signals()
        found = self.catalog.silences.all()
        live = [each for each in found if each.state(now) is not SilenceState.EXPIRED]
        over = [each for each in found if each.state(now) is SilenceState.EXPIRED]
        ordered = [*sorted(live, key=lambda each: _ORDER[each.state(now)]), *reversed(over)]
        return [
            _wire(each, signals, now)
            for each in ordered
            if state is None or each.state(now) is state
        ]

    def get(self, identity: str) -> SilenceWire:
        """One silence; NotFound where there is none."""
        return _wire(self.catalog.silences.get(identity), self._signals(), self.now())

    def preview(self, matchers: Sequence[str]) -> SilencePreview:
        """What fires now and would be muted."""
        read = _read(matchers)
        found = [each for each in self._signals() if fits(read, each.labels)]
        incidents = {
            each.id: each
            for each in self.catalog.alerts.incidents_of(
                list(dict.fromkeys(each.incident for each in found))[:_MOST_SHOWN]
            )
        }
        return SilencePreview(
            total=len(found),
            incidents=len({each.incident for each in found}),
            alerts=[
                MutedAlert(
                    id=each.id,
                    incident=each.incident,
                    title=incidents[each.incident].title if each.incident in incidents else "",
                    labels=dict(each.labels),
                )
                for each in found[:_MOST_SHOWN]
            ],
        )

    def create(self, asked: SilenceAsked, *, by: str) -> SilenceWire:
        """Make a silence; it begins now unless it says when."""
        now = self.now()
        starts = (asked.starts_at or now).astimezone(UTC)
        if asked.ends_at <= max(starts, now):
            raise InvalidInput(
                f"a silence must end after it starts and after now, got {starts.isoformat()} to "
                f"{asked.ends_at.isoformat()}"
            )
        silence = Silence(
            id=secrets.token_hex(10),
            matchers=_read(asked.matchers),
            starts_at=starts,
            ends_at=asked.ends_at.astimezone(UTC),
            created_by=asked.owner or by,
            comment=asked.comment,
            updated_at=now,
        )
        self.catalog.silences.put(silence)
        return _wire(silence, self._signals(), now)

    def expire(self, identity: str) -> SilenceWire:
        """End it now; Conflict where it has ended."""
        now = self.now()
        ended = self.catalog.silences.expire(identity, now=now)
        return _wire(ended, self._signals(), now)

    def apply(
        self, identity: str, document: Mapping[str, object], *, only_plan: bool
    ) -> RouteApplied:
        """Apply a document of kind ``Silence``, or only say what that would change."""
        wanted = document_from_dict(document)
        if not isinstance(wanted, Silence) or wanted.id != identity:
            raise InvalidDefinition(
                f"the document must be of kind Silence and named {identity!r}, "
                f"got {document.get('kind')!r} named {document.get('name')!r}"
            )
        held = self._held(identity)
        found = plan(held, wanted)
        if found.needed and not only_plan:
            self.catalog.silences.put(replace(wanted, updated_at=self.now()))
        return RouteApplied(
            name=identity,
            created=held is None and not only_plan,
            applied=found.needed and not only_plan,
            changes=[
                ChangeWire(path=item.path, before=item.old, after=item.new, effect=item.effect)
                for item in found.changes
            ],
        )

    def of(self, labels: Sequence[Mapping[str, str]]) -> list[SilenceWire]:
        """The active silences that mute any of these alerts."""
        now, signals = self.now(), self._signals()
        active = self.catalog.silences.ending_after(now)
        muting = {name for each in labels for name in silenced_by(active, each, now)}
        return [_wire(each, signals, now) for each in active if each.id in muting]

    def _signals(self) -> Sequence[Signal]:
        return self.catalog.groups.standing()[0]

    def _held(self, identity: str) -> Silence | None:
        try:
            return self.catalog.silences.get(identity)
        except NotFound:
            return None


def _read(matchers: Sequence[str]) -> tuple[Matcher, ...]:
    found = tuple(parse_matcher(text) for text in matchers if text.strip())
    if not found:
        raise InvalidInput("a silence must have at least one matcher, got none")
    if all(fits((each,), {}) for each in found):
        raise InvalidInput(
            "a silence must not mute everything: at least one matcher must ask for a label, such "
            'as model="flights"'
        )
    return found


def _wire(silence: Silence, signals: Sequence[Signal], now: datetime) -> SilenceWire:
    state = silence.state(now)
    muted = [each for each in signals if fits(silence.matchers, each.labels)]
    return SilenceWire(
        id=silence.id,
        matchers=[str(each) for each in silence.matchers],
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        owner=silence.created_by,
        comment=silence.comment,
        state=state,
        updated_at=silence.updated_at,
        muted=0 if state is SilenceState.EXPIRED else len(muted),
        definition=form_of_silence(silence),
    )
