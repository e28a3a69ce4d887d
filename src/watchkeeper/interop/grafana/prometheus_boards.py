"""The dashboards over Prometheus: the fleet, one model, and Watchkeeper itself.

Figures of records are the same in every process that is scraped: they are taken once, by ``max``.
"""

from __future__ import annotations

from collections.abc import Sequence

from watchkeeper.interop.grafana.board import Board, Mapped, Panel, Query, Row, Source, Variable

__all__ = ["boards"]

_SOURCE = Source("prometheus")
_HEALTH = (
    Mapped(0, "fine", "green"),
    Mapped(1, "too little data", "blue"),
    Mapped(2, "alarm", "orange"),
    Mapped(3, "cannot be judged", "red"),
)
_MANY = Variable("model", "Model", "label_values(watchkeeper_model_info, model)", many=True)
_ONE = Variable("model", "Model", "label_values(watchkeeper_model_info, model)")


def boards() -> Sequence[Board]:
    """All of them."""
    return (_fleet(), _model(), _system())


def _health(of: str) -> str:
    """0 fine, 1 too little data, 2 alarm, 3 cannot be judged."""
    parts = (("insufficient_data", 1), ("alert", 2), ("error", 3))
    each = (
        f'{number} * max by (model, health) (watchkeeper_model_health{{{of},health="{health}"}})'
        for health, number in parts
    )
    return f"sum by (model) ({' or '.join(each)})"


def _stat(title: str, about: str, expr: str, **options: object) -> Panel:
    legend = str(options.pop("legend", ""))
    chosen: dict[str, object] = {"width": 4, "height": 4, **options}
    return Panel("stat", title, about, (Query(expr, legend),), **chosen)  # type: ignore[arg-type]  # the fields of Panel by their names


def _lines(title: str, about: str, *queries: tuple[str, str], **options: object) -> Panel:
    asked = tuple(Query(expr, legend) for expr, legend in queries)
    return Panel("timeseries", title, about, asked, **options)  # type: ignore[arg-type]  # the fields of Panel by their names


def _fleet() -> Board:
    of = 'model=~"$model"'
    now = (
        _stat("Models", "How many there are, by how they are.", "max by (health) (watchkeeper_models)", legend="{{health}}", width=8),
        _stat("Open incidents", "By severity.", "max by (severity) (watchkeeper_incidents_open)", legend="{{severity}}", width=6, limits=(1.0,)),
        _stat("Longest lag", "From the end of the last judged window to the model's own time.", f"max(watchkeeper_model_lag_seconds{{{of}}})", unit="s", width=5),
        _stat("Notices waiting", "They are still to be sent.", "max(watchkeeper_notices_waiting)", width=5, limits=(1.0, 20.0)),
    )  # fmt: skip
    models = (
        Panel("state-timeline", "Health", "How each model was, over time.", (Query(_health(of), "{{model}}"),), width=24, height=9, words=_HEALTH),
        _lines("Open incidents", "Of each model.", (f"max by (model) (watchkeeper_model_incidents_open{{{of}}})", "{{model}}"), stacked=True),
        _lines("Alarms in the last window", "Verdicts that alarm, by model.", (f"max by (model) (watchkeeper_model_window_alerts{{{of}}})", "{{model}}"), stacked=True),
    )  # fmt: skip
    rows = f'max by (model, kind, fate) (rate(watchkeeper_model_rows_total{{{of},fate="%s"}}[$__rate_interval]))'
    traffic = (
        _lines("Predictions", "Rows that were accepted, a second.", (f'sum by (model) (max by (model, fate) (rate(watchkeeper_model_rows_total{{{of},kind="predictions",fate="accepted"}}[$__rate_interval])))', "{{model}}"), unit="rowsps", stacked=True),
        _lines("Rejected", "Rows that were rejected, a second: they lie in quarantine.", (f"sum by (model) ({rows % 'rejected'})", "{{model}}"), unit="rowsps"),
        _lines("Lag", "From the end of the last judged window to the model's own time.", (f"max by (model) (watchkeeper_model_lag_seconds{{{of}}})", "{{model}}"), unit="s"),
        _lines("Labels that came", "Share of the last window's rows whose label has come.", (f"max by (model) (watchkeeper_model_labelled_ratio{{{of}}})", "{{model}}"), unit="percentunit", highest=1.0),
    )  # fmt: skip
    return Board(
        "watchkeeper-fleet",
        "Watchkeeper: fleet",
        "Every model that is watched: how it is, and what came in.",
        (Row("Now", now), Row("Models", models), Row("Rows", traffic)),
        _SOURCE,
        (_MANY,),
    )


def _model() -> Board:
    of = 'model="$model"'

    def latest(family: str) -> str:
        return f"max(watchkeeper_{family}{{{of}}})"

    now = (
        Panel("stat", "Health", "How it is.", (Query(_health(of), "{{model}}"),), width=4, height=4, words=_HEALTH),
        _stat("Open incidents", "Not resolved yet.", latest("model_incidents_open"), limits=(1.0,)),
        _stat("Alarms", "Verdicts that alarm in the last window.", latest("model_window_alerts"), limits=(1.0,)),
        _stat("Rows", "Of the last window.", latest("model_window_rows")),
        _stat("Labels that came", "Share of the last window's rows.", latest("model_labelled_ratio"), unit="percentunit"),
        _stat("Lag", "Since the end of the last judged window.", latest("model_lag_seconds"), unit="s"),
    )  # fmt: skip
    right = (
        _lines("Performance", "Each metric in the last judged window, by the labels that came.", (f"max by (metric) (watchkeeper_model_performance{{{of}}})", "{{metric}}"), lowest=None),
        _lines("Alarms by monitor", "Verdicts that alarm in the last judged window.", (f"max by (monitor) (watchkeeper_monitor_alerts{{{of}}})", "{{monitor}}"), stacked=True),
        _lines("Own figures", "Threshold, deviation and custom monitors of the definition.", (f"max by (monitor) (watchkeeper_monitor_value{{{of}}})", "{{monitor}}"), lowest=None),
        _lines("Drift by column", "Share of rows that lie elsewhere than in the baseline. Empty unless WATCHKEEPER_METRICS_COLUMNS is set.", (f"topk(10, max by (column) (watchkeeper_column_drift_ratio{{{of}}}))", "{{column}}"), unit="percentunit"),
    )  # fmt: skip
    answers = (
        _lines("Latency", "Quantiles of the last judged window.", (f"max by (quantile) (watchkeeper_model_latency_seconds{{{of}}})", "{{quantile}}"), unit="s"),
        _lines("Errors", "Share of requests that failed, in the last judged window.", (latest("model_error_ratio"), "errors"), unit="percentunit"),
        _lines("Rows by what became of them", "A second.", (f"max by (kind, fate) (rate(watchkeeper_model_rows_total{{{of}}}[$__rate_interval]))", "{{kind}} {{fate}}"), unit="rowsps", stacked=True),
        _lines("Missing values", "Share of rows without a value. Empty unless WATCHKEEPER_METRICS_COLUMNS is set.", (f"topk(10, max by (column) (watchkeeper_column_missing_ratio{{{of}}}))", "{{column}}"), unit="percentunit"),
    )  # fmt: skip
    return Board(
        "watchkeeper-model",
        "Watchkeeper: model",
        "One model: whether it is still right, and how it answers.",
        (Row("Now", now), Row("Is it right", right), Row("Does it answer", answers)),
        _SOURCE,
        (_ONE,),
        back="now-7d",
        marks={"Incidents": f"changes(watchkeeper_model_incidents_open{{{of}}}[2m]) > 0"},
    )


def _quantile(family: str, by: str) -> str:
    buckets = f"sum by (le, {by}) (rate(watchkeeper_{family}_bucket[$__rate_interval]))"
    return f"histogram_quantile(0.99, {buckets})"


def _system() -> Board:
    judged = 'watchkeeper_loop_last_success_timestamp_seconds{loop="judge"}'
    now = (
        _stat("Doors", "Processes that answer.", 'count(watchkeeper_build_info{process="door"})'),
        _stat("Last judging", "Since a worker ended a round of judging.", f"time() - max({judged})", unit="s", limits=(60.0, 600.0)),
        _stat("Waiting for the lake", "Acknowledged bytes.", "max(watchkeeper_inbox_bytes)", unit="bytes", limits=(2.0**28, 2.0**30)),
        _stat("Disk free", "Of the home folder.", "min(watchkeeper_home_free_bytes / watchkeeper_home_size_bytes)", unit="percentunit", limits=(0.2, 0.1)),
        _stat("Series", "Of the last scrape.", "max(watchkeeper_metrics_series)"),
        _stat("Series left out", "Beyond what a scrape may hold.", "sum(max by (family) (watchkeeper_metrics_series_left_out))", limits=(1.0,)),
    )  # fmt: skip
    requests = (
        _lines("Requests", "A second, by route.", ("sum by (route) (rate(watchkeeper_requests_total[$__rate_interval]))", "{{route}}"), unit="reqps", stacked=True),
        _lines("Time to answer (99 %)", "By route.", (_quantile("request_duration_seconds", "route"), "{{route}}"), unit="s"),
        _lines("Failed requests", "Share answered with 5xx.", ('(sum(rate(watchkeeper_requests_total{status=~"5.."}[$__rate_interval])) or vector(0)) / sum(rate(watchkeeper_requests_total[$__rate_interval]))', "5xx"), unit="percentunit"),
        _lines("Rows that come in", "A second, by what becomes of them.", ("sum by (kind, fate) (rate(watchkeeper_ingested_rows_total[$__rate_interval]))", "{{kind}} {{fate}}"), unit="rowsps", stacked=True),
    )  # fmt: skip
    work = (
        _lines("Rounds of loops (99 %)", "How long one takes.", (_quantile("loop_duration_seconds", "loop"), "{{loop}}"), unit="s"),
        _lines("Failures of loops", "Within five minutes.", ("sum by (loop) (increase(watchkeeper_loop_failures_total[5m]))", "{{loop}}")),
        _lines("Transactions (99 %)", "By database and mode, with what they waited for their turn.", (_quantile("catalog_transaction_duration_seconds", "database, mode"), "{{database}} {{mode}}"), unit="s"),
        _lines("Lake (99 %)", "By operation.", (_quantile("lake_operation_duration_seconds", "operation"), "{{operation}}"), unit="s"),
        _lines("What waits", "For the lake, for receivers, for judging.", ("max(watchkeeper_inbox_batches)", "batches"), ("max(watchkeeper_notices_waiting)", "notices"), ("sum(max by (model) (watchkeeper_model_windows_dirty))", "windows")),
        _lines("Sources", "What is there and not taken.", ("max by (source) (watchkeeper_source_waiting)", "{{source}}")),
    )  # fmt: skip
    machine = (
        _lines("Memory", "Resident, by process.", ('sum by (process, host) (process_resident_memory_bytes{process!=""})', "{{process}} {{host}}"), unit="bytes"),
        _lines("Processors", "Busy, by process.", ('sum by (process, host) (rate(process_cpu_seconds_total{process!=""}[$__rate_interval]))', "{{process}} {{host}}"), unit="short"),
        _lines("Disk", "Of the home folder, and of the records.", ("min(watchkeeper_home_free_bytes)", "free"), ("max(watchkeeper_database_bytes)", "records"), unit="bytes"),
        _lines("Collecting the figures", "Time that it took.", ("max(watchkeeper_metrics_duration_seconds)", "collecting"), unit="s"),
    )  # fmt: skip
    return Board(
        "watchkeeper-system",
        "Watchkeeper: itself",
        "Whether Watchkeeper works and keeps up.",
        (Row("Now", now), Row("Requests", requests), Row("Work", work), Row("Machine", machine)),
        _SOURCE,
        back="now-6h",
    )
