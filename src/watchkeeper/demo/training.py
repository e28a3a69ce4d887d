"""The model that is watched: gradient-boosted trees that foresee a late arrival.

The reference scores are out of fold, by whole days: scores of rows that the model was trained on
would make the reference look better than any later day can be, and every day an alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.demo.flights import CATEGORICAL, FEATURES, NUMERIC

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

__all__ = ["THRESHOLD", "LateModel", "out_of_fold_scores", "train", "with_scores"]

# Says "late" where it is more likely than the cost of a false warning allows: about one flight
# in five is late, and at this score precision and recall are near each other.
THRESHOLD = 0.3

_FOLDS = 4
_SEED = 2013


@dataclass(frozen=True, slots=True)
class LateModel:
    """A trained model with the categories that it knows."""

    trees: HistGradientBoostingClassifier
    categories: dict[str, dict[str, int]]

    def scores(self, flights: pa.Table) -> npt.NDArray[np.float64]:
        """P(arrives more than 15 minutes late) of each flight, in [0, 1]."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            return np.asarray(self.trees.predict_proba(_matrix(flights, self.categories))[:, 1])


def train(flights: pa.Table) -> LateModel:
    """Train on the flights that have a label; the others are left out."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    known = flights.filter(pc.is_valid(flights["late"]))
    categories = {
        name: {value: code for code, value in enumerate(sorted(pc.unique(known[name]).to_pylist()))}
        for name in CATEGORICAL
    }
    trees = HistGradientBoostingClassifier(
        max_iter=120,
        learning_rate=0.08,
        max_leaf_nodes=24,
        min_samples_leaf=60,
        l2_regularization=5.0,
        categorical_features=list(range(len(NUMERIC), len(FEATURES))),
        random_state=_SEED,
    )
    # Its threads wait for each other by spinning: with a busy neighbour, one is many times faster.
    with threadpool_limits(1):
        trees.fit(_matrix(known, categories), _late(known))
    return LateModel(trees, categories)


def out_of_fold_scores(flights: pa.Table) -> npt.NDArray[np.float64]:
    """Scores of the flights by models that have not seen their day."""
    days = flights["departs_at"].cast(pa.timestamp("s", "UTC")).cast(pa.int64()).to_numpy() // 86400
    folds = days % _FOLDS
    scores = np.empty(flights.num_rows)
    for fold in range(_FOLDS):
        inside = folds == fold
        model = train(flights.filter(pa.array(~inside)))
        scores[inside] = model.scores(flights.filter(pa.array(inside)))
    return scores


def with_scores(flights: pa.Table, scores: npt.NDArray[np.float64]) -> pa.Table:
    """The flights with the model's ``score`` and ``prediction`` ("1" means late)."""
    says_late = pc.if_else(pa.array(scores >= THRESHOLD), "1", "0")
    return flights.append_column("score", pa.array(scores)).append_column("prediction", says_late)


def _late(flights: pa.Table) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.equal(flights["late"], "1").to_numpy(zero_copy_only=False), dtype=bool)


def _matrix(flights: pa.Table, categories: dict[str, dict[str, int]]) -> npt.NDArray[np.float64]:
    """One column a feature; what is missing or was never seen in training is NaN."""
    columns = [flights[name].to_numpy(zero_copy_only=False) for name in NUMERIC]
    for name in CATEGORICAL:
        codes = categories[name]
        column = flights[name].combine_chunks().dictionary_encode()
        translate = np.array(
            [codes.get(v, np.nan) for v in column.dictionary.to_pylist()] + [np.nan]
        )
        places = column.indices.fill_null(len(column.dictionary)).to_numpy(zero_copy_only=False)
        columns.append(translate[places])
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])
