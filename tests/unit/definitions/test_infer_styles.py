"""Outputs are found under the names that the field uses, and under none at all."""

from __future__ import annotations

import itertools

import pytest

from watchkeeper.definitions.infer import infer
from watchkeeper.domain.model import Role

BINARY = [
    ("id", "event_time", "y_pred_proba", "y_pred", "y_true"),
    ("request_id", "ts", "score", "prediction", "label"),
    ("uuid", "timestamp", "probability", "predicted_label", "target"),
    ("prediction_id", "created_at", "proba_1", "pred", "ground_truth"),
    ("row_id", "date", "churn_probability", "churn_prediction", "churn"),
    ("TransactionID", "TransactionTime", "FraudScore", "PredictedClass", "ActualClass"),
    ("Id", "EventTimestamp", "Score", "Prediction", "Actual"),
    ("idx", "datetime", "p_late", "is_late_pred", "is_late"),
    ("id", "time", "yprob", "yhat", "y"),
    ("order_id", "ordered_at", "model_score", "decision", "outcome"),
    ("id", "time", "prediction_score", "predicted", "observed"),
    ("id", "ts", "y_score", "y_hat", "class"),
    ("loan_id", "application_date", "PD", "default_pred", "defaulted"),
    ("id", "ts", "out", "flag", "truth"),
]
MULTICLASS = [
    ("proba_{}", "prediction", "label"),
    ("y_pred_proba_{}", "y_pred", "y_true"),
    ("{}_prob", "predicted_class", "actual_class"),
    ("prob_{}", "pred", "target"),
    ("{}", "yhat", "species"),
    ("score_{}", "class_pred", "class"),
    ("p_{}", "predicted_animal", "animal"),
    ("P({})", "Prediction", "Truth"),
]
REGRESSION = [
    ("y_pred", "y_true"),
    ("prediction", "target"),
    ("predicted_sales", "sales"),
    ("sales_pred", "sales"),
    ("forecast", "actual"),
    ("yhat", "y"),
    ("PredictedPrice", "ActualPrice"),
    ("pred", "label"),
    ("sales_forecast", "sales_actual"),
    ("model_output", "ground_truth"),
    ("estimate", "true_value"),
]
# A prediction called `flag` shows only by its score: without one nothing gives it away.
SEEN = [
    (style, missing)
    for style in BINARY
    for missing in (None, "score", "prediction", "label")
    if (style[3], missing) != ("flag", "score")
]


def roles(model):
    """The columns with a role of their own."""
    return {
        column.name: str(column.role) for column in model.columns if column.role is not Role.FEATURE
    }


@pytest.mark.parametrize(("style", "missing"), SEEN)
def test_a_binary_classifier_is_seen_through(make, style, missing):
    """Id, time, score, prediction and label get their roles, also where one of them is absent."""
    keys = ("id", "time", "score", "prediction", "label")
    named = {key: name for key, name in zip(keys, style, strict=True) if key != missing}
    model = infer(make.binary(named)).model

    as_role = {"id": "prediction_id"}
    assert {name: as_role.get(key, key) for key, name in named.items()} == roles(model)
    assert (model.task, model.positive_class, model.classes) == ("binary", "1", ("0", "1"))


@pytest.mark.parametrize(
    ("style", "missing"),
    list(itertools.product(MULTICLASS, [None, "score", "prediction", "label"])),
)
def test_a_multiclass_classifier_is_seen_through(make, style, missing):
    """Each probability gets its class, whichever of the outputs is absent."""
    named = {
        key: name
        for key, name in zip(("score", "prediction", "label"), style, strict=True)
        if key != missing
    }
    scores = {} if missing == "score" else {style[0].format(c): c for c in ("cat", "dog", "fox")}

    model = infer(make.multiclass(named)).model

    wanted = dict.fromkeys(scores, "score")
    wanted |= {named[key]: key for key in ("prediction", "label") if key in named}
    assert wanted == roles(model)
    assert scores == {c.name: c.score_of for c in model.with_role(Role.SCORE)}
    assert (model.task, model.classes) == ("multiclass", ("cat", "dog", "fox"))


@pytest.mark.parametrize(("style", "labelled"), list(itertools.product(REGRESSION, [True, False])))
def test_a_regression_is_seen_through(make, style, labelled):
    """Prediction and truth are told from a lagged feature that fits as well."""
    named = dict(zip(("prediction", "label"), style if labelled else style[:1], strict=False))

    model = infer(make.regression(named)).model

    assert {name: key for key, name in named.items()} == roles(model)
    assert model.task == "regression"
