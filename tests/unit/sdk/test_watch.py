"""`watch`: a decorated function does what it did, and is logged."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pydantic
import pytest

import watchkeeper as wk


def test_one_mapping_is_the_features(logged):
    """A predict function of one mapping logs its items, and its result as the prediction."""

    @wk.watch("m", version="3", client=logged)
    def predict(row):
        return row["x"] * 2

    assert predict({"x": 21}) == 42

    ((features, facts),) = logged.rows
    assert (features, facts["prediction"], facts.get("error")) == ({"x": 21}, 42, None)
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


class Body(pydantic.BaseModel):
    """A request as services have it."""

    km: float
    city: str


@dataclasses.dataclass
class Ride:
    """The same as a data class."""

    km: float
    city: str


RIDES = [{"km": 1.5, "city": "Bonn"}, {"km": 2.5, "city": "Mainz"}]


@pytest.mark.parametrize(
    "rides",
    [
        RIDES,
        [Body(**ride) for ride in RIDES],
        [Ride(**ride) for ride in RIDES],
        pd.DataFrame(RIDES),
        pl.DataFrame(RIDES),
        pa.Table.from_pylist(RIDES),
        pa.RecordBatch.from_pylist(RIDES),
        np.array([(1.5, "Bonn"), (2.5, "Mainz")], dtype=[("km", "f8"), ("city", "U9")]),
    ],
)
def test_many_rows_are_logged_one_by_one(logged, rides):
    """Whatever holds the rows, each is logged with its own answer and id."""

    @wk.watch("m", client=logged)
    def predict(rows):
        return np.array([3.0, 5.0])

    predict(rides)

    assert logged.features == RIDES
    assert logged.told("prediction") == [3.0, 5.0]
    assert wk.last_prediction_ids() == ("id-1", "id-2")
    assert wk.last_prediction_id() == "id-2"


@pytest.mark.parametrize(
    "rides",
    [np.array([[1.5, 7.0], [2.5, 8.0]]), [[1.5, 7.0], [2.5, 8.0]], [(1.5, 7.0), (2.5, 8.0)]],
)
def test_names_are_given_to_what_has_none(logged, rides):
    """Arrays and lists of lists get the names that are told, else numbered ones."""

    @wk.watch("m", client=logged, features=["km", "hour"])
    def named(rows):
        return [1, 2]

    @wk.watch("m", client=logged)
    def nameless(rows):
        return [1, 2]

    named(rides)
    nameless(rides)

    assert logged.features == [
        {"km": 1.5, "hour": 7.0},
        {"km": 2.5, "hour": 8.0},
        {"x0": 1.5, "x1": 7.0},
        {"x0": 2.5, "x1": 8.0},
    ]


@pytest.mark.parametrize(
    "row", [RIDES[0], pd.Series(RIDES[0]), Body(**RIDES[0]), Ride(1.5, "Bonn")]
)
def test_names_choose_from_what_has_names(logged, row):
    """Only the columns that are wanted are logged."""

    @wk.watch("m", client=logged, features=["km"])
    def predict(row):
        return 1

    predict(row)

    assert logged.features == [{"km": 1.5}]


def test_sparse_rows_are_logged_with_their_zeros(logged):
    """A sparse matrix is as many columns as it has."""
    sparse = pytest.importorskip("scipy.sparse")

    @wk.watch("m", client=logged)
    def predict(rows):
        return [1]

    predict(sparse.csr_matrix([[0.0, 2.0]]))

    assert logged.features == [{"x0": 0.0, "x1": 2.0}]


def test_plain_arguments_go_with_the_rows(logged):
    """Beside rows, plain values are logged with each; objects that are none are left out."""

    @wk.watch("m", client=logged)
    def predict(model, rows, threshold=0.5, *, asked=None):
        return [1, 2]

    predict(object(), RIDES, threshold=0.7, asked=datetime(2024, 1, 1, tzinfo=UTC))

    assert logged.features == [
        {"threshold": 0.7, "asked": datetime(2024, 1, 1, tzinfo=UTC), **ride} for ride in RIDES
    ]


def test_arguments_that_are_no_values_are_no_features(logged):
    """A function of objects alone is not logged as if it had been asked nothing."""

    @wk.watch("m", client=logged)
    def predict(request):
        return 7

    assert predict(object()) == 7
    assert logged.rows == []
    assert "say with features= what was seen" in logged.dropped[0]


@pytest.mark.parametrize(
    "result",
    [
        [{"prediction": "a", "score": 0.1}, {"prediction": "b", "score": 0.2}],
        {"prediction": ["a", "b"], "score": np.array([0.1, 0.2])},
        pd.DataFrame({"prediction": ["a", "b"], "score": [0.1, 0.2]}),
        pl.DataFrame({"prediction": ["a", "b"], "score": [0.1, 0.2]}),
    ],
)
def test_answers_to_many_rows_may_carry_scores(logged, result):
    """Lists of answers, columns of answers and tables of answers are understood."""

    @wk.watch("m", client=logged)
    def predict(rows):
        return result

    assert predict(RIDES) is result
    assert logged.told("prediction") == ["a", "b"]
    assert logged.told("score") == [0.1, 0.2]


@pytest.mark.parametrize(
    "result", [pd.Series([3, 4]), pl.Series([3, 4]), pa.array([3, 4]), np.array([[3], [4]]), (3, 4)]
)
def test_answers_to_many_rows_may_be_any_column(logged, result):
    """One answer a row, whatever holds them."""

    @wk.watch("m", client=logged)
    def predict(rows):
        return result

    predict(RIDES)

    assert logged.told("prediction") == [3, 4]


@pytest.mark.parametrize("result", [[1, 2, 3], 7, None, np.array([[0.1, 0.9], [0.2, 0.8]]), {}, []])
def test_answers_that_do_not_fit_are_counted(logged, result):
    """Where answers cannot be told apart, every row is counted as dropped, with what to do."""

    @wk.watch("m", client=logged)
    def predict(rows):
        return result

    assert predict(RIDES) is result
    assert logged.rows == []
    assert len(logged.dropped) == 2
    assert "say with answer=" in logged.dropped[0]


def test_a_batch_that_fails_fails_for_every_row(logged):
    """An error of a call with many rows is the error of each."""

    @wk.watch("m", client=logged)
    def predict(rows):
        raise ValueError("no model")

    with pytest.raises(ValueError, match="no model"):
        predict(RIDES)

    assert logged.told("error") == ["ValueError: no model"] * 2


def test_a_frame_that_the_function_changes_is_logged_as_it_came(logged):
    """A copy is kept of what was asked."""

    @wk.watch("m", client=logged)
    def predict(frame):
        frame["km"] = 0.0
        return frame["km"]

    predict(pd.DataFrame(RIDES))

    assert logged.features == RIDES


def test_a_large_batch_is_logged_whole(logged):
    """Rows are taken a thousand at a time, and none is lost between."""

    @wk.watch("m", client=logged)
    def predict(rows):
        return rows[:, 0]

    predict(np.arange(5002.0).reshape(2501, 2))

    assert logged.told("prediction") == list(range(0, 5002, 2))
    assert logged.features[2500] == {"x0": 5000.0, "x1": 5001.0}


def test_static_and_class_methods_are_watched(logged):
    """The decorator may stand above theirs too."""

    class Model:
        @wk.watch("m", client=logged)
        @staticmethod
        def predict(row):
            return 1

        @wk.watch("m", client=logged)
        @classmethod
        def of_class(cls, km):
            return 2

    assert (Model.predict({"x": 1}), Model().of_class(3)) == (1, 2)
    assert logged.features == [{"x": 1}, {"km": 3}]


class Unspeakable(Exception):
    """An error whose text raises."""

    def __str__(self):
        raise RuntimeError("no text")


def test_an_error_without_text_is_logged_by_its_kind(logged):
    """What is raised is the function's own error, whatever it does when it is looked at."""

    @wk.watch("m", client=logged)
    def predict(row):
        raise Unspeakable

    with pytest.raises(Unspeakable):
        predict({})

    assert logged.told("error") == ["Unspeakable"]


def test_a_cancelled_call_was_not_answered(logged):
    """A call that is cancelled counts as an error, and stays cancelled."""

    @wk.watch("m", client=logged)
    async def predict(row):
        await asyncio.Event().wait()

    async def main():
        task = asyncio.create_task(predict({"x": 1}))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert logged.told("error") == ["CancelledError: "]


def test_a_generator_answers_with_all_that_it_yields(logged):
    """Texts are one text; what is sent, thrown and returned passes through."""

    @wk.watch("m", client=logged)
    def speak(prompt):
        name = yield "Hello "
        try:
            yield name
        except KeyError:
            yield "!"
        return "done"

    def listen():
        return (yield from stream)

    stream = speak("greet")
    outer = listen()
    heard = [next(outer), outer.send("you"), outer.throw(KeyError("x"))]
    with pytest.raises(StopIteration) as ended:
        next(outer)

    assert (heard, ended.value.value) == (["Hello ", "you", "!"], "done")
    assert inspect.isgenerator(stream)
    assert logged.features == [{"prompt": "greet"}]
    assert logged.told("prediction") == ["Hello you!"]


def test_a_generator_that_is_left_is_logged_so_far(logged):
    """Whoever stops listening got an answer: what was said until then; the function is closed."""
    closed = []

    @wk.watch("m", client=logged)
    def speak(prompt):
        try:
            yield "a"
            yield "b"
        finally:
            closed.append(prompt)

    stream = speak("x")
    next(stream)
    stream.close()

    assert closed == ["x"]
    assert (logged.told("prediction"), logged.told("error")) == (["a"], [None])


def test_a_generator_of_answers_answers_its_rows(logged):
    """One that yields an answer for each row is logged row by row."""

    @wk.watch("m", client=logged)
    def predict(rows):
        yield from ("a", "b")

    assert list(predict(RIDES)) == ["a", "b"]
    assert logged.told("prediction") == ["a", "b"]


def test_a_generator_that_fails_is_an_error(logged):
    """What is raised between two parts is logged and raised."""

    @wk.watch("m", client=logged)
    def speak(prompt):
        yield "a"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(speak("x"))

    assert logged.told("error") == ["OSError: gone"]


def test_an_async_generator_is_watched_too(logged):
    """It stays one: sends and throws reach it, and it is closed when it is left."""
    closed = []

    @wk.watch("m", client=logged)
    async def speak(prompt):
        try:
            name = yield "Hello "
            try:
                yield name
            except KeyError:
                yield "!"
        finally:
            closed.append(prompt)

    async def main():
        stream = speak("all")
        heard = [await anext(stream), await stream.asend("you"), await stream.athrow(KeyError("x"))]
        heard += [part async for part in stream]
        left = speak("left")
        await anext(left)
        await left.aclose()
        return heard

    assert asyncio.run(main()) == ["Hello ", "you", "!"]
    assert inspect.isasyncgenfunction(speak)
    assert closed == ["all", "left"]
    assert logged.told("prediction") == ["Hello you!", "Hello "]


def test_an_endless_stream_keeps_little(logged):
    """What is kept of a long answer is bounded."""

    @wk.watch("m", client=logged)
    def speak(prompt):
        for _ in range(3000):
            yield "x" * 1000

    assert sum(len(part) for part in speak("go")) == 3_000_000
    assert len(logged.told("prediction")[0]) == 100_000


class Callable:
    """An object that is called like a function."""

    async def __call__(self, row):
        return 7


def test_objects_that_are_called_are_watched(logged):
    """One with an async call stays so."""
    predict = wk.watch("m", client=logged)(Callable())

    assert asyncio.run(predict({"x": 1})) == 7
    assert logged.told("prediction") == [7]


@pytest.mark.parametrize(
    "made", [lambda: (n for n in [1]), lambda: map(int, "1"), lambda: iter([1])]
)
def test_what_is_used_up_by_looking_is_left_alone(logged, made):
    """An iterator that a plain function gives reaches its caller whole, and is not logged."""

    @wk.watch("m", client=logged)
    def predict(row):
        return made()

    assert list(predict({"x": 1})) == [1]
    assert (logged.rows, len(logged.dropped)) == ([], 1)


class Touchy(dict):
    """A result that raises when it is looked at."""

    def __contains__(self, key):
        raise RuntimeError("do not look")


def test_a_result_that_bites_is_passed_on(logged):
    """Whatever looking at a result raises stays in the watch."""
    bites = Touchy(a=1)

    @wk.watch("m", client=logged)
    def predict(row):
        return bites

    assert predict({"x": 1}) is bites
    assert len(logged.dropped) == 1
