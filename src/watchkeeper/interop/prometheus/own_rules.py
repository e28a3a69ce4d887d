"""Rules about Watchkeeper itself: whether it works, and whether it keeps up."""

from __future__ import annotations

from collections.abc import Sequence

from watchkeeper.interop.prometheus.rule import Alert, Case, Recording, quoted

__all__ = ["own_alerts", "recordings"]

_GIB = 2**30


def recordings() -> Sequence[Recording]:
    """What dashboards and alerts ask again and again.

    Figures of records are the same in every process that is scraped, so they are not added up.
    """
    rejected = (
        "sum by (model) (max by (model, kind, fate) "
        '(rate(watchkeeper_model_rows_total{fate="rejected"}[1h])))'
    )
    all_rows = (
        "sum by (model) (max by (model, kind, fate) "
        '(rate(watchkeeper_model_rows_total{fate=~"accepted|rejected"}[1h])))'
    )
    return (
        Recording(
            "model_kind:watchkeeper_model_rows:rate1h",
            "sum by (model, kind) (max by (model, kind, fate) "
            '(rate(watchkeeper_model_rows_total{fate=~"accepted|duplicate|rejected"}[1h])))',
        ),
        Recording(
            "model:watchkeeper_model_rows_rejected:ratio_rate1h", f"{rejected} / ({all_rows} > 0)"
        ),
        Recording(
            "route:watchkeeper_requests:rate5m",
            "sum by (route) (rate(watchkeeper_requests_total[5m]))",
        ),
        Recording(
            "route:watchkeeper_request_duration_seconds:p99_5m",
            "histogram_quantile(0.99, sum by (le, route) "
            "(rate(watchkeeper_request_duration_seconds_bucket[5m])))",
        ),
        Recording(
            "loop:watchkeeper_loop_duration_seconds:p99_15m",
            "histogram_quantile(0.99, sum by (le, loop) "
            "(rate(watchkeeper_loop_duration_seconds_bucket[15m])))",
        ),
    )


def own_alerts(job: str) -> Sequence[Alert]:
    """The alerts, for a scrape of that job."""
    return (*_runs(job), *_works(), *_keeps_up(), *_told())


def _runs(job: str) -> Sequence[Alert]:
    up, judged = (
        f"up{{job={quoted(job)}}}",
        'watchkeeper_loop_last_success_timestamp_seconds{loop="judge"}',
    )
    return (
        Alert(
            "WatchkeeperDown",
            f"absent({up} == 1)",
            5,
            "critical",
            "No Watchkeeper answers, so no model is watched",
            "Look whether its process runs (`watchkeeper doctor` on its machine) and whether "
            "Prometheus may read /metrics (a 401 wants a key with the scope read).",
            Case({up: "0x30"}, {up: "1x30"}),
        ),
        Alert(
            "WatchkeeperWorkerSilent",
            f"absent({judged}) or time() - max({judged}) > 600",
            10,
            "critical",
            "The worker has ended no round of judging for ten minutes",
            "Rows are still acknowledged and none is lost, but nothing is judged. Read the "
            "worker's log for an error that repeats; it is started anew by itself when it dies.",
            Case({judged: "0x40"}, {judged: "0+60x40"}),
            link="/system",
        ),
    )


def _works() -> Sequence[Alert]:
    return (
        Alert(
            "WatchkeeperLoopFails",
            "sum by (loop) (increase(watchkeeper_loop_failures_total[15m])) > 3",
            15,
            "warning",
            "The loop {{ $labels.loop }} fails again and again",
            "Its log line names the error. A full disk, a database that does not answer and a mail "
            "server that is away are the usual causes; the loop goes on by itself afterwards.",
            Case(
                {'watchkeeper_loop_failures_total{loop="tell"}': "0+1x60"},
                {'watchkeeper_loop_failures_total{loop="tell"}': "3x60"},
                {"loop": "tell"},
            ),
            link="/system",
        ),
        Alert(
            "WatchkeeperRequestsFail",
            'sum(rate(watchkeeper_requests_total{status=~"5.."}[5m])) '
            "/ sum(rate(watchkeeper_requests_total[5m])) > 0.05",
            10,
            "warning",
            "More than one request in twenty fails",
            "Programs keep their rows and send them again, so nothing is lost yet. Read the "
            "door's log; 503 means a full disk or a database that does not answer.",
            Case(
                {
                    'watchkeeper_requests_total{status="503"}': "0+60x40",
                    'watchkeeper_requests_total{status="200"}': "0+60x40",
                },
                {
                    'watchkeeper_requests_total{status="503"}': "0+1x40",
                    'watchkeeper_requests_total{status="200"}': "0+600x40",
                },
            ),
            link="/system",
        ),
    )  # fmt: skip


def _keeps_up() -> Sequence[Alert]:
    return (
        Alert(
            "WatchkeeperInboxGrows",
            f"max(watchkeeper_inbox_bytes) > {_GIB} and max(deriv(watchkeeper_inbox_bytes[15m])) > 0",
            15,
            "warning",
            "More than 1 GiB of acknowledged rows wait for the lake, and it grows",
            "Look at the duration of the loop move: a slow or unreachable object store, a full "
            "disk, or more rows than one worker can move.",
            Case(
                {"watchkeeper_inbox_bytes": f"{2 * _GIB}+1000000x60"},
                {"watchkeeper_inbox_bytes": f"{2 * _GIB}-1000000x60"},
            ),
            link="/system",
        ),
        Alert(
            "WatchkeeperDiskFills",
            "min by (instance) (watchkeeper_home_free_bytes / watchkeeper_home_size_bytes) < 0.1",
            15,
            "warning",
            "The disk of the home folder has less than a tenth free",
            "Make room, or shorten how long rows are kept. New rows are refused before the disk is "
            "full; nothing has to be restarted afterwards.",
            Case(
                {
                    'watchkeeper_home_free_bytes{instance="a"}': "5x30",
                    'watchkeeper_home_size_bytes{instance="a"}': "100x30",
                },
                {
                    'watchkeeper_home_free_bytes{instance="a"}': "50x30",
                    'watchkeeper_home_size_bytes{instance="a"}': "100x30",
                },
                {"instance": "a"},
            ),
            link="/system",
        ),
        Alert(
            "WatchkeeperSourceFails",
            "max by (source) (watchkeeper_source_failing) == 1",
            15,
            "warning",
            "Nothing is fetched from the source {{ $labels.source }}",
            "`watchkeeper sources NAME` says why. It is tried again by itself, and nothing that "
            "waits there is skipped.",
            Case(
                {'watchkeeper_source_failing{source="s"}': "1x30"},
                {'watchkeeper_source_failing{source="s"}': "0x30"},
                {"source": "s"},
            ),
            link="/sources",
        ),
    )


def _told() -> Sequence[Alert]:
    return (
        Alert(
            "WatchkeeperNoticesFail",
            "max(watchkeeper_notices_failing) > 0",
            15,
            "critical",
            "Notices of incidents do not reach their receivers",
            "`watchkeeper alerts` lists the incidents that nobody was told of. Look at the route's "
            "receivers: an expired token, a mail server that refuses.",
            Case({"watchkeeper_notices_failing": "2x30"}, {"watchkeeper_notices_failing": "0x30"}),
            link="/system",
        ),
        Alert(
            "WatchkeeperSeriesLeftOut",
            "sum(max by (family) (watchkeeper_metrics_series_left_out)) > 0",
            60,
            "info",
            "Figures of some models are not told to Prometheus",
            "A scrape holds at most WATCHKEEPER_METRICS_MAX_SERIES series. Raise it (and the "
            "scrape's sample_limit), or scrape models one by one through service discovery.",
            Case(
                {'watchkeeper_metrics_series_left_out{family="f"}': "7x200"},
                {'watchkeeper_metrics_series_left_out{family=""}': "0x200"},
            ),
            link="/system",
        ),
    )
