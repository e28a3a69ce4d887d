"""What the tests of doors share."""

from __future__ import annotations

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
        return [facts[name] for _, facts in self.rows]


@pytest.fixture
def logged():
    """A client that remembers."""
    return Logged()
