"""What column names say: their words, and how strongly these speak for a role.

Names differ in style (``y_pred``, ``PredictedLabel``, ``yhat``, ``p-late``), so they are cut into
words first. A name is never the whole evidence: `roles` and `outputs` weigh it with the values.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

__all__ = [
    "CODE_HEADS",
    "ENTITY_NOUNS",
    "ID_HEADS",
    "MEASURES",
    "OUTCOMES",
    "RECORD_NOUNS",
    "OutputKind",
    "output_strength",
    "vocabulary",
    "words_of",
]


def vocabulary(text: str) -> frozenset[str]:
    """A set of words from a text of them."""
    return frozenset(text.split())


_PIECES = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")

# Written in one word by habit.
_JOINED = {
    "ypred": ("y", "pred"), "yhat": ("y", "hat"), "ytrue": ("y", "true"), "yprob": ("y", "prob"),
    "yproba": ("y", "proba"), "yscore": ("y", "score"), "ytest": ("y",), "groundtruth": ("ground", "truth"),
    "predproba": ("pred", "proba"), "predictproba": ("predict", "proba"), "datetime": ("date", "time"),
    "userid": ("user", "id"), "customerid": ("customer", "id"), "clientid": ("client", "id"),
    "accountid": ("account", "id"), "sessionid": ("session", "id"), "deviceid": ("device", "id"),
    "orderid": ("order", "id"), "eventid": ("event", "id"), "requestid": ("request", "id"),
    "rowid": ("row", "id"), "sampleweight": ("sample", "weight"), "eventtime": ("event", "time"),
    "zipcode": ("zip", "code"), "classlabel": ("class", "label"), "trueclass": ("true", "class"),
}  # fmt: skip

PREDICTED = vocabulary(
    "pred preds predict predicted predicts prediction predictions hat forecast forecasted estimate "
    "estimated"
)
SCORED = vocabulary(
    "proba probas prob probs probability probabilities score scores likelihood logit logits "
    "confidence softmax"
)
TRUE = vocabulary("true truth label labels target targets actual actuals gold outcome observed")
_OUTPUT = vocabulary("output outputs decision")
_WHOLE_OUTPUTS = {
    ("output",),
    ("outputs",),
    ("model", "output"),
    ("model", "outputs"),
    ("decision",),
}
# What ends the name of a thing about a prediction that is not the prediction.
_ABOUT = vocabulary(
    "id ids uuid key time timestamp date datetime at ts ms latency version count error errors "
    "weight window day hour month year name encoded text reason source type horizon"
)
_OWN_SCORE = vocabulary(
    "model risk decile anomaly fraud churn default output outlier raw ml ensemble"
)
_FEATURE_SCORE = vocabulary(
    "credit bureau behavioral behavioural fico test exam apgar review satisfaction nps health z "
    "bonus game match math reading writing gre sat act iq"
)
_LABELS = frozenset(
    {
        ("y",), ("y", "true"), ("label",), ("labels",), ("target",), ("targets",), ("truth",), ("ground", "truth"),
        ("actual",), ("actuals",), ("class",), ("true", "label"), ("true", "class"), ("class", "label"),
        ("outcome",), ("gold",), ("actual", "value"), ("true", "value"), ("actual", "label"), ("target", "variable"),
        ("reference",), ("ref",),
    }
)  # fmt: skip
OUTCOMES = vocabulary(
    "fraud fraudulent churn churned exited attrition default defaulted delinquent repaid employed "
    "click clicked converted conversion purchased survived survival recid spam approved "
    "readmitted diagnosis intent species digit cancelled returned subscribed responded won sold "
    "rain income"
)
CODE_HEADS = vocabulary(
    "sex gender race ethnicity education marriage marital religion code cd category cat type kind "
    "group class pclass status state region zone zip postcode postal country city county district "
    "store shop branch channel brand make color colour cluster segment flag mode method plan "
    "product sku department dept job occupation industry sector language lang device os browser "
    "carrier airline station species cohort arm title scenario"
)
MEASURES = vocabulary(
    "num nb count cnt number total sum amount amt avg mean median rate ratio pct percent age "
    "years days hours minutes seconds length size value price qty quantity distance min max std"
)
ID_HEADS = vocabulary("id ids uuid guid hash")
ENTITY_NOUNS = vocabulary(
    "user customer client account member subscriber patient card device household person people "
    "employee driver merchant terminal visitor player borrower applicant host machine vehicle "
    "msisdn email phone ssn iban ip cust acct"
)
RECORD_NOUNS = vocabulary(
    "prediction request inference event transaction tx trx row record index idx log order message "
    "trace span call sample observation obs unnamed loan application claim case booking trip "
    "flight"
)


class OutputKind(StrEnum):
    """What of a model's answer a name speaks of."""

    SCORE = "score"
    PREDICTION = "prediction"
    LABEL = "label"


@lru_cache(maxsize=16_384)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case.

    >>> words_of("TX_DATETIME"), words_of("PredictedLabel"), words_of("yhat")
    (('tx', 'date', 'time'), ('predicted', 'label'), ('y', 'hat'))
    """
    pieces = [piece.lower() for piece in _PIECES.findall(name[:512])]
    return tuple(word for piece in pieces for word in _JOINED.get(piece, (piece,)))


def output_strength(words: tuple[str, ...]) -> tuple[OutputKind, float] | None:
    """Which output a name speaks of, and how strongly (0 to 1); None where of none.

    >>> output_strength(("y", "pred", "proba")), output_strength(("prediction", "id"))
    ((<OutputKind.SCORE: 'score'>, 0.95), None)
    """
    bare = tuple(word for word in words if not word.isdigit())
    if not bare or (bare[-1] in _ABOUT and len(bare) > 1):
        return None
    found = set(bare)
    if words in _LABELS:
        return OutputKind.LABEL, 0.95
    if found & PREDICTED and found & SCORED:
        return OutputKind.SCORE, 0.95
    for kind, vocabulary_, strength in (
        (OutputKind.PREDICTION, PREDICTED, _prediction_strength),
        (OutputKind.SCORE, SCORED, _score_strength),
        (OutputKind.PREDICTION, _OUTPUT, lambda bare, _: 0.8 if bare in _WHOLE_OUTPUTS else 0.4),
        (OutputKind.LABEL, TRUE, lambda bare, _: 0.7 if len(bare) <= 3 else 0.5),
        (OutputKind.LABEL, OUTCOMES, lambda *_: 0.45),
    ):
        if found & vocabulary_:
            return kind, strength(bare, found)
    return (OutputKind.SCORE, 0.6) if bare[0] == "p" and 1 < len(bare) <= 3 else None


def _prediction_strength(bare: tuple[str, ...], found: set[str]) -> float:
    if found & {"forecast", "forecasted", "estimate", "estimated"}:  # as often not by the model
        return 0.6
    return 0.95 if len(bare) <= 2 else 0.8


def _score_strength(bare: tuple[str, ...], found: set[str]) -> float:
    if found & _FEATURE_SCORE:
        return 0.2
    if "confidence" in found:
        return 0.65
    if found & (SCORED - {"score", "scores"}):
        return 0.9
    if found & {"propensity"}:
        return 0.5
    return 0.8 if len(bare) == 1 else 0.7 if found & _OWN_SCORE or bare[0] == "y" else 0.4
