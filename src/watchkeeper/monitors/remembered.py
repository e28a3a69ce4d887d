"""Remembering what a costly function of arrays gave, for as long as it is asked for.

What is normal of a column is learnt from weeks of windows, and asked for with every new one: the
windows are the same as the last time, hence so is the answer. It is kept by a digest of the
arguments' contents, so that nothing has to be told when they change.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import ParamSpec, TypeVar

import numpy as np

__all__ = ["remembered"]

_MOST = 1024  # answers of one function: some twenty models of fifty columns

P = ParamSpec("P")
T = TypeVar("T")


def remembered(function: Callable[P, T]) -> Callable[P, T]:
    """The function, computed once for arguments of equal contents.

    It must be pure, its arguments arrays, numbers, texts, None or tuples of them. Arrays that it
    returns are made read-only. The answers asked for least recently are forgotten. Safe among
    threads: at worst two of them compute the same answer.

    Examples
    --------
    >>> asked = []
    >>> total = remembered(lambda x: asked.append(x) or float(x.sum()))
    >>> total(np.arange(3)), total(np.arange(3)), len(asked)
    (3.0, 3.0, 1)
    """
    known: OrderedDict[bytes, T] = OrderedDict()
    lock = threading.Lock()

    @wraps(function)
    def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        key = _digest((*args, *sorted(kwargs.items())))
        with lock:
            if key in known:
                known.move_to_end(key)
                return known[key]
        answer = function(*args, **kwargs)
        if isinstance(answer, np.ndarray):
            answer.flags.writeable = False
        with lock:
            known[key] = answer
            if len(known) > _MOST:
                known.popitem(last=False)
        return answer

    return asked


def _digest(arguments: tuple[object, ...]) -> bytes:
    digest = blake2b(digest_size=16)
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            digest.update(f"{argument.dtype.str}{argument.shape}".encode())
            digest.update(np.ascontiguousarray(argument).tobytes())
        elif isinstance(argument, tuple):
            digest.update(b"(" + _digest(argument))
        else:
            digest.update(f"{type(argument).__name__}:{argument!r};".encode())
    return digest.digest()
