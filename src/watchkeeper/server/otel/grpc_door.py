"""OTLP over gRPC, for senders that speak nothing else. Imports the extra's library: import it late.

It listens beside the API, without TLS: on an address that others reach, put a proxy before it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass

import grpc

from watchkeeper.domain.key import Scope
from watchkeeper.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
    WatchkeeperError,
)
from watchkeeper.interop.otel.messages import METHODS
from watchkeeper.interop.otel.receive.decode import PROTOBUF, encode_answer
from watchkeeper.interop.otel.target import Signal
from watchkeeper.sdk.trace import current_trace, traceparent_of
from watchkeeper.server.hub import Hub

__all__ = ["GrpcDoor", "open_grpc_door"]

_THREADS = 8
_BEARER = "bearer "
_CODES: tuple[tuple[type[WatchkeeperError], grpc.StatusCode], ...] = (
    (Unauthorized, grpc.StatusCode.UNAUTHENTICATED),
    (Forbidden, grpc.StatusCode.PERMISSION_DENIED),
    (TooLarge, grpc.StatusCode.INVALID_ARGUMENT),
    (InvalidInput, grpc.StatusCode.INVALID_ARGUMENT),
    (NotFound, grpc.StatusCode.NOT_FOUND),
    # Of "exhausted" senders repeat only what says when; these are to be repeated.
    (RateLimited, grpc.StatusCode.UNAVAILABLE),
    (Unavailable, grpc.StatusCode.UNAVAILABLE),
)


@dataclass(frozen=True, slots=True)
class GrpcDoor:
    """A server that listens; ``port`` is where."""

    server: grpc.Server
    port: int

    def stop(self, seconds: float) -> None:
        """Take nothing more, and end what has begun."""
        self.server.stop(seconds).wait(seconds)


def open_grpc_door(hub: Hub, host: str, port: int) -> GrpcDoor:
    """Listen; InvalidInput where the address cannot be had."""
    most = hub.intake.limits.batch_bytes
    server = grpc.server(
        futures.ThreadPoolExecutor(_THREADS, thread_name_prefix="otlp-grpc"),
        options=[("grpc.max_receive_message_length", most), ("grpc.so_reuseport", 0)],
        maximum_concurrent_rpcs=4 * _THREADS,
    )
    server.add_generic_rpc_handlers([_Services(hub)])
    shown = f"[{host}]" if ":" in host else host
    try:
        bound = server.add_insecure_port(f"{shown}:{port}")
    except RuntimeError as error:
        raise InvalidInput(
            f"OTLP over gRPC cannot listen on {shown}:{port}: {error}; choose another with "
            "WATCHKEEPER_OTLP_GRPC_PORT"
        ) from error
    server.start()
    return GrpcDoor(server, bound)


class _Services(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc ships no types
    """The three services of OTLP."""

    def __init__(self, hub: Hub) -> None:
        self._handlers = {
            method: grpc.unary_unary_rpc_method_handler(_export(hub, signal))
            for signal, method in METHODS.items()
        }

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler | None:
        """The handler of a method; None where there is none."""
        return self._handlers.get(handler_call_details.method)


def _export(hub: Hub, signal: Signal) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    def export(content: bytes, context: grpc.ServicerContext) -> bytes:
        told = {key.lower(): value for key, value in context.invocation_metadata()}
        current_trace.set(traceparent_of(told.get("traceparent")))
        try:
            return _taken(hub, signal, content, told.get("authorization", ""))
        except WatchkeeperError as error:
            code = next(
                (c for kind, c in _CODES if isinstance(error, kind)), grpc.StatusCode.INTERNAL
            )
            context.abort(code, str(error))
            raise

    return export


def _taken(hub: Hub, signal: Signal, content: bytes, authorization: str) -> bytes:
    if not authorization.lower().startswith(_BEARER):
        raise Unauthorized("a key is needed: as `authorization: Bearer <key>`")
    caller = hub.gate.by_secret(authorization[len(_BEARER) :].strip())
    caller.require(Scope.INGEST)
    hub.intake.require_room(caller)
    with hub.intake.room.share() as share:
        share.grow(len(content))
        taken = hub.otlp.take(signal, content, PROTOBUF)
    hub.intake.flow.spend(caller.key, rows=taken.received, size=len(content))
    return encode_answer(signal, PROTOBUF, rejected=taken.rejected, message=taken.message)
