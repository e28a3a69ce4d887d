"""Which predictions are logged where only a share of them is: decided by the id alone."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from watchkeeper.errors import InvalidInput

__all__ = ["Sampling"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """Keeps an id with probability ``share``, always the same ids: so that the label of a
    prediction that was kept is kept too, in whatever process it arrives.
    """

    share: float

    def __post_init__(self) -> None:
        number = isinstance(self.share, int | float) and not isinstance(self.share, bool)
        if not number or not 0.0 < self.share <= 1.0:
            raise InvalidInput(f"sample must be above 0 and at most 1, got {self.share!r}")

    def keeps(self, identity: str) -> bool:
        """Whether the prediction of that id is logged."""
        digest = blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest) < self.share * 2.0**64
