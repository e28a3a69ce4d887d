"""What rows are counted by: the definition in force and the binnings of the current reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from watchkeeper.catalog.baselines import Baselines
from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import Binning
from watchkeeper.profiles.binning import binnings_without_reference
from watchkeeper.profiles.binning_text import binnings_from_text
from watchkeeper.profiles.packing import Known, known_binnings
from watchkeeper.server.adding import basis_name
from watchkeeper.server.models import Defined

__all__ = ["Bases", "Basis"]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a model's rows are counted by; ``known`` are the binnings that packed profiles leave out."""

    name: str
    model: Model
    binnings: Mapping[str, Binning]
    known: Known


@dataclass(slots=True)
class Bases:
    """The bases of all models, kept while they stay."""

    baselines: Baselines
    _held: dict[str, Basis] = field(default_factory=dict)

    def of(self, defined: Defined) -> Basis:
        """What the rows of a model are counted by now."""
        name = defined.model.name
        baseline = self.baselines.current(name)
        called = basis_name(defined.revision, None if baseline is None else baseline.revision)
        held = self._held.get(name)
        if held is None or held.name != called:
            binnings = (
                binnings_without_reference(defined.model)
                if baseline is None
                else binnings_from_text(baseline.binnings)
            )
            known = known_binnings(defined.model, binnings)
            held = self._held[name] = Basis(called, defined.model, binnings, known)
        return held
