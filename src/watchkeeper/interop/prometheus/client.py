"""Asking a Prometheus: one expression at one moment, by POST."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from watchkeeper.alerts.transport.http import Post, Reach, check_url, post
from watchkeeper.domain.route import Secret
from watchkeeper.domain.source import Source
from watchkeeper.errors import InvalidInput, Unavailable

__all__ = ["Asked", "Prometheus", "Sample", "asked_of"]

_SERVER_FAILED = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an answer: its labels, and its value then."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a Prometheus (or what speaks as one) is, and as whom it is asked."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    ca_file: str | None = None
    timeout_seconds: float = 30.0


def asked_of(source: Source, read: Callable[[Secret], str]) -> Asked:
    """Where a source's Prometheus is; ``read`` gives the secret that a reference means.

    InvalidInput where its URL is none, or holds a password.
    """

    def secret(name: str) -> str:
        value = source.options.get(name, "")
        return read(value) if isinstance(value, Secret) else str(value)

    check_url(source.text("url"), what=f"source {source.name}")
    return Asked(
        source.text("url"),
        username=secret("username"),
        password=secret("password"),
        token=secret("token"),
        ca_file=source.text("ca_file") or None,
    )


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server that answers PromQL."""

    asked: Asked

    def query(self, expression: str, at: datetime) -> list[Sample]:
        """The series that an expression gives at a moment; those without a finite value are left out
        (a quantile of no requests is NaN: no figure, not a figure of 0).

        Raises
        ------
        InvalidInput
            It does not understand the expression, or who asks; the message has its own words.
        Unavailable
            It does not answer, or cannot at present.
        """
        form = {"query": expression, "time": f"{at.timestamp():.3f}"}
        url = self.asked.url.rstrip("/") + "/api/v1/query"
        headers = {"Content-Type": "application/x-www-form-urlencoded", **self._shown()}
        answer = post(
            Post(url, urlencode(form).encode(), headers),
            Reach(
                allow_private=True,
                ca_file=self.asked.ca_file,
                timeout_seconds=self.asked.timeout_seconds,
            ),
        )
        if answer.status >= _SERVER_FAILED:
            raise Unavailable(f"Prometheus answers {answer.said()}")
        return _samples(answer.status, answer.text, expression)

    def _shown(self) -> dict[str, str]:
        if self.asked.token:
            return {"Authorization": f"Bearer {self.asked.token}"}
        if self.asked.username:
            both = f"{self.asked.username}:{self.asked.password}".encode()
            return {"Authorization": f"Basic {base64.b64encode(both).decode()}"}
        return {}


def _samples(status: int, text: str, expression: str) -> list[Sample]:
    try:
        document = json.loads(text)
        refused = None if document["status"] == "success" else str(document["error"])
        data = document.get("data") or {"result": [], "resultType": "vector"}
        scalar = data["resultType"] == "scalar"
        held = [{"metric": {}, "value": data["result"]}] if scalar else data["result"]
        found = [Sample(dict(each["metric"]), float(each["value"][1])) for each in held]
    except (ValueError, KeyError, TypeError, IndexError):
        short = " ".join(text.split())[:200]
        raise InvalidInput(
            f"Prometheus must answer as its API says, got {status} {short!r}: check the url, and "
            "that the expression gives an instant vector"
        ) from None
    if refused is not None:
        raise InvalidInput(f"Prometheus must understand {expression!r}, and says: {refused}")
    return [sample for sample in found if math.isfinite(sample.value)]
