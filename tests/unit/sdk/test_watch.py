"""`watch`: a decorated function does what it did, and is logged."""

from __future__ import annotations

import asyncio

import pytest

import watchkeeper as wk


class Logged:
    """A client whose logger remembers."""

    def __init__(self):
        self.rows = []
        self.dropped = []

    def logger(self, model, *, version=None):
        self.named = (model, version)
        return self

    def prediction(self, features, **facts):
        self.rows.append((dict(features), facts))
        return f"id-{len(self.rows)}"

    def drop(self, reason):
        self.dropped.append(reason)


@pytest.fixture
def logged():
    return Logged()


def test_one_mapping_is_the_features(logged):
    """A predict function of one mapping logs its items, and its result as the prediction."""

    @wk.watch("m", version="3", client=logged)
    def predict(row):
        return row["x"] * 2

    assert predict({"x": 21}) == 42

    ((features, facts),) = logged.rows
    assert (features, facts["prediction"], facts["error"]) == ({"x": 21}, 42, None)
    assert facts["latency_ms"] >= 0.0
    assert logged.named == ("m", "3")
    assert wk.last_prediction_id() == "id-1"


def test_arguments_are_the_features_by_name(logged):
    """Several arguments are logged under their names, without `self`."""

    class Model:
        @wk.watch("m", client=logged)
        def predict(self, age, income=0):
            return age > income

    assert Model().predict(30, income=10)

    assert logged.rows[0][0] == {"age": 30, "income": 10}


def test_a_result_may_carry_the_score(logged):
    """A result with prediction and score is logged as both."""

    @wk.watch("m", client=logged)
    def predict(row):
        return {"prediction": "yes", "score": 0.9}

    predict({})

    facts = logged.rows[0][1]
    assert (facts["prediction"], facts["score"]) == ("yes", 0.9)


def test_features_and_answer_can_be_told(logged):
    """Own functions say what was seen and what was answered."""

    @wk.watch(
        "m",
        client=logged,
        features=lambda request: request["body"],
        answer=lambda reply: {"prediction": reply[0], "score": reply[1]},
    )
    def predict(request):
        return ("yes", 0.9)

    assert predict({"body": {"x": 1}}) == ("yes", 0.9)

    features, facts = logged.rows[0]
    assert (features, facts["prediction"], facts["score"]) == ({"x": 1}, "yes", 0.9)


def test_what_the_function_changes_is_logged_as_it_came(logged):
    """A function that writes into its argument is logged with what it was given."""

    @wk.watch("m", client=logged)
    def predict(row):
        row["x"] = None
        return 1

    predict({"x": 5})

    assert logged.rows[0][0] == {"x": 5}


def test_an_error_is_logged_and_raised(logged):
    """What the function raises passes through, and counts as an error of the service."""

    @wk.watch("m", client=logged)
    def predict(row):
        raise KeyError("x")

    with pytest.raises(KeyError):
        predict({})

    assert logged.rows[0][1]["error"] == "KeyError: 'x'"
    assert logged.rows[0][1]["prediction"] is None


@pytest.mark.parametrize(
    "options",
    [
        {"features": lambda row: 1 / 0},
        {"answer": lambda result: 1 / 0},
        {"answer": lambda result: None},
        {"features": lambda *, nothing: nothing},
    ],
)
def test_nothing_in_logging_reaches_the_caller(logged, options):
    """A failing extractor costs the log line, not the answer, and is counted."""

    @wk.watch("m", client=logged, **options)
    def predict(row):
        return 7

    assert predict({"x": 1}) == 7
    assert logged.rows == []
    assert len(logged.dropped) == 1


def test_no_client_can_be_made(monkeypatch, caplog):
    """With settings that are wrong the function works, and one warning says why it is not logged."""
    monkeypatch.setenv("WATCHKEEPER_URL", "nonsense")

    @wk.watch("m")
    def predict(row):
        return 7

    assert [predict({}), predict({})] == [7, 7]
    assert caplog.text.count("are not logged") == 1


def test_coroutines_are_watched_too(logged):
    """An async function stays one, and is logged when it has answered."""

    @wk.watch("m", client=logged)
    async def predict(row):
        await asyncio.sleep(0)
        return 7

    assert asyncio.run(predict({"x": 1})) == 7
    assert logged.rows[0][1]["prediction"] == 7


def test_the_function_keeps_its_name(logged):
    """Introspection sees the original."""

    @wk.watch("m", client=logged)
    def predict(row):
        """Say yes."""

    assert (predict.__name__, predict.__doc__) == ("predict", "Say yes.")
