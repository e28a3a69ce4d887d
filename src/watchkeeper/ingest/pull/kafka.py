"""Messages of Kafka topics, as one member of a consumer group.

The group's offset of a partition is committed when everything before it is in the lake. When a
partition goes to another member, what is in the lake is committed first; the rest is sent to the
other member again, and known there by its offset. A partition begins where its offset says, or
further on, where we know that more was taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from watchkeeper.catalog.source_ledger import SourceLedger
from watchkeeper.domain.source import Source
from watchkeeper.errors import NotInstalled, Unavailable
from watchkeeper.ingest.pull.topic import Message

if TYPE_CHECKING:
    import confluent_kafka as kafka

__all__ = ["KafkaTopic"]

_log = logging.getLogger(__name__)
_ANSWER_SECONDS = 10.0
_HELD_SECONDS = 0.05


class KafkaTopic:
    """One member of a consumer group.

    ``secret`` reads references, ``ledger`` knows what was taken. Raises NotInstalled without
    confluent-kafka, Unavailable where the brokers say so.
    """

    def __init__(
        self,
        source: Source,
        secret: Callable[[object], str | None],
        ledger: SourceLedger,
    ) -> None:
        try:
            import confluent_kafka as kafka
        except ImportError:
            raise NotInstalled(
                "a source of type kafka needs confluent-kafka: pip install 'watchkeeper[kafka]'"
            ) from None
        self._kafka = kafka
        self._source = source
        self._ledger = ledger
        self._owed: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._early: list[Message] = []
        self._paused = False
        self._fault: str | None = None
        self._consumer = kafka.Consumer(self._settings(secret))
        self._consumer.subscribe(
            list(source.texts("topics")),
            on_assign=self._assigned,
            on_revoke=self._revoked,
            on_lost=self._lost,
        )

    def fetch(self, most: int, seconds: float) -> Sequence[Message]:
        """Up to ``most`` messages, waiting up to ``seconds`` for them."""
        self._go_on()
        found = [_message(each) for each in self._poll(most, seconds)]
        early, self._early = self._early, []
        return [*early, *found]

    def confirm(self, messages: Sequence[Message]) -> None:
        """Commit the offsets behind messages that are in the lake."""
        for message in messages:
            end = self._owed.get(message.part, -1)
            self._owed[message.part] = max(end, message.number)
        self._commit()

    def keep(self, messages: Iterable[Message]) -> None:  # noqa: ARG002  other brokers must know
        """The brokers wait for offsets as long as we are a member of the group; what could not be
        committed is tried again.
        """
        self._commit()

    def hold(self) -> None:
        """Stay a member of the group, and fetch no more; what comes all the same is kept."""
        self._consumer.pause(self._consumer.assignment())
        self._paused = True
        self._early += map(_message, self._poll(1, _HELD_SECONDS))

    def lag(self) -> int | None:
        """How many messages are there that were not fetched, as the brokers said last."""
        total, mine = 0, self._consumer.assignment()
        try:
            for each in self._consumer.position(mine):
                _, high = self._consumer.get_watermark_offsets(each, cached=True)
                if high >= 0 and each.offset >= 0:
                    total += max(0, high - each.offset)
        except self._kafka.KafkaException:
            return None
        return total if mine else None

    def floors(self) -> Mapping[str, int]:
        """Up to where offsets were committed."""
        return dict(self._done)

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _settings(self, secret: Callable[[object], str | None]) -> dict[str, object]:
        source, options = self._source, self._source.options
        given = options.get("settings")
        further = dict(given) if isinstance(given, Mapping) else {}
        user, password = secret(options.get("username")), secret(options.get("password"))
        signed = {"sasl.mechanism": "SCRAM-SHA-512"} if user is not None else {}
        found = {
            "partition.assignment.strategy": "cooperative-sticky",
            "security.protocol": "SASL_SSL" if user is not None else None,
            **signed,
            "sasl.username": user,
            "sasl.password": password,
            "ssl.ca.location": source.text("ca_file") or None,
            **{
                name: value if isinstance(value, int | float) else secret(value)
                for name, value in further.items()
            },
            "bootstrap.servers": ",".join(source.texts("servers")),
            "group.id": source.text("group") or f"watchkeeper-{source.name}",
            "enable.auto.commit": False,
            "auto.offset.reset": "latest" if source.text("start") == "newest" else "earliest",
            "isolation.level": "read_committed",
            "client.id": "watchkeeper",
            "error_cb": self._told,
            "logger": _log,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _told(self, error: kafka.KafkaError) -> None:
        """What the library says by itself: it tries again, so it is only shown."""
        if error.code() == self._kafka.KafkaError._ALL_BROKERS_DOWN or error.fatal():  # noqa: SLF001
            self._fault = error.str()

    def _poll(self, most: int, seconds: float) -> list[kafka.Message]:
        try:
            found = self._consumer.consume(most, timeout=seconds)
        except self._kafka.KafkaException as error:
            raise Unavailable(f"the brokers of {self._source.name!r} refuse: {error}") from error
        good = []
        for message in found:
            fault = message.error()
            if fault is None:
                good.append(message)
            elif not fault.retriable() and fault.code() != self._kafka.KafkaError._PARTITION_EOF:  # noqa: SLF001
                self._fault = fault.str()
        if good:
            self._fault = None
        elif self._fault is not None:
            told, self._fault = self._fault, None
            raise Unavailable(f"the brokers of {self._source.name!r} do not answer: {told}")
        return good

    def _go_on(self) -> None:
        if self._paused:
            self._consumer.resume(self._consumer.assignment())
            self._paused = False

    def _assigned(self, consumer: kafka.Consumer, parts: list[kafka.TopicPartition]) -> None:
        """Begin each partition behind what is known to be taken, else where its offset says."""
        try:
            committed = consumer.committed(parts, timeout=_ANSWER_SECONDS)
            for each, held in zip(parts, committed, strict=True):
                each.offset = self._begin(consumer, each, held.offset)
        except self._kafka.KafkaException as error:
            self._fault = f"the offsets of the group cannot be read: {error}"
        consumer.incremental_assign(parts)

    def _begin(self, consumer: kafka.Consumer, each: kafka.TopicPartition, committed: int) -> int:
        part = _part(each.topic, each.partition)
        known = self._ledger.floor(self._source.name, part) + 1
        if known == 0 or known <= committed:
            return committed
        _, high = consumer.get_watermark_offsets(each, timeout=_ANSWER_SECONDS)
        if high < known:  # what was taken is no longer there: another topic under the old name
            _log.warning("topic begins anew source=%s part=%s", self._source.name, part)
            self._ledger.forget(self._source.name, part)
            return int(self._kafka.OFFSET_BEGINNING)
        # The last that is known stands for all before it: it is confirmed as if it came again.
        self._early.append(Message(part, known - 1, None, b""))
        return known

    def _revoked(self, consumer: kafka.Consumer, parts: list[kafka.TopicPartition]) -> None:
        self._lost(consumer, parts)

    def _lost(self, _: kafka.Consumer, parts: list[kafka.TopicPartition]) -> None:
        for each in parts:
            self._done.pop(_part(each.topic, each.partition), None)

    def _commit(self) -> None:
        """Commit what is owed. A rebalance may refuse it: it is owed until it is done, or the
        partition is another's, who will know what was taken.
        """
        mine = {_part(each.topic, each.partition) for each in self._consumer.assignment()}
        self._owed = {part: end for part, end in self._owed.items() if part in mine}
        if not self._owed:
            return
        offsets = [
            self._kafka.TopicPartition(*_place(part), end + 1) for part, end in self._owed.items()
        ]
        try:
            done = self._consumer.commit(offsets=offsets, asynchronous=False) or ()
        except self._kafka.KafkaException as error:
            _log.info("offsets are committed later source=%s %s", self._source.name, error)
            return
        for each in done:
            if each.error is None:
                part = _part(each.topic, each.partition)
                self._done[part] = self._owed.pop(part)


def _message(each: kafka.Message) -> Message:
    from confluent_kafka import TIMESTAMP_NOT_AVAILABLE

    kind, stamp = each.timestamp()
    known = kind != TIMESTAMP_NOT_AVAILABLE and stamp > 0
    return Message(
        part=_part(str(each.topic()), int(each.partition() or 0)),
        number=int(each.offset() or 0),
        time=datetime.fromtimestamp(stamp / 1000, UTC) if known else None,
        data=_bytes(each.value()),
        key=_bytes(each.key()).decode(errors="replace") if each.key() else None,
        headers=_headers(each.headers()),
    )


def _headers(given: object) -> dict[str, str]:
    found = given.items() if isinstance(given, dict) else given or ()
    pairs: list[tuple[object, object]] = list(found) if isinstance(found, Iterable) else []
    return {str(name).lower(): _bytes(value).decode(errors="replace") for name, value in pairs}


def _part(topic: str, partition: int) -> str:
    return f"{topic}/{partition}"


def _place(part: str) -> tuple[str, int]:
    topic, _, partition = part.rpartition("/")
    return topic, int(partition)


def _bytes(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return value if isinstance(value, bytes) else b""
