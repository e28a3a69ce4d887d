"""The door for profiles: what clients counted themselves is checked, made durable, and added to its
windows, so that no row has to leave where it came from.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
from pydantic import ValidationError

from watchkeeper.catalog.accounting import BatchAccount
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.inbox import BatchKey
from watchkeeper.catalog.sent_profiles import SentBatch, SentPart
from watchkeeper.definitions.document import model_to_dict
from watchkeeper.domain.profile import NumericProfile, WindowProfile
from watchkeeper.domain.sending import Sending
from watchkeeper.domain.window import Window
from watchkeeper.errors import Conflict, InvalidInput
from watchkeeper.profiles.binning_text import binnings_to_text
from watchkeeper.profiles.packing import pack, unpack
from watchkeeper.server.access import Principal
from watchkeeper.server.adding import summed, without_crowds
from watchkeeper.server.basis import Bases, Basis
from watchkeeper.server.clocks import Clocks
from watchkeeper.server.metrics import Telemetry
from watchkeeper.server.models import Models
from watchkeeper.server.wire.ingest import Acknowledged
from watchkeeper.server.wire.profiles import BasisOut, ProfilesIn, SentWindow

__all__ = ["ProfilesDoor"]

_KIND = "profiles"
_FUTURE = timedelta(days=1)
_MOST_PARTS = 16  # of a window, before they are added up


@dataclass(frozen=True, slots=True)
class ProfilesDoor:
    """Takes in profiles."""

    models: Models
    catalog: Catalog
    bases: Bases
    clocks: Clocks
    telemetry: Telemetry
    now: Callable[[], datetime]

    def basis(self, model: str) -> BasisOut:
        """What a client counts by; NotFound where there is no such model."""
        basis = self.bases.of(self.models.get(model))
        return BasisOut(
            basis=basis.name,
            definition=model_to_dict(basis.model),
            binnings=binnings_to_text(basis.binnings),
        )

    def take(
        self,
        model: str,
        content: bytes,
        *,
        batch: str | None,
        caller: Principal,
        sending: Sending | None,
    ) -> Acknowledged:
        """Make a batch durable and say so; a batch that is sent again is taken once.

        Raises
        ------
        Conflict
            It was counted by a definition or reference that is not in force any more: fetch the
            basis, and count anew.
        InvalidInput
            It is no such document, or its profiles contradict themselves or the definition.
        """
        basis = self.bases.of(self.models.get(model))
        sent = _document(content)
        if sent.basis != basis.name:
            raise Conflict(
                f"profiles must be counted by basis {basis.name!r}, got {sent.basis!r}: "
                "fetch the basis, and count anew"
            )
        now = self.now()
        parts = tuple(_part(window, basis, now) for window in sent.windows)
        named = BatchKey(model, _KIND, caller.key.id, batch or uuid.uuid4().hex)
        self.clocks.driven_by_data(model, data=False, by=caller.name)
        stored = SentBatch(named, now, parts, _account(parts, now, sending))
        taken = self.catalog.sent.put(stored)
        if taken:
            self.telemetry.received(
                model, _KIND, accepted=stored.rows, rejected=stored.rejected, duplicate=0
            )
            for part in parts:
                self._add_up(basis, part.window)
        return Acknowledged(
            batch=named.batch,
            received=stored.rows + stored.rejected,
            accepted=stored.rows,
            rejected=stored.rejected,
            duplicate=0,
            rejections=[],
            repeated=not taken,
        )

    def _add_up(self, basis: Basis, window: Window) -> None:
        """Where many parts of a window wait, put their sum in their place.

        Only of those that the first look sees: what comes later is seen hour by hour.
        """
        sent, model = self.catalog.sent, basis.model.name
        parts = [
            part
            for part in sent.of(model, window)
            if part.known_at is not None and part.known_at <= window.due
        ]
        if len(parts) < _MOST_PARTS:
            return
        try:
            total = summed([unpack(part.body, basis.known) for part in parts])
        except KeyError:  # some were counted by another reference: they stay as they are
            return
        whole = total.whole and all(part.whole for part in parts)
        profiles = total.profiles if whole else without_crowds(total.profiles)
        rows = sum(part.rows for part in parts)
        sent.merge(model, parts, SentPart(window, rows, 0, whole, pack(profiles, basis.known)))


def _document(content: bytes) -> ProfilesIn:
    try:
        return ProfilesIn.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise InvalidInput(f"profiles must be as the API says: {where}: {first['msg']}") from None


def _part(sent: SentWindow, basis: Basis, now: datetime) -> SentPart:
    window = _window(sent, basis, now)
    try:
        body = base64.b64decode(sent.profiles, validate=True)
        profiles = unpack(body, basis.known) if sent.rows else []
    except (binascii.Error, pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise InvalidInput(f"profiles of {window} cannot be read: {error!r}") from None
    if sent.rows:
        _check(profiles, sent.rows, window, basis)
    missing = [name for name in sent.missing if any(c.name == name for c in basis.model.columns)]
    return SentPart(window, sent.rows, sent.rejected, sent.whole, body, tuple(missing))


def _window(sent: SentWindow, basis: Basis, now: datetime) -> Window:
    if sent.start.tzinfo is None or sent.end.tzinfo is None:
        raise InvalidInput(f"a window must carry time zones, got {sent.start} to {sent.end}")
    window = basis.model.granularity.window_of(sent.start)
    if (window.start, window.end) != (sent.start, sent.end):
        raise InvalidInput(
            f"a window must be one of the model's, got {sent.start} to {sent.end}, "
            f"nearest is {window}"
        )
    if window.start > now + _FUTURE:
        raise InvalidInput(f"a window must not lie in the future, got {window}")
    return window


def _check(profiles: Sequence[WindowProfile], rows: int, window: Window, basis: Basis) -> None:
    """Refuse what no rows of the model can have given."""
    columns = {column.name for column in basis.model.columns}
    whole = [part for part in profiles if (part.version, part.arm, part.segment) == (None,) * 3]
    if len(whole) != 1 or whole[0].rows != rows:
        raise InvalidInput(
            f"profiles of {window} must hold one of all {rows} rows, "
            f"got {[part.rows for part in whole]}"
        )
    for part in profiles:
        wrong = sorted(set(part.columns) - columns)
        if part.model != basis.model.name or part.window != window or wrong:
            raise InvalidInput(
                f"profiles of {window} must be of model {basis.model.name!r} and its columns, "
                f"got {part.model!r}, {part.window}, {wrong}"
            )
        for name, held in part.columns.items():
            if held.n != part.rows or (isinstance(held, NumericProfile) and not _adds_up(held)):
                raise InvalidInput(
                    f"column {name!r} in the profile of {window} must count each of its "
                    f"{part.rows} rows once"
                )


def _adds_up(held: NumericProfile) -> bool:
    parts = (held.null, held.nan, held.pos_inf, held.neg_inf, held.invalid)
    counted = sum(parts) + int(held.counts.sum())
    return counted == held.n and min(parts) >= 0 and bool((held.counts >= 0).all())


def _account(parts: Sequence[SentPart], now: datetime, sending: Sending | None) -> BatchAccount:
    rows, rejected = sum(part.rows for part in parts), sum(part.rejected for part in parts)
    return BatchAccount(
        _KIND,
        now,
        now,
        received=rows + rejected,
        accepted=rows,
        rejected=rejected,
        since=min((part.window.start for part in parts), default=None),
        until=max((part.window.start for part in parts), default=None),
        sending=sending,
    )
