"""Spans: what was done, how long it took, and what it followed from. `NO_TRACING` makes none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

__all__ = ["NO_TRACING", "Span", "SpanRef", "Tracing"]


@dataclass(frozen=True, slots=True)
class SpanRef:
    """A span of this or of another program: 32 and 16 hexadecimal digits. ``sampled``: whoever made
    it records it.
    """

    trace_id: str
    span_id: str
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        """As W3C Trace Context writes it."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


class Span(Protocol):
    """One step that is being done."""

    @property
    def ref(self) -> SpanRef | None:
        """What others refer to it by; None where it is not recorded."""
        ...

    def tell(self, **figures: object) -> None:
        """Add what was found out meanwhile, as attributes below ``watchkeeper.``."""
        ...


class Tracing(Protocol):
    """Makes spans. Nothing here raises, and nothing waits for a receiver."""

    def span(
        self,
        name: str,
        *,
        about: Mapping[str, object] | None = None,
        parent: SpanRef | None = None,
        links: Sequence[SpanRef] = (),
    ) -> AbstractContextManager[Span]:
        """A span while the block runs, within the span of the caller's block if there is one.

        ``about`` are attributes, ``parent`` is the span of another program that this follows from,
        ``links`` are spans that had a part in it. What the block raises is told, and passes on.
        """
        ...

    @property
    def current(self) -> SpanRef | None:
        """The span of the caller's block; None outside of one."""
        ...

    @property
    def is_on(self) -> bool:
        """Whether spans are recorded: what only they need can be left out otherwise."""
        ...


class _NoSpan:
    ref = None

    def tell(self, **figures: object) -> None:
        """Nobody listens."""


class _NoTracing:
    is_on = False
    current = None
    _span = _NoSpan()

    @contextmanager
    def span(
        self,
        name: str,  # noqa: ARG002  the seam's
        *,
        about: Mapping[str, object] | None = None,  # noqa: ARG002
        parent: SpanRef | None = None,  # noqa: ARG002
        links: Sequence[SpanRef] = (),  # noqa: ARG002
    ) -> Iterator[Span]:
        yield self._span


NO_TRACING: Tracing = _NoTracing()
