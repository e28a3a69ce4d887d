"""How model servers name things in their spans: one table, because the names still change.

Known are the generative conventions of OpenTelemetry, old names and new, vLLM's, OpenInference's,
Triton's, and the paths of the Open Inference Protocol (KServe, MLServer, Seldon) in the HTTP
conventions, old and new. Of the spans of one request one alone is taken: the server's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["ALIASES", "Served", "served_of"]

_MODELS = (
    "watchkeeper.model.name",
    "triton.model_name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "llm.model_name",
    "model_name",
)
_VERSIONS = (
    "watchkeeper.model.version",
    "triton.model_version",
    "model_version",
    "gen_ai.response.model",
)
_IDENTITIES = (
    "watchkeeper.prediction.id",
    "triton.request_id",
    "gen_ai.response.id",
    "gen_ai.request.id",
)
_PATHS = ("url.path", "http.target", "http.route", "url.full", "http.url")
_INFERENCE = re.compile(
    r"/v[12]/models/(?P<model>[^/:{}?]+)(?:/versions/(?P<version>[^/:{}?]+))?(?::predict|/infer)\b"
)
_REQUESTS = frozenset({"llm_request", "InferRequest"})
_OPERATIONS = frozenset({"chat", "text_completion", "generate_content", "embeddings", "completion"})

# Plain words for columns, and what they are called by whom; the first that is there counts.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "input_tokens": (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "llm.token_count.prompt",
    ),
    "output_tokens": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.token_count.completion",
    ),
    "finish_reason": ("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason"),
    "operation": ("gen_ai.operation.name",),
    "provider": ("gen_ai.provider.name", "gen_ai.system"),
    "temperature": ("gen_ai.request.temperature",),
    "seconds_to_first_token": (
        "gen_ai.latency.time_to_first_token",
        "gen_ai.server.time_to_first_token",
    ),
    "seconds_in_queue": ("gen_ai.latency.time_in_queue",),
    "http_status": ("http.response.status_code", "http.status_code"),
    "batch_size": ("triton.batch_size",),
}


@dataclass(frozen=True, slots=True)
class Served:
    """A request that a model server answered: of which model, empty where it does not say; and of
    which version, and under which id.
    """

    model: str
    version: str | None = None
    identity: str | None = None


def served_of(name: str, kind: str, values: Mapping[str, object]) -> Served | None:
    """What a span tells of a model server's answer; None where it is of something else.

    Parameters
    ----------
    name
        The span's.
    kind
        ``server``, ``client``, ``internal``, ``producer``, ``consumer``, or empty.
    values
        Its attributes.
    """
    path = _path(values) if kind == "server" else None
    if path is not None:
        version = path["version"] or _first(values, _VERSIONS)
        return Served(path["model"], version, _first(values, _IDENTITIES))
    model = _first(values, _MODELS) or ""
    known = (
        name in _REQUESTS
        or "triton.model_name" in values
        or str(values.get("gen_ai.operation.name", "")) in _OPERATIONS
        or str(values.get("openinference.span.kind", "")).upper() == "LLM"
        or "watchkeeper.model.name" in values
    )
    if not known:
        return None
    return Served(model, _first(values, _VERSIONS), _first(values, _IDENTITIES))


def _path(values: Mapping[str, object]) -> re.Match[str] | None:
    for name in _PATHS:
        found = _INFERENCE.search(str(values.get(name, "")))
        if found is not None:
            return found
    return None


def _first(values: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = values.get(name)
        if isinstance(value, str | int) and str(value):
            return str(value)
    return None
