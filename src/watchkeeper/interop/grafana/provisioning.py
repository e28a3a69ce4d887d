"""The files with which a Grafana knows data source and dashboards from its first start."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum

import yaml

from watchkeeper.interop.grafana import postgres_boards, prometheus_boards
from watchkeeper.interop.grafana.board import Board, dashboard

__all__ = ["DataSource", "boards_of", "files_of"]

_PATH = "/var/lib/grafana/dashboards/watchkeeper"


class DataSource(StrEnum):
    """Where the dashboards find their figures."""

    PROMETHEUS = "prometheus"
    POSTGRES = "postgres"


def boards_of(source: DataSource) -> Sequence[Board]:
    """The dashboards over a data source."""
    if source is DataSource.PROMETHEUS:
        return prometheus_boards.boards()
    return postgres_boards.boards()


def files_of(source: DataSource, url: str) -> Mapping[str, str]:
    """Each file by its path below Grafana's own folder; ``url`` is where the data source is."""
    boards = boards_of(source)
    found = {
        "provisioning/datasources/watchkeeper.yaml": _yaml(
            {"apiVersion": 1, "datasources": [_data_source(source, url)]}
        ),
        "provisioning/dashboards/watchkeeper.yaml": _yaml(
            {"apiVersion": 1, "providers": [_provider()]}
        ),
    }
    for board in boards:
        text = json.dumps(dashboard(board, boards), indent=1, ensure_ascii=False)
        found[f"dashboards/watchkeeper/{board.uid}.json"] = text + "\n"
    return found


def _data_source(source: DataSource, url: str) -> dict[str, object]:
    if source is DataSource.PROMETHEUS:
        return {
            "name": "Watchkeeper (Prometheus)",
            "uid": "watchkeeper-prometheus",
            "type": "prometheus",
            "access": "proxy",
            "url": url,
            "jsonData": {
                "httpMethod": "POST",
                "timeInterval": "30s",
                "prometheusType": "Prometheus",
            },
        }
    return {
        "name": "Watchkeeper (records)",
        "uid": "watchkeeper-records",
        "type": "grafana-postgresql-datasource",
        "access": "proxy",
        "url": url,
        "user": "$WATCHKEEPER_GRAFANA_USER",
        "jsonData": {"database": "watchkeeper", "sslmode": "require", "postgresVersion": 1500},
        "secureJsonData": {"password": "$WATCHKEEPER_GRAFANA_PASSWORD"},
    }


def _provider() -> dict[str, object]:
    return {
        "name": "watchkeeper",
        "orgId": 1,
        "folder": "Watchkeeper",
        "type": "file",
        "disableDeletion": False,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": _PATH, "foldersFromFilesStructure": False},
    }


def _yaml(document: dict[str, object]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
