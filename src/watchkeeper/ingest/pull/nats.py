"""Messages of a JetStream stream, through a durable consumer that is asked for them.

A message is acknowledged when it is in the lake; until then the server is told now and then that
it is being worked on. A stream that was deleted and made again counts from one again, so the
moment at which it was made is part of what its numbers count in.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from watchkeeper.domain.source import Source
from watchkeeper.errors import NotInstalled, Unavailable
from watchkeeper.ingest.pull.topic import Message

if TYPE_CHECKING:
    import nats.aio.client
    import nats.aio.msg
    import nats.js.api

__all__ = ["NatsTopic"]

_T = TypeVar("_T")
_ANSWER_SECONDS = 10.0
_ACK_SECONDS = 20.0
_WORKING_SECONDS = _ACK_SECONDS / 4
_LOOK_SECONDS = 2.0
_MOST_UNCONFIRMED = 20_000


class NatsTopic:
    """One durable consumer of a stream.

    ``secret`` reads references. Raises NotInstalled without nats-py, Unavailable where the server
    or the stream is not there; from any method where the connection is lost.
    """

    def __init__(self, source: Source, secret: Callable[[object], str | None]) -> None:
        try:
            import nats  # noqa: F401
        except ImportError:
            raise NotInstalled(
                "a source of type nats needs nats-py: pip install 'watchkeeper[nats]'"
            ) from None
        self._source = source
        self._loop = asyncio.new_event_loop()
        self._held: dict[tuple[str, int], nats.aio.msg.Msg] = {}
        self._told_at = time.monotonic()
        self._info: tuple[float, nats.js.api.ConsumerInfo] | None = None
        try:
            self._client = self._run(self._connect(secret))
            self._part = self._run(self._subscribe())
        except BaseException:
            self.close()
            raise

    def fetch(self, most: int, seconds: float) -> Sequence[Message]:
        """Up to ``most`` messages, waiting up to ``seconds`` for the first."""
        return self._run(self._fetch(most, seconds))

    def confirm(self, messages: Sequence[Message]) -> None:
        """Acknowledge messages that are in the lake."""
        self._run(self._acknowledge(messages))

    def hold(self) -> None:
        """Nothing is sent that was not asked for."""

    def keep(self, messages: Iterable[Message]) -> None:
        """Say, now and then, that these are being worked on."""
        if time.monotonic() - self._told_at >= _WORKING_SECONDS:
            self._told_at = time.monotonic()
            self._run(self._work_on([(message.part, message.number) for message in messages]))

    def lag(self) -> int | None:
        """How many messages the server has not delivered."""
        return self._consumer().num_pending

    def floors(self) -> Mapping[str, int]:
        """Up to where all is acknowledged."""
        floor = self._consumer().ack_floor
        return {} if floor is None or floor.stream_seq is None else {self._part: floor.stream_seq}

    def close(self) -> None:
        """Close the connection; what was not acknowledged is delivered again."""
        if self._loop.is_closed():
            return
        self._loop.run_until_complete(self._leave())
        self._loop.close()

    def _run(self, work: Coroutine[object, object, _T]) -> _T:
        from nats.errors import Error

        try:
            return self._loop.run_until_complete(asyncio.wait_for(work, 2 * _ANSWER_SECONDS))
        except (Error, OSError, TimeoutError) as error:
            servers = ", ".join(self._source.texts("servers"))
            raise Unavailable(
                f"the stream {self._source.text('stream')!r} of {servers} does not answer: "
                f"{str(error) or type(error).__name__}"
            ) from error

    async def _leave(self) -> None:
        client = getattr(self, "_client", None)
        if client is not None:
            with suppress(Exception):
                await asyncio.wait_for(client.close(), _ANSWER_SECONDS)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _connect(self, secret: Callable[[object], str | None]) -> nats.aio.client.Client:
        import nats

        options = self._source.options
        ca_file = self._source.text("ca_file")

        async def told(_: Exception) -> None:
            """What goes wrong is raised where the connection is used."""

        return await nats.connect(
            servers=list(self._source.texts("servers")),
            name=f"watchkeeper {self._source.name}",
            user=secret(options.get("username")),
            password=secret(options.get("password")),
            token=secret(options.get("token")),
            user_credentials=self._source.text("credentials_file") or None,
            tls=ssl.create_default_context(cafile=ca_file) if ca_file else None,
            connect_timeout=int(_ANSWER_SECONDS / 2),
            max_reconnect_attempts=1,
            reconnect_time_wait=0.2,
            error_cb=told,
        )

    async def _subscribe(self) -> str:
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

        stream = self._source.text("stream")
        durable = self._source.text("durable") or f"watchkeeper-{self._source.name}".replace(
            ".", "-"
        )
        context = self._client.jetstream(timeout=_ANSWER_SECONDS / 2)
        made = await self._made(stream)
        newest = self._source.text("start") == "newest"
        await context.add_consumer(
            stream,
            ConsumerConfig(
                durable_name=durable,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=_ACK_SECONDS,
                max_ack_pending=_MOST_UNCONFIRMED,
                deliver_policy=DeliverPolicy.NEW if newest else DeliverPolicy.ALL,
                filter_subject=self._source.text("subject") or None,
            ),
        )
        self._pull = await context.pull_subscribe_bind(durable=durable, stream=stream)
        return f"{stream}@{made}"

    async def _made(self, stream: str) -> str:
        """When a stream was made, in the server's words: older clients leave it out."""
        subject = f"$JS.API.STREAM.INFO.{stream}"
        answer = await self._client.request(subject, b"", timeout=_ANSWER_SECONDS / 2)
        said = json.loads(answer.data)
        if "error" in said:
            raise ConnectionError(str(said["error"].get("description", "it refuses")))
        return str(said["created"])

    async def _fetch(self, most: int, seconds: float) -> list[Message]:
        if not self._client.is_connected:
            raise ConnectionError("the connection was lost")
        try:
            found = await self._pull.fetch(most, timeout=seconds)
        except TimeoutError:
            return []  # nothing came; a connection that is lost shows in the next fetch
        messages = []
        for each in found:
            about = each.metadata
            message = Message(
                self._part,
                about.sequence.stream,
                about.timestamp,
                each.data,
                headers={name.lower(): value for name, value in (each.headers or {}).items()},
            )
            self._held[message.part, message.number] = each
            messages.append(message)
        return messages

    async def _acknowledge(self, messages: Sequence[Message]) -> None:
        for message in messages:
            held = self._held.pop((message.part, message.number), None)
            if held is not None:
                await held.ack()
        await self._client.flush(int(_ANSWER_SECONDS))

    async def _work_on(self, places: Sequence[tuple[str, int]]) -> None:
        for place in places:
            if place in self._held:
                await self._held[place].in_progress()

    def _consumer(self) -> nats.js.api.ConsumerInfo:
        """What the server says of the consumer, at most a little while ago."""
        now = time.monotonic()
        if self._info is None or now - self._info[0] > _LOOK_SECONDS:
            self._info = (now, self._run(self._pull.consumer_info()))
        return self._info[1]
