"""Watched estimators: they stay estimators, and what they predict is logged."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import BayesianRidge, LinearRegression, LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

import watchkeeper as wk
from watchkeeper.errors import InvalidInput

X = np.array([[0.0, 1.0], [1.0, 0.0], [0.2, 0.9], [0.9, 0.1]])
Y = np.array(["no", "yes", "no", "yes"])


def test_predictions_are_logged_and_the_same(logged):
    """The answers are the estimator's, the rows have numbered names."""
    plain = LogisticRegression().fit(X, Y)
    expected = plain.predict(X)

    watched = wk.watch_estimator(plain, "m", version="3", client=logged)
    found = watched.predict(X)

    assert watched is plain
    assert found.tolist() == expected.tolist() == logged.told("prediction")
    assert logged.features[0] == {"x0": 0.0, "x1": 1.0}
    assert logged.named == ("m", "3")
    assert len(wk.last_prediction_ids()) == 4


def test_scores_of_two_classes_are_of_the_second(logged):
    """Probabilities are logged as the score of the positive class, with the likelier class."""
    estimator = wk.watch_estimator(LogisticRegression().fit(X, Y), "m", client=logged)

    found = estimator.predict_proba(X)

    assert logged.told("score") == found[:, 1].tolist()
    assert logged.told("prediction") == Y.tolist()


def test_scores_of_many_classes_are_named(logged):
    """With three classes each row has a score of each."""
    estimator = LogisticRegression().fit(X, [0, 1, 2, 1])
    found = wk.watch_estimator(estimator, "m", client=logged).predict_proba(X)

    assert logged.told("score")[0] == dict(zip("012", found[0].tolist(), strict=True))
    assert logged.told("prediction") == found.argmax(axis=1).tolist()


def test_a_forest_that_asks_itself_is_logged_once(logged):
    """`predict` of a forest calls its own `predict_proba`: the answer is one."""
    forest = RandomForestClassifier(3, random_state=0).fit(X, Y)

    wk.watch_estimator(forest, "m", client=logged).predict(X)

    assert len(logged.rows) == len(X)


def test_an_estimator_within_another_is_logged_by_itself(logged):
    """A watched step of a watched pipeline logs what it sees too: it is another estimator."""
    step = wk.watch_estimator(LinearRegression().fit(X, [1, 2, 3, 4]), "step", client=logged)
    outer = make_pipeline(StandardScaler().fit(X), step)

    wk.watch_estimator(outer, "outer", client=logged).predict(X)

    assert len(logged.rows) == 2 * len(X)


def test_a_pipeline_is_logged_by_what_it_was_given(logged):
    """Names and values are those of the table, before any transformation."""
    frame = pd.DataFrame({"km": [1.0, 2.0, 3.0], "city": ["Bonn", "Mainz", "Bonn"]})
    columns = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    pipeline = make_pipeline(columns, LinearRegression()).fit(frame, [1.0, 2.0, 3.0])
    wk.watch_estimator(pipeline, "m", client=logged)

    pipeline.predict(frame.assign(more=1))

    assert logged.features == frame.to_dict("records")


def test_arrays_get_the_names_of_the_fit(logged):
    """An estimator that was fitted with a table knows the names of an array's columns."""
    estimator = StandardScaler(), LinearRegression()
    pipeline = make_pipeline(*estimator).fit(pd.DataFrame(X, columns=["a", "b"]), [1, 2, 3, 4])
    wk.watch_estimator(pipeline, "m", client=logged)

    with pytest.warns(UserWarning, match="feature names"):
        pipeline.predict(X)

    assert logged.features[0] == {"a": 0.0, "b": 1.0}


@pytest.mark.parametrize("wrap", [list, pd.Series, np.array])
def test_texts_are_one_column(logged, wrap):
    """A pipeline over texts logs each under the name that is told."""
    texts = ["good day", "bad day"]
    pipeline = make_pipeline(CountVectorizer(), MultinomialNB()).fit(texts, ["+", "-"])
    wk.watch_estimator(pipeline, "m", client=logged, features=["review"])

    pipeline.predict(wrap(texts))

    assert logged.features == [{"review": "good day"}, {"review": "bad day"}]


def test_sparse_matrices_and_second_figures_are_understood(logged):
    """Of a sparse matrix each row is logged; of a prediction with its deviation the prediction."""
    sparse = pytest.importorskip("scipy.sparse")
    linear = wk.watch_estimator(LinearRegression().fit(X, [1, 2, 3, 4]), "m", client=logged)
    linear.predict(sparse.csr_matrix(X))
    bayesian = BayesianRidge().fit(X, [1.0, 2.0, 3.0, 4.0])
    mean, deviation = wk.watch_estimator(bayesian, "m", client=logged).predict(X, return_std=True)

    assert len(deviation) == 4
    assert logged.features[:4] == logged.features[4:]
    assert logged.told("prediction")[4:] == mean.tolist()


def test_an_error_is_logged_for_each_row_and_raised(logged):
    """An input that the estimator refuses is refused as before."""
    estimator = wk.watch_estimator(LinearRegression().fit(X, [1, 2, 3, 4]), "m", client=logged)

    with pytest.raises(ValueError, match="features"):
        estimator.predict(np.ones((2, 3)))

    assert [error.partition(":")[0] for error in logged.told("error")] == ["ValueError"] * 2


@pytest.mark.parametrize("given", [7, None, {"a": 1}])
def test_what_cannot_be_logged_is_the_estimators_affair(logged, given):
    """Whatever is given, the error is the estimator's own."""
    with pytest.raises(Exception, match=r".+") as plain:
        LinearRegression().fit(X, [1, 2, 3, 4]).predict(given)
    estimator = wk.watch_estimator(LinearRegression().fit(X, [1, 2, 3, 4]), "m", client=logged)

    with pytest.raises(type(plain.value)):
        estimator.predict(given)

    assert (logged.rows, len(logged.dropped)) == ([], 1)


@pytest.mark.parametrize(
    "copied",
    [
        copy.copy,
        copy.deepcopy,
        lambda estimator: pickle.loads(pickle.dumps(estimator)),
        lambda estimator: pickle.loads(pickle.dumps(estimator, protocol=0)),
    ],
)
def test_copies_are_plain(logged, copied):
    """What is copied or loaded is the estimator without its watch, and independent of it."""
    watched = wk.watch_estimator(LinearRegression().fit(X, [1, 2, 3, 4]), "m", client=logged)

    plain = copied(watched)
    plain.fit(X, [0, 0, 0, 0])

    assert type(plain) is LinearRegression
    assert "predict" not in vars(plain)
    assert plain.predict(X).tolist() == [0, 0, 0, 0]
    assert logged.rows == []
    assert watched.predict(X).any()


def test_an_estimator_inside_a_pickle_is_plain(logged, tmp_path):
    """Dumped with joblib, as a part of something else too, it loads where nothing is watched."""
    watched = wk.watch_estimator(LinearRegression().fit(X, [1, 2, 3, 4]), "m", client=logged)
    joblib.dump({"model": make_pipeline(StandardScaler().fit(X), watched)}, tmp_path / "model")

    program = "import sys, joblib; joblib.load(sys.argv[1]); print('watchkeeper' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "model"],
        capture_output=True, check=True, text=True,
    )  # fmt: skip

    assert ended.stdout.strip() == "False"


def test_a_clone_is_new_and_parameters_are_its_own(logged):
    """`clone`, `get_params`, `repr` and `isinstance` see the estimator."""
    plain = LogisticRegression(C=0.5).fit(X, Y)
    shown, parameters = repr(plain), plain.get_params()
    watched = wk.watch_estimator(plain, "m", client=logged)

    assert (repr(watched), watched.get_params()) == (shown, parameters)
    assert clone(watched).fit(X, Y).predict(X).tolist() == Y.tolist()
    assert logged.rows == []
    assert type(watched) is LogisticRegression
    assert watched.predict.__name__ == "predict"


def test_fitting_again_keeps_the_watch(logged):
    """A watched estimator that learns anew is watched on."""
    watched = wk.watch_estimator(LogisticRegression().fit(X, Y), "m", client=logged)

    watched.fit(X, ["a", "b", "a", "b"])
    watched.predict(X)

    assert logged.told("prediction") == ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("estimator", "options", "message"),
    [
        (StandardScaler(), {}, "must have predict or predict_proba, got a StandardScaler"),
        (SVC(), {"methods": ["predict_proba"]}, "must have predict_proba, got a SVC"),
        (LinearRegression(), {"methods": ["fit"]}, "methods must be of predict and predict_proba"),
        (LinearRegression(), {"methods": []}, "must have"),
    ],
)
def test_what_cannot_be_watched_is_refused(logged, estimator, options, message):
    """A wrong call is told when it is made."""
    with pytest.raises(InvalidInput, match=message):
        wk.watch_estimator(estimator, "m", client=logged, **options)


def test_an_estimator_is_watched_once(logged):
    """Watching it twice would log each row twice."""
    watched = wk.watch_estimator(LinearRegression(), "m", client=logged)

    with pytest.raises(InvalidInput, match="watched once"):
        wk.watch_estimator(watched, "m", client=logged)
