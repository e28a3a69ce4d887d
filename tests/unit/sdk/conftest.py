"""What the tests of the SDK share."""

from __future__ import annotations

import gzip
import io
import json

import pyarrow as pa
import pytest


class Logged:
    """A client whose logger remembers."""

    def __init__(self):
        self.rows = []
        self.identities = []
        self.labels = []
        self.dropped = []

    def logger(self, model, *, version=None):
        self.named = (model, version)
        return self

    def prediction(self, features, **facts):
        identity = facts.pop("prediction_id", None) or f"id-{len(self.rows) + 1}"
        self.rows.append((dict(features), facts))
        self.identities.append(identity)
        return identity

    def label(self, prediction_id, value, *, time=None):
        self.labels.append((prediction_id, value, time))

    def drop(self, reason, rows=1):
        self.dropped += [reason] * rows

    @property
    def features(self):
        """What was seen, row by row."""
        return [features for features, _ in self.rows]

    def told(self, name):
        """One fact of each row."""
        return [facts.get(name) for _, facts in self.rows]


@pytest.fixture
def logged():
    """A client that remembers."""
    return Logged()


def _rows_of(headers, body):
    content = gzip.decompress(body) if headers["Content-Encoding"] == "gzip" else body
    if headers["Content-Type"] == "application/json":
        return json.loads(content)["rows"]
    with pa.ipc.open_stream(io.BytesIO(content)) as stream:
        table = stream.read_all()
    table.validate(full=True)
    return [_as_json(row) for row in table.to_pylist()]


def _as_json(row):
    """A row of a table as it would be in JSON: without what it does not have."""
    row["time"] = row["time"].isoformat()
    if "features" in row:
        row["features"] = {key: v for key, v in row["features"].items() if v is not None}
    return {k: v for k, v in row.items() if v is not None or k in {"prediction", "label"}}


@pytest.fixture(scope="session")
def rows_of():
    """The rows of a request, from its headers and its body, whatever form they have."""
    return _rows_of
