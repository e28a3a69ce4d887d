"""What stands around every sink: no secret gets out, and no exception that we do not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlsplit

from watchkeeper.alerts.sinks.sink import Delivery, Receipt, Refreshing, Sink
from watchkeeper.errors import (
    InvalidInput,
    NotInstalled,
    PluginFailed,
    RateLimited,
    Unavailable,
    WatchkeeperError,
)

__all__ = ["Guarded"]

_LEAST_LETTERS = 4  # what is shorter would blacken every sentence
_LONG_SEGMENT = 8


@dataclass(frozen=True, slots=True)
class Guarded:
    """A `Sink` around ``sink``, of the type ``kind``, whose ``secrets`` stay in it."""

    sink: Sink = field(repr=False)
    kind: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def target(self) -> str:
        """Where it sends, without secrets."""
        return self._clean(self.sink.target)

    def send(self, delivery: Delivery) -> Receipt:
        """Deliver, or raise an error of ours."""
        return self._guard(self.sink.send, delivery)

    def refresh(self, delivery: Delivery) -> Receipt:
        """Say how things stand now, where the receiver forgets; else nothing."""
        if not isinstance(self.sink, Refreshing):
            return Receipt("nothing to say again", delivery.earlier)
        return self._guard(self.sink.refresh, delivery)

    def _guard(self, act: Callable[[Delivery], Receipt], delivery: Delivery) -> Receipt:
        try:
            receipt = act(delivery)
        except RateLimited as error:
            wait = error.retry_after_seconds
            raise RateLimited(self._clean(str(error)), retry_after_seconds=wait) from None
        except (Unavailable, InvalidInput, NotInstalled) as error:
            raise _same(error)(self._clean(str(error))) from None
        except WatchkeeperError as error:
            raise Unavailable(self._clean(str(error))) from None
        except Exception as error:  # noqa: BLE001  foreign code runs behind this line
            told = f"the {self.kind} sink failed: {type(error).__name__}: {error}"
            raise PluginFailed(self._clean(told)) from None
        return replace(receipt, answer=self._clean(receipt.answer))

    def _clean(self, text: str) -> str:
        for secret in sorted(_spellings(self.secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def _same(error: WatchkeeperError) -> type[WatchkeeperError]:
    if isinstance(error, Unavailable):
        return Unavailable
    return NotInstalled if isinstance(error, NotInstalled) else InvalidInput


def _spellings(secrets: tuple[str, ...]) -> Iterator[str]:
    """Each secret as it may appear: as it is, quoted, and of a URL the long parts of its path."""
    for secret in secrets:
        parts = urlsplit(secret)
        found = [secret, quote(secret, safe="")]
        if parts.netloc and secret.startswith(("http://", "https://")):
            pieces = f"{parts.path}/{parts.query}".replace("=", "/").replace("&", "/").split("/")
            found += [parts.path, *(piece for piece in pieces if len(piece) >= _LONG_SEGMENT)]
        yield from (text for text in found if len(text) >= _LEAST_LETTERS)
