"""What clients counted themselves, added to what a look counted from rows."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from watchkeeper.catalog.sent_profiles import SentPart
from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import Binning, WindowProfile
from watchkeeper.profiles.identity import with_identity
from watchkeeper.profiles.packing import Known, known_binnings, unpack
from watchkeeper.server.adding import summed, without_crowds

__all__ = ["readable", "with_sent"]

_log = logging.getLogger(__name__)


def with_sent(
    profiles: Sequence[WindowProfile],
    sent: Sequence[SentPart],
    model: Model,
    binnings: Mapping[str, Binning],
    *,
    first: bool,
) -> Sequence[WindowProfile]:
    """The profiles of a window's rows, all rows first, with the parts that clients sent.

    Parts that were counted by other binnings cannot be added, and are left out. ``first``: it is
    the first window of the model, of which no part tells where in it the rows began.
    """
    parts = list(readable(sent, known_binnings(model, binnings)))
    if not parts:
        return profiles
    own = [profiles] if profiles[0].rows else []
    total = summed([*own, *(unpacked for _, unpacked in parts)])
    whole = total.whole and all(part.whole for part, _ in parts)
    found = total.profiles if whole else without_crowds(total.profiles)
    return [with_identity(replace(p, complete=p.complete and not first)) for p in found]


def readable(
    sent: Sequence[SentPart], known: Known
) -> Iterator[tuple[SentPart, list[WindowProfile]]]:
    """Each part with its profiles; without those that were counted by other binnings."""
    for part in sent:
        try:
            yield part, unpack(part.body, known)
        except KeyError:
            _log.warning(
                "profiles of a client are left out, another reference counted them window=%s rows=%d",
                part.window,
                part.rows,
            )
