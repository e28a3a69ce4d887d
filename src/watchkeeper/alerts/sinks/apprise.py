"""Everything else, by Apprise: Telegram, Discord, ntfy, Matrix, SMS and about 130 more.

Needs the extra `watchkeeper[apprise]`. Apprise sends text alone: it neither threads nor dedups nor
resolves, and does not tell what the other side answered.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from watchkeeper.alerts.sinks.sink import Delivery, Receipt
from watchkeeper.alerts.sparkline import sparkline
from watchkeeper.alerts.transport.cutting import cut, plain
from watchkeeper.errors import InvalidInput, NotInstalled, Unavailable

__all__ = ["AppriseSink"]

_TITLE, _BODY = 250, 10_000
_TYPES = {"critical": "failure", "warning": "warning", "info": "info"}


@dataclass(frozen=True, slots=True)
class AppriseSink:
    """Sends to `url` in the manner of Apprise, such as `tgram://token/chat`; it is a secret.

    It connects where the url says: addresses are not checked.
    """

    url: str = field(repr=False)

    @property
    def target(self) -> str:
        """Which service."""
        return f"{self.url.partition('://')[0]} (by Apprise)"

    def send(self, delivery: Delivery) -> Receipt:
        """Send; what Apprise cannot read will never pass, anything else may pass later."""
        try:
            import apprise
        except ImportError as error:
            raise NotInstalled(
                "sinks of type apprise need a library: pip install 'watchkeeper[apprise]'"
            ) from error
        service = apprise.Apprise.instantiate(self.url)
        if service is None:
            raise InvalidInput(
                "the url of an apprise sink must be one that Apprise knows: see its documentation"
            )
        message = delivery.message
        body = message.text(sparkline(delivery.chart))
        kind = "success" if message.resolved else _TYPES[str(message.severity)]
        with _listening() as heard:
            taken = service.notify(
                title=cut(plain(message.subject), _TITLE),
                body=cut(body, _BODY),
                notify_type=apprise.NotifyType(kind),
                body_format=apprise.NotifyFormat.TEXT,
            )
        if not taken:
            why = cut(plain("; ".join(heard)), 300) or "it says no more"
            raise Unavailable(f"{self.target} did not take the message: {why}")
        return Receipt("taken; Apprise tells no more")


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What Apprise complains of in this thread meanwhile."""
    heard: list[str] = []
    here = threading.get_ident()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == here:
                heard.append(record.getMessage())

    ear = Ear(logging.WARNING)
    logger = logging.getLogger("apprise")
    logger.addHandler(ear)
    try:
        yield heard
    finally:
        logger.removeHandler(ear)
