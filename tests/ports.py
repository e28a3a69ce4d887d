"""Ports for programs that have to be told one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

__all__ = ["held_port", "held_ports"]


@contextmanager
def held_ports(number: int) -> Iterator[list[int]]:
    """Ports of 127.0.0.1 that nobody else is given meanwhile, not even between a program's ends.

    Each is bound here and not listened on: the system gives it to none who asks for any, and a
    program that is told it may listen there all the same, because servers allow addresses to be
    used again.
    """
    with ExitStack() as held:
        ports = []
        for _ in range(number):
            bound = held.enter_context(socket.socket())
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(("127.0.0.1", 0))
            ports.append(bound.getsockname()[1])
        yield ports


@contextmanager
def held_port() -> Iterator[int]:
    """One of them."""
    with held_ports(1) as (port,):
        yield port
