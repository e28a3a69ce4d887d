"""A dashboard as plain values, and as Grafana's JSON (the classic model, which every version reads).

Rows hold panels, panels hold queries; where each panel lies follows from their order and width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Board", "Mapped", "Panel", "Query", "Row", "Source", "Variable", "dashboard"]

_COLUMNS = 24
_SCHEMA_VERSION = 41
_COLOURS = ("green", "orange", "red")


@dataclass(frozen=True, slots=True)
class Source:
    """The kind of data source that a board asks: Grafana's name of it."""

    type: str

    def reference(self) -> dict[str, str]:
        """Whichever of that kind is chosen at the board's head."""
        return {"type": self.type, "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Query:
    """A query in the source's language. ``table``: its rows are shown as they are; ``now``: only its
    latest values are asked for.
    """

    text: str
    legend: str = ""
    now: bool = False
    table: bool = False


@dataclass(frozen=True, slots=True)
class Mapped:
    """A number that stands for a word."""

    number: int
    word: str
    colour: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. ``limits`` are where it turns orange and red; where they fall, low is bad.

    ``unit`` is Grafana's: ``s``, ``bytes``, ``percentunit``, ``reqps``, ``short``.
    """

    kind: str
    title: str
    about: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 12
    height: int = 8
    limits: tuple[float, ...] = ()
    words: tuple[Mapped, ...] = ()
    stacked: bool = False
    lowest: float | None = 0.0
    highest: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a title."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """What is chosen at the head of a board; ``many``: several, or all."""

    name: str
    label: str
    query: str
    many: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard; ``uid`` is what Grafana knows it by, for ever."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    source: Source
    variables: tuple[Variable, ...] = ()
    back: str = "now-24h"
    marks: Mapping[str, str] = field(default_factory=dict)


def dashboard(board: Board, links: Sequence[Board] = ()) -> dict[str, object]:
    """The document that Grafana reads; ``links`` are shown at its head."""
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.about,
        "tags": ["watchkeeper"],
        "schemaVersion": _SCHEMA_VERSION,
        "editable": True,
        "refresh": "1m",
        "timezone": "browser",
        "graphTooltip": 1,
        "time": {"from": board.back, "to": "now"},
        "links": [_link(other) for other in links if other.uid != board.uid],
        "annotations": {"list": [_mark(board, name, text) for name, text in board.marks.items()]},
        "templating": {"list": list(_variables(board))},
        "panels": list(_panels(board)),
    }


def _link(board: Board) -> dict[str, object]:
    return {
        "title": board.title,
        "type": "link",
        "icon": "dashboard",
        "url": f"/d/{board.uid}",
        "tooltip": board.about,
        "tags": [],
        "asDropdown": False,
        "targetBlank": False,
        "includeVars": True,
        "keepTime": True,
    }


def _mark(board: Board, name: str, text: str) -> dict[str, object]:
    return {
        "name": name,
        "enable": True,
        "iconColor": "red",
        "datasource": board.source.reference(),
        "expr": text,
    }


def _variables(board: Board) -> Iterator[dict[str, object]]:
    yield {
        "name": "datasource",
        "type": "datasource",
        "query": board.source.type,
        "label": "Data source",
    }
    for variable in board.variables:
        found: dict[str, object] = {
            "name": variable.name,
            "type": "query",
            "label": variable.label,
            "datasource": board.source.reference(),
            "query": variable.query,
            "refresh": 2,
            "sort": 1,
            "multi": variable.many,
            "includeAll": variable.many,
        }
        if variable.many and board.source.type == "prometheus":
            found["allValue"] = ".+"
        yield found


def _panels(board: Board) -> Iterator[dict[str, object]]:
    number = top = 0
    for row in board.rows:
        number += 1
        place = {"h": 1, "w": _COLUMNS, "x": 0, "y": top}
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        left, top, tallest = 0, top + 1, 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                left, top, tallest = 0, top + tallest, 0
            number += 1
            place = {"h": panel.height, "w": panel.width, "x": left, "y": top}
            yield {"id": number, "gridPos": place, **_panel(board.source, panel)}
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest


def _panel(source: Source, panel: Panel) -> dict[str, object]:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": source.reference(),
        "targets": [_target(source, at, query) for at, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
    }


def _target(source: Source, at: int, query: Query) -> dict[str, object]:
    head: dict[str, object] = {"datasource": source.reference(), "refId": chr(ord("A") + at)}
    if source.type == "prometheus":
        ranged = {"instant": True, "range": False} if query.now else {"range": True}
        form = {"format": "table"} if query.table else {}
        legend = {"legendFormat": query.legend or "__auto"}
        return {**head, "expr": query.text, "editorMode": "code", **ranged, **form, **legend}
    form = {"format": "table" if query.table or query.now else "time_series"}
    return {**head, "rawSql": query.text, "rawQuery": True, "editorMode": "code", **form}


def _defaults(panel: Panel) -> dict[str, object]:
    found: dict[str, object] = {"unit": panel.unit, "thresholds": _thresholds(panel)}
    if panel.lowest is not None and panel.kind == "timeseries":
        found["min"] = panel.lowest
    if panel.highest is not None:
        found["max"] = panel.highest
    if panel.words:
        found["mappings"] = [
            {
                "type": "value",
                "options": {
                    str(word.number): {"text": word.word, "color": word.colour, "index": at}
                    for at, word in enumerate(panel.words)
                },
            }
        ]
    if panel.kind == "timeseries":
        found["custom"] = {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 25 if panel.stacked else 8,
            "showPoints": "never",
            "spanNulls": False,  # what was not measured is a gap, never a line across it
            "stacking": {"mode": "normal" if panel.stacked else "none"},
        }
    return found


def _thresholds(panel: Panel) -> dict[str, object]:
    """Grafana's steps rise; where the limits fall, low is bad, and the colours begin with red."""
    limits = list(panel.limits)
    colours = _COLOURS[: len(limits) + 1]
    if limits != sorted(limits):
        limits, colours = limits[::-1], colours[::-1]
    steps: list[dict[str, object]] = [{"color": colours[0], "value": None}]
    steps += [{"color": c, "value": v} for c, v in zip(colours[1:], limits, strict=True)]
    return {"mode": "absolute", "steps": steps}


def _options(panel: Panel) -> dict[str, object]:
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
    if panel.kind == "timeseries":
        return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    if panel.kind == "state-timeline":
        return {
            "legend": legend,
            "tooltip": {"mode": "single", "sort": "none"},
            "mergeValues": True,
            "showValue": "never",
            "rowHeight": 0.85,
        }
    if panel.kind == "stat":
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "value",
            "graphMode": "area",
            "textMode": "auto",
        }
    return {"showHeader": True}
