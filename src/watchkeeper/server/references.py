"""References: the profiles that a model's windows are judged against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from watchkeeper.catalog.baselines import Baselines, StoredBaseline
from watchkeeper.domain.model import Model, Role
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.errors import InvalidInput
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.profile_rows import ProfilePart
from watchkeeper.monitors.slices import TOTAL, SliceKey
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.binning_text import binnings_to_text
from watchkeeper.profiles.codec import decode, encode
from watchkeeper.profiles.readers import open_table
from watchkeeper.reports.tables import BLOCKS, profile_blocks, profile_windows
from watchkeeper.server.models import Defined
from watchkeeper.server.schema import with_stored_schema

__all__ = ["Reference", "References", "total_of"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A stored baseline with its profiles, every slice, oldest window first."""

    baseline: StoredBaseline
    profiles: tuple[WindowProfile, ...]


class References:
    """Stores references and reads them back; ``told`` hears of each that is stored."""

    def __init__(
        self,
        baselines: Baselines,
        lake: Lake,
        *,
        now: Callable[[], datetime],
        told: Callable[[StoredBaseline], None] = lambda _: None,
    ) -> None:
        self._baselines = baselines
        self._lake = lake
        self._now = now
        self._told = told

    def store(self, defined: Defined, source: object, *, by: str) -> StoredBaseline:
        """Profile a reference (anything `open_table` reads) and make it the current one.

        Windows where it has the model's time column, else random blocks. InvalidInput where it
        has no rows or none of the model's columns.
        """
        model = defined.model
        table = open_table(source)
        shared = {column.name for column in model.columns} & set(table.columns)
        if not shared:
            raise InvalidInput(
                f"the reference must share columns with model {model.name!r}, "
                f"got {list(table.columns)[:10]}: rename them, or correct the definition"
            )
        binnings = fit_binnings(table, model)
        time = model.only(Role.TIME)
        if time is not None and time.name in shared:
            found = profile_windows(table, model, binnings, breakdown=True)
        else:
            found = profile_blocks(table, model, binnings, blocks=BLOCKS, breakdown=True)
        whole = found.whole
        rows = sum(profile.rows for profile in whole)
        if not rows:
            raise InvalidInput("the reference must hold rows, got none that has a time and columns")
        profiles = [with_stored_schema(part, model, present=shared) for part in found.profiles]
        windows = sorted(profile.window for profile in whole if profile.window is not None)
        return self._keep(
            StoredBaseline(
                model=model.name,
                model_revision=defined.revision,
                rows=rows,
                windows=len(whole),
                timed=found.timed,
                binnings=binnings_to_text(binnings),
                created_at=self._now(),
                created_by=by,
                start=windows[0].start if windows else None,
                end=windows[-1].end if windows else None,
            ),
            profiles,
        )

    def replace(
        self, baseline: StoredBaseline, profiles: Sequence[WindowProfile], *, by: str
    ) -> StoredBaseline:
        """Keep changed profiles as a new revision of a baseline: an accepted change."""
        whole = [profile for profile in profiles if _key(profile) == TOTAL]
        windows = sorted(profile.window for profile in whole if profile.window is not None)
        return self._keep(
            replace(
                baseline,
                revision=0,
                rows=sum(profile.rows for profile in whole),
                windows=len(whole),
                timed=bool(windows),
                created_at=self._now(),
                created_by=by,
                start=windows[0].start if windows else None,
                end=windows[-1].end if windows else None,
            ),
            profiles,
        )

    def current(self, model: Model) -> Reference | None:
        """The model's reference; None where none was given yet."""
        baseline = self._baselines.current(model.name)
        return None if baseline is None else self.read(baseline)

    def read(self, baseline: StoredBaseline) -> Reference:
        """A stored reference with its profiles."""
        rows = self._lake.reference_profiles(baseline.model, baseline.reference)
        return Reference(baseline, tuple(decode(rows)))

    def _keep(self, baseline: StoredBaseline, profiles: Sequence[WindowProfile]) -> StoredBaseline:
        # Profiles first: a crash between the two leaves profiles that nothing names.
        planned = replace(baseline, revision=self._baselines.next_revision(baseline.model))
        part = ProfilePart(None, planned.created_at, planned.revision, encode(profiles))
        self._lake.append_profiles(baseline.model, [part], reference=planned.reference)
        stored = self._baselines.add(planned)
        self._told(stored)
        return stored


def total_of(profiles: Sequence[WindowProfile]) -> list[WindowProfile]:
    """The profiles of all rows, without slices."""
    return [profile for profile in profiles if _key(profile) == TOTAL]


def _key(profile: WindowProfile) -> SliceKey:
    return SliceKey(profile.version, profile.arm, profile.segment)
