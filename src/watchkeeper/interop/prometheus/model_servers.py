"""What model servers call their figures: one preset a server, and expressions of one's own.

Counts are increases over the window, by which a counter that began anew is not counted backwards.
``{of}`` stands for the matchers of the model, ``{window}`` for the length of the window. What a
server does not tell is None. Histograms are asked for as buckets by ``le``.

Sources: the documentation of each server. Triton tells sums of microseconds and no histogram, so
only its mean is known; MLServer's and BentoML's latencies are those of their HTTP doors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from watchkeeper.domain.source import Source
from watchkeeper.errors import InvalidDefinition
from watchkeeper.interop.prometheus.rule import quoted

__all__ = ["PRESETS", "Expressions", "expressions_of", "over"]


@dataclass(frozen=True, slots=True)
class Expressions:
    """What is asked of a window, as PromQL.

    ``answered`` counts the requests, with ``failed`` among them unless ``apart``. ``buckets`` gives
    a histogram by ``le``, or ``mean`` the mean, both in units of ``unit_ms`` milliseconds.
    ``present`` gives a value at each moment at which the server was watched.
    """

    answered: str
    failed: str | None = None
    buckets: str | None = None
    mean: str | None = None
    unit_ms: float = 1e3
    present: str | None = None
    apart: bool = False
    label: str = "model_name"


# Python's client adds _total to a counter's name, which documentation leaves out.
PRESETS: Mapping[str, Expressions] = {
    "triton": Expressions(
        answered="sum(increase(nv_inference_request_success{OF}[WINDOW]))",
        failed="sum(increase(nv_inference_request_failure{OF}[WINDOW]))",
        apart=True,
        mean=(
            "sum(increase(nv_inference_request_duration_us{OF}[WINDOW])) / "
            "sum(increase(nv_inference_request_success{OF}[WINDOW]))"
        ),
        unit_ms=1e-3,
        present="nv_inference_request_success{OF}",
        label="model",
    ),
    "kserve": Expressions(
        answered="sum(increase(request_predict_seconds_count{OF}[WINDOW]))",
        buckets="sum by (le) (increase(request_predict_seconds_bucket{OF}[WINDOW]))",
        present="request_predict_seconds_count{OF}",
    ),
    "mlserver": Expressions(
        answered='sum(increase({__name__=~"model_infer_request_success(_total)?",OF}[WINDOW]))',
        failed='sum(increase({__name__=~"model_infer_request_failure(_total)?",OF}[WINDOW]))',
        apart=True,
        buckets="sum by (le) (increase(rest_server_requests_duration_seconds_bucket{MATCH}[WINDOW]))",
        present='{__name__=~"model_infer_request_success(_total)?",OF}',
    ),
    "bentoml": Expressions(
        answered="sum(increase(bentoml_service_request_total{OF}[WINDOW]))",
        failed='sum(increase(bentoml_service_request_total{OF,http_response_code=~"5.."}[WINDOW]))',
        buckets="sum by (le) (increase(bentoml_service_request_duration_seconds_bucket{OF}[WINDOW]))",
        present="bentoml_service_request_total{OF}",
        label="service_name",
    ),
    "vllm": Expressions(
        answered="sum(increase(vllm:request_success_total{OF}[WINDOW]))",
        buckets="sum by (le) (increase(vllm:e2e_request_latency_seconds_bucket{OF}[WINDOW]))",
        present="vllm:request_success_total{OF}",
    ),
}
_UNITS = {"s": 1e3, "ms": 1.0, "us": 1e-3}
_OWN = ("requests", "errors", "latency", "latency_mean", "present")


def expressions_of(source: Source) -> Expressions:
    """What is asked for a source: its server's preset, with its own expressions in their place.

    Raises
    ------
    InvalidDefinition
        It names neither a server nor an expression for requests.
    """
    server = source.text("server")
    own = {name: source.text(name) for name in _OWN if source.text(name)}
    if not server and "requests" not in own:
        raise InvalidDefinition(
            f"source {source.name!r} needs a server ({', '.join(PRESETS)}) or an expression "
            "`requests` that counts the requests of $window"
        )
    found = PRESETS[server] if server else Expressions("")
    if "requests" in own:
        found = replace(found, answered=own["requests"], apart=False, failed=None, present=None)
    if "errors" in own:
        found = replace(found, failed=own["errors"], apart=False)
    if "latency" in own:
        found = replace(found, buckets=own["latency"], mean=None)
    if "latency_mean" in own:
        found = replace(found, mean=own["latency_mean"], buckets=own.get("latency"))
    if "present" in own:
        found = replace(found, present=own["present"])
    if source.text("latency_unit"):
        found = replace(found, unit_ms=_UNITS[source.text("latency_unit")])
    return _with_matchers(found, source)


def over(expression: str, seconds: int) -> str:
    """The expression over a window of so many seconds."""
    return expression.replace("[WINDOW]", f"[{seconds}s]").replace("$window", f"{seconds}s")


def _with_matchers(found: Expressions, source: Source) -> Expressions:
    match = source.text("match")
    named = f"{found.label}={quoted(source.text('served_as') or source.model)}"
    of = f"{named},{match}" if match else named

    def filled(text: str | None) -> str | None:
        if text is None:
            return None
        text = text.replace("{OF", "{" + of).replace(",OF}", f",{of}}}")
        return text.replace("{MATCH}", "{" + match + "}")

    return replace(
        found,
        answered=filled(found.answered) or "",
        failed=filled(found.failed),
        buckets=filled(found.buckets),
        mean=filled(found.mean),
        present=filled(found.present),
    )
