"""Every metric family that `/metrics` can hold, on one page: names, labels, meaning, and order.

Names follow Prometheus' rules: one prefix, base units (seconds, bytes, ratios of 0 to 1) as suffix,
counters end in ``_total``, moments are timestamps. What is a model's carries the label ``model``;
neither versions of rows nor clients nor values of columns are ever labels.

A scrape holds at most a stated number of series. Families are filled in the order of this page, and
within one the models by tier and name, so what is left out is always the least of it;
``watchkeeper_metrics_series_left_out`` says how many series of which family that are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["DEFAULT_MOST_SERIES", "FAMILIES", "PREFIX", "Family", "Kind", "Origin"]

PREFIX = "watchkeeper_"
DEFAULT_MOST_SERIES = 20_000


class Kind(StrEnum):
    """The types of a family."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Origin(StrEnum):
    """Where a family's figures come from."""

    PROCESS = "process"  # each process counts its own: labels process and host are added
    RECORDS = "records"  # the same in every process: take `max without (instance)`
    DETAIL = "detail"  # likewise, for as many models as there is room for
    COLUMNS = "columns"  # likewise, only where it is switched on
    SCRAPE = "scrape"  # of the scrape itself


@dataclass(frozen=True, slots=True)
class Family:
    """One family; ``name`` as it is in queries, without the suffixes of a histogram's samples."""

    name: str
    kind: Kind
    origin: Origin
    about: str
    labels: tuple[str, ...] = ()


def _family(
    name: str, about: str, *labels: str, kind: Kind = Kind.GAUGE, origin: Origin = Origin.RECORDS
) -> Family:
    return Family(PREFIX + name, kind, origin, about, labels)


_COUNTER, _HISTOGRAM = Kind.COUNTER, Kind.HISTOGRAM
_PROCESS, _DETAIL, _COLUMNS = Origin.PROCESS, Origin.DETAIL, Origin.COLUMNS
_SCRAPE = Origin.SCRAPE

_ALL = (
    # What a process counts of itself.
    _family("build_info", "1, labelled with what runs.", "version", "python_version", origin=_PROCESS),
    _family("requests_total", "Requests answered, by their route's pattern.", "method", "route", "status", kind=_COUNTER, origin=_PROCESS),
    _family("request_duration_seconds", "Time to answer a request.", "method", "route", kind=_HISTOGRAM, origin=_PROCESS),
    _family("ingested_rows_total", "Rows that came in at this door, by what became of them.", "kind", "fate", kind=_COUNTER, origin=_PROCESS),
    _family("loop_duration_seconds", "Time that one round of a loop took.", "loop", kind=_HISTOGRAM, origin=_PROCESS),
    _family("loop_failures_total", "Rounds of a loop that failed.", "loop", kind=_COUNTER, origin=_PROCESS),
    _family("loop_last_success_timestamp_seconds", "When a loop last ended a round well.", "loop", origin=_PROCESS),
    _family("catalog_transaction_duration_seconds", "Time from asking for a transaction to its end.", "database", "mode", kind=_HISTOGRAM, origin=_PROCESS),
    _family("lake_operation_duration_seconds", "Time that an operation on the lake's tables took.", "operation", kind=_HISTOGRAM, origin=_PROCESS),
    _family("remote_write_samples_total", "Samples of remote write, by what became of them.", "outcome", kind=_COUNTER, origin=_PROCESS),
    _family("remote_write_waiting", "Samples that wait to be written.", origin=_PROCESS),
    _family("remote_write_sent_timestamp_seconds", "The time of the newest samples that were taken.", origin=_PROCESS),
    _family("otlp_received_total", "Spans, records and points that came over OTLP, by what became of them.", "signal", "fate", kind=_COUNTER, origin=_PROCESS),
    _family("otlp_exported_total", "Items exported over OTLP, by what became of them.", "signal", "fate", kind=_COUNTER, origin=_PROCESS),
    _family("otlp_waiting", "Items that wait to be exported over OTLP.", "signal", origin=_PROCESS),
    # How the installation stands.
    _family("models", "Models, by how they are.", "health"),
    _family("incidents_open", "Incidents that are not resolved.", "severity"),
    _family("notices_waiting", "Notices that are still to be sent."),
    _family("notices_failing", "Notices that wait after at least one attempt failed."),
    _family("notices_oldest_timestamp_seconds", "When the oldest notice that waits was written."),
    _family("inbox_batches", "Acknowledged batches that wait for the lake."),
    _family("inbox_bytes", "Acknowledged bytes that wait for the lake."),
    _family("clients_active", "Programs that sent numbered rows within the last hour."),
    _family("database_bytes", "What the database of records takes on its disk."),
    _family("home_free_bytes", "Free space on the disk of the home folder."),
    _family("home_size_bytes", "Size of the disk of the home folder."),
    _family("source_rows_total", "Rows that ever came from a source, by what became of them.", "source", "fate", kind=_COUNTER),
    _family("source_waiting", "Files or messages of a source that are there and not taken.", "source"),
    _family("source_failing", "1 where a source fails, 0 where it does not.", "source"),
    # How each model stands.
    _family("model_info", "1, labelled with what a model's definition says of it.", "model", "task", "tier", "owner", "granularity"),
    _family("model_health", "1 for how a model is, 0 for how it is not.", "model", "health"),
    _family("model_incidents_open", "Incidents of a model that are not resolved.", "model"),
    _family("model_lag_seconds", "From the end of the last judged window to the model's own time.", "model"),
    _family("model_judged_timestamp_seconds", "The moment as of which a model's last judged window was judged.", "model"),
    _family("model_window_end_timestamp_seconds", "The end of a model's last judged window.", "model"),
    _family("model_window_rows", "Rows of a model's last judged window.", "model"),
    _family("model_window_alerts", "Verdicts that alarm in a model's last judged window.", "model"),
    _family("model_labelled_ratio", "Share of the last judged window's rows whose label has come.", "model"),
    _family("model_windows_dirty", "Windows of a model that changed since they were judged.", "model"),
    _family("model_rows_total", "Rows of a model by kind and by what became of them, as the accounts say.", "model", "kind", "fate", kind=_COUNTER),
    # The figures of each model's last judged window, over all its rows.
    _family("model_performance", "A performance metric of the last judged window.", "model", "metric", origin=_DETAIL),
    _family("model_latency_seconds", "A quantile of the time to answer, in the last judged window.", "model", "quantile", origin=_DETAIL),
    _family("model_error_ratio", "Share of requests that failed, in the last judged window.", "model", origin=_DETAIL),
    _family("monitor_value", "The figure of a threshold, deviation or custom monitor.", "model", "monitor", origin=_DETAIL),
    _family("monitor_alerts", "Verdicts of a monitor that alarm in the last judged window.", "model", "monitor", origin=_DETAIL),
    # Only where WATCHKEEPER_METRICS_COLUMNS is set.
    _family("column_drift_ratio", "Share of rows that lie elsewhere than in the baseline.", "model", "column", origin=_COLUMNS),
    _family("column_missing_ratio", "Share of rows without a value.", "model", "column", origin=_COLUMNS),
    _family("column_alerts", "Verdicts over all rows that alarm for a column.", "model", "column", origin=_COLUMNS),
    # What was told, and what was not.
    _family("metrics_series", "Series of this scrape.", origin=_SCRAPE),
    _family("metrics_series_left_out", "Series beyond the most that a scrape may hold, by family.", "family", origin=_SCRAPE),
    _family("metrics_models_behind", "Models whose figures of the last window are still to be read.", origin=_SCRAPE),
    _family("metrics_duration_seconds", "Time that collecting took when it was last done.", origin=_SCRAPE),
)  # fmt: skip
FAMILIES: Mapping[str, Family] = {family.name: family for family in _ALL}
