"""The dashboards over the records themselves, where these lie in PostgreSQL: no Prometheus needed.

Moments are stored as microseconds since 1970, so that the filter on time can use the indexes.
"""

from __future__ import annotations

from collections.abc import Sequence

from watchkeeper.interop.grafana.board import Board, Panel, Query, Row, Source, Variable

__all__ = ["boards"]

_SOURCE = Source("grafana-postgresql-datasource")
_RANGE = (
    '"start" BETWEEN $__unixEpochFrom() * 1000000::bigint AND $__unixEpochTo() * 1000000::bigint'
)
_TIME = 'to_timestamp("start" / 1e6) AS "time"'
_NAMES = "SELECT DISTINCT name FROM documents WHERE kind = 'Model' ORDER BY 1"
_NOW = "extract(epoch FROM now()) * 1000000"
# What holds now, of all rows of the model $model.
_HELD = (
    f"model = '$model' AND {_RANGE} AND superseded_at IS NULL "
    "AND segment IS NULL AND version IS NULL AND arm IS NULL"
)
_VALUE = "(body::json ->> 'value')::double precision AS value"


def boards() -> Sequence[Board]:
    """All of them."""
    return (_fleet(), _model(), _system())


def _panel(kind: str, title: str, about: str, sql: str, **options: object) -> Panel:
    asked = Query(sql, now=kind == "stat", table=kind == "table")
    return Panel(kind, title, about, (asked,), **options)  # type: ignore[arg-type]  # the fields of Panel by their names


def _fleet() -> Board:
    last = (
        "SELECT DISTINCT ON (w.model) w.model, w.status, w.alerts, w.profiled_rows AS rows, "
        'to_timestamp(w."end" / 1e6) AS window_end, '
        "(SELECT count(*) FROM incidents i WHERE i.model = w.model AND i.state <> 'resolved') "
        "AS open_incidents FROM windows w WHERE w.judged_at IS NOT NULL AND w.model IN ($model) "
        'ORDER BY w.model, w."start" DESC'
    )
    now = (
        _panel("stat", "Models", "That are defined.", "SELECT count(DISTINCT name) AS models FROM documents WHERE kind = 'Model'", width=6, height=4),
        _panel("stat", "Open incidents", "Not resolved yet.", "SELECT count(*) AS incidents FROM incidents WHERE state <> 'resolved'", width=6, height=4, limits=(1.0,)),
        _panel("stat", "Windows to be judged", "They changed since they were.", "SELECT count(*) AS windows FROM windows WHERE profiled < changed", width=6, height=4),
        _panel("stat", "Notices waiting", "Still to be sent.", "SELECT count(*) AS notices FROM notices WHERE next_attempt_at IS NOT NULL", width=6, height=4, limits=(1.0, 20.0)),
        _panel("table", "Models", "The last judged window of each.", last, width=24, height=9),
    )  # fmt: skip
    series = (
        _panel("timeseries", "Rows", "Accepted, by window.", f"SELECT {_TIME}, accepted + sent_accepted AS rows, model AS metric FROM windows WHERE model IN ($model) AND {_RANGE} ORDER BY 1", stacked=True),
        _panel("timeseries", "Alarms", "Verdicts that alarm, by window.", f"SELECT {_TIME}, alerts, model AS metric FROM windows WHERE model IN ($model) AND judged_at IS NOT NULL AND {_RANGE} ORDER BY 1", stacked=True),
        _panel("timeseries", "Rejected", "Rows that lie in quarantine, by window.", f"SELECT {_TIME}, rejected + sent_rejected AS rows, model AS metric FROM windows WHERE model IN ($model) AND {_RANGE} ORDER BY 1", stacked=True),
        _panel("timeseries", "Incidents", "Opened, by day.", "SELECT date_trunc('day', to_timestamp(opened_at / 1e6)) AS \"time\", count(*) AS incidents, severity AS metric FROM incidents WHERE model IN ($model) AND opened_at BETWEEN $__unixEpochFrom() * 1000000::bigint AND $__unixEpochTo() * 1000000::bigint GROUP BY 1, 3 ORDER BY 1", stacked=True),
    )  # fmt: skip
    return Board(
        "watchkeeper-pg-fleet",
        "Watchkeeper: fleet (records)",
        "Every model that is watched, from the records.",
        (Row("Now", now), Row("Over time", series)),
        _SOURCE,
        (Variable("model", "Model", _NAMES, many=True),),
        back="now-30d",
    )


def _model() -> Board:
    def figures(what: str, name: str) -> str:
        return f"SELECT {_TIME}, {_VALUE}, {name} AS metric FROM verdicts WHERE {_HELD} AND {what} ORDER BY 1"

    whole = '"column" IS NULL'
    panels = (
        _panel("timeseries", "Performance", "Each metric by window, by the labels that came.", figures(f"monitor = 'performance' AND {whole}", "what"), lowest=None),
        _panel("timeseries", "Drift by column", "Share of rows that lie elsewhere than in the baseline.", figures("what = 'drift'", '"column"'), unit="percentunit"),
        _panel("timeseries", "Missing values", "Share of rows without a value, by column.", figures("what = 'missing_rate'", '"column"'), unit="percentunit"),
        _panel("timeseries", "Alarms", "By monitor and window.", f"SELECT {_TIME}, count(*) AS alarms, monitor AS metric FROM verdicts WHERE model = '$model' AND {_RANGE} AND superseded_at IS NULL AND status = 'alert' GROUP BY 1, 3 ORDER BY 1", stacked=True),
        _panel("timeseries", "Rows", "By what became of them.", " UNION ALL ".join(f"SELECT {_TIME}, {count} AS rows, '{name}' AS metric FROM windows WHERE model = '$model' AND {_RANGE}" for name, count in (("accepted", "accepted + sent_accepted"), ("rejected", "rejected + sent_rejected"), ("duplicate", "duplicate"), ("labelled", "joined"))) + " ORDER BY 1", lowest=0.0),
        _panel("timeseries", "Latency", "Quantiles by window, in milliseconds.", figures(f"what LIKE 'latency_%' AND {whole}", "what"), unit="ms"),
        _panel("table", "Incidents", "The latest, newest first.", "SELECT to_timestamp(opened_at / 1e6) AS opened, to_timestamp(resolved_at / 1e6) AS resolved, severity, state, body::json ->> 'title' AS title FROM incidents WHERE model = '$model' ORDER BY opened_at DESC LIMIT 50", width=24, height=9),
    )  # fmt: skip
    return Board(
        "watchkeeper-pg-model",
        "Watchkeeper: model (records)",
        "One model with its whole history, from the records.",
        (Row("Model $model", panels),),
        _SOURCE,
        (Variable("model", "Model", _NAMES),),
        back="now-30d",
    )


def _system() -> Board:
    panels = (
        _panel("stat", "Batches for the lake", "Acknowledged, and still to be moved.", "SELECT count(*) AS batches FROM inbox", width=6, height=4),
        _panel("stat", "Bytes for the lake", "Acknowledged, and still to be moved.", "SELECT coalesce(sum(bytes), 0) AS bytes FROM inbox", unit="bytes", width=6, height=4),
        _panel("stat", "Database", "What it takes on its disk.", "SELECT pg_database_size(current_database()) AS bytes", unit="bytes", width=6, height=4),
        _panel("stat", "Last sign of a worker", "Seconds since.", f"SELECT ({_NOW} - max(seen_at)) / 1e6 AS seconds FROM processes WHERE role = 'worker'", unit="s", width=6, height=4, limits=(30.0, 300.0)),
        _panel("table", "Processes", "That were heard of within a day.", "SELECT role, host, address, version, pid, to_timestamp(started_at / 1e6) AS started, to_timestamp(seen_at / 1e6) AS seen FROM processes ORDER BY role, host", width=12),
        _panel("table", "Sources", "Where rows are fetched from.", "SELECT source, state, detail, lag, to_timestamp(at / 1e6) AS at FROM source_states ORDER BY source", width=12),
        _panel("timeseries", "Rows by day", "As the accounts say.", "SELECT day::date::timestamptz AS \"time\", sum(accepted) AS rows, kind AS metric FROM account_days WHERE day BETWEEN to_char(to_timestamp($__unixEpochFrom()), 'YYYY-MM-DD') AND to_char(to_timestamp($__unixEpochTo()), 'YYYY-MM-DD') GROUP BY 1, 3 ORDER BY 1", width=24, stacked=True),
    )  # fmt: skip
    return Board(
        "watchkeeper-pg-system",
        "Watchkeeper: itself (records)",
        "Whether Watchkeeper works and keeps up, from the records.",
        (Row("Now", panels),),
        _SOURCE,
        back="now-30d",
    )
