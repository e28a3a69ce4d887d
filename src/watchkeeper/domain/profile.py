"""Profiles: mergeable summaries of one column, and of one window.

A binning says how a column is counted and is frozen when the model gets its reference; a profile
holds the counts. Merging is addition: exact for counts, in any order, over any split. numpy is
only named here, never imported: this module must stay cheap for the SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from watchkeeper.domain.window import Window

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

__all__ = [
    "DELAY_EDGES_SECONDS",
    "SCORE_BINS",
    "SCORE_FIFTHS",
    "WINDOW_SLICES",
    "Accounting",
    "Binning",
    "BreakdownProfile",
    "CategoricalBinning",
    "CategoricalProfile",
    "ClassificationProfile",
    "ClientAccount",
    "ColumnProfile",
    "CountProfile",
    "DelayCounts",
    "Elsewhere",
    "NumericBinning",
    "NumericProfile",
    "PerformanceProfile",
    "RegressionProfile",
    "ServiceProfile",
    "WindowProfile",
]


SCORE_BINS = 1000  # equal bins of [0, 1]; a score of exactly 1 lies in the last
SCORE_FIFTHS = 5  # equal fifths of [0, 1], each of 200 score bins
WINDOW_SLICES = 24  # equal slices of a window, so that the age of its rows is known at any time
# Upper edges of the delay bins: from a minute to two years, four to a doubling.
DELAY_EDGES_SECONDS = tuple(60.0 * 2.0 ** (step / 4.0) for step in range(81))


@dataclass(frozen=True, slots=True)
class NumericBinning:
    """The asinh grid: ``cell = floor(100·a + ½)`` with ``a = sign(z)·ln(|z| + √(z²+1))`` and
    ``z = (x − center)/scale`` (``a = sign(z)·ln(2|z|)`` where ``|z| > 1e8``).

    ``breaks`` (ascending, at most 40) part the values into few coarse cells of which the reference
    held about as much each, for what is summed by cell: the first holds ``x < breaks[0]``, the
    last ``x >= breaks[-1]``. Empty where the reference said nothing.
    """

    center: float
    scale: float
    version: int = 1
    provisional: bool = False  # the reference was constant or absent: a stated default was taken
    breaks: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class CategoricalBinning:
    """The values (as text) of the reference that are counted by name, most frequent first.

    Values of the reference beyond the first 2,000 count as ``other`` and are recognised by
    ``other_values`` (a frozen set of text); every value that the reference did not hold is
    ``unseen``.
    """

    values: tuple[str, ...]
    other_values: frozenset[str] = frozenset()


Binning = NumericBinning | CategoricalBinning


@dataclass(frozen=True, slots=True, weakref_slot=True)
class NumericProfile:
    """Counts of a numeric column. ``cells`` is ascending and unique; ``counts``, ``sums`` (Σz per
    cell) go with it. ``n`` counts every row of the window, so
    ``n = null + nan + pos_inf + neg_inf + invalid + counts.sum()``.
    ``outside`` counts finite values beyond the column's stated minimum or maximum.
    ``minimum``/``maximum`` are of the finite values, None where there are none. ``distinct`` is
    approximate and merges as a bound (the largest part).
    """

    binning: NumericBinning
    n: int
    null: int
    nan: int
    pos_inf: int
    neg_inf: int
    invalid: int
    outside: int
    cells: Ints
    counts: Ints
    sums: Floats
    sum_z: float
    sum_z2: float
    minimum: float | None
    maximum: float | None
    distinct: int | None = None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class CategoricalProfile:
    """Counts of a categorical, boolean or text-class column.

    ``counts[i]`` is the count of ``binning.values[i]``; ``n = null + invalid + counts.sum() +
    other + unseen``. ``unseen_values`` shows a few of them with count, most frequent first, for
    the message. ``outside`` counts values not in the column's stated categories.
    """

    binning: CategoricalBinning
    n: int
    null: int
    invalid: int
    outside: int
    counts: Ints
    other: int
    unseen: int
    unseen_values: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CountProfile:
    """A column that is only counted: entity, identifiers, unsupported types, timestamps.

    For a timestamp column ``stale`` and ``future`` count values behind or ahead of what was
    plausible when the row was received.
    """

    n: int
    null: int
    invalid: int = 0
    duplicate: int = 0
    stale: int = 0
    future: int = 0


ColumnProfile = NumericProfile | CategoricalProfile | CountProfile


@dataclass(frozen=True, slots=True)
class DelayCounts:
    """Label arrivals of a window, as far as known: from these late labels are weighted.

    ``counts[d, c, q]`` labels by delay bin (from the prediction to when its label became known),
    outcome class and score fifth. ``edges_seconds`` are the ascending upper edges of the delay
    bins; one more, open bin follows, so ``d`` runs to ``len(edges_seconds)`` inclusive.
    ``arrived[s, c, q]`` counts the same labels by the slice (of ``WINDOW_SLICES`` equal ones) of
    the window in which the prediction was made, and ``made[s]`` all predictions of that slice,
    labelled or not. None where the table has no time.

    The class axis is the profile's ``classes``; for a regressor the fifth of the label: with
    ``z`` of the label column's grid, below −0.8416, −0.2533, 0.2533, 0.8416, above. ``q`` is
    the equal fifth of [0, 1] that holds the score (binary: of the positive class; multiclass: of
    the predicted class), 0 where there is no valid score; of length 1 for a regressor.
    """

    edges_seconds: tuple[float, ...]
    counts: Ints
    arrived: Ints | None = None
    made: Ints | None = None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class ClassificationProfile:
    """Sufficient statistics of a classifier in a window.

    ``classes`` orders every class axis; binary: (negative, positive). ``confusion[i, j]`` counts
    label i predicted j, of the labelled rows; ``confusion_fifths[q, i, j]`` the same by score
    fifth (as in `DelayCounts`), None where labels carry no arrival time.
    ``score_histogram[k, b, y]``: for the score of class k (one row for binary: the positive
    class; no row, K = 0, without score columns), 1,000 equal bins of [0, 1], y = 1 where the label
    is class k; labelled rows with valid scores only. ``score_sums[k, b, y]`` is Σ score there.
    ``unlabelled_histogram[k, b]`` holds the rows still without label. ``log_loss`` and ``brier``
    are (Σ, Σ²) over the ``scored`` rows (labelled, every score valid): log loss is −ln of the
    label's probability, clipped at 2.220446049250313e-16 from 0 and 1; Brier is (score − y)² for
    binary, summed over classes for multiclass. ``n`` predictions, ``labelled`` of them with a
    label, ``invalid_score`` with a score that is missing or not in [0, 1]. ``previous_agree`` is
    (agreeing, compared) of each label with the label before it in time: the no-change control.
    """

    classes: tuple[str, ...]
    n: int
    labelled: int
    invalid_score: int
    confusion: Ints
    score_histogram: Ints
    score_sums: Floats
    unlabelled_histogram: Ints
    scored: int
    log_loss: tuple[float, float]
    brier: tuple[float, float]
    previous_agree: tuple[int, int] = (0, 0)
    delays: DelayCounts | None = None
    confusion_fifths: Ints | None = None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class RegressionProfile:
    """Sufficient statistics of a regressor in a window, with ``e = prediction − label``.

    ``moments`` = (Σe, Σ|e|, Σe², Σe⁴), ``ape`` = (Σ|e/y|, Σ(e/y)², count with y ≠ 0),
    ``label`` = (Σ(y−c), Σ(y−c)²) around ``label_center``; ``error_cells``/``error_counts`` is
    the grid of errors under ``error_binning``. ``previous`` = (Σ|y−y_prev|, Σ(y−y_prev)², count):
    the no-change control. ``invalid`` counts rows whose prediction or label is not a finite number;
    ``labelled`` the rows with both, over which all sums run.

    ``strata[c]`` = (count, Σe, Σ|e|, Σe², Σe⁴, Σ|e/y|, Σ(e/y)², count with y ≠ 0, Σ(y−c),
    Σ(y−c)²) by fifth of the label (as in `DelayCounts`), shape (5, 10): from it late labels are
    weighted. None where labels carry no arrival time.
    """

    n: int
    labelled: int
    invalid: int
    moments: tuple[float, float, float, float]
    ape: tuple[float, float, int]
    label_center: float
    label: tuple[float, float]
    error_binning: NumericBinning
    error_cells: Ints
    error_counts: Ints
    previous: tuple[float, float, int] = (0.0, 0.0, 0)
    delays: DelayCounts | None = None
    strata: Floats | None = None


PerformanceProfile = ClassificationProfile | RegressionProfile


@dataclass(frozen=True, slots=True, weakref_slot=True)
class BreakdownProfile:
    """What the model answered and how wrong it was, by the cells of one feature or segment column.

    A numeric column's cells are those of its binning's ``breaks``, then one for missing values and
    what is no number; a categorical column's are the 30 most frequent values of its reference,
    then its other values, values that it never held, and missing ones.

    ``rows`` counts the rows with an answer (all, of a model without ``answer``) and ``labelled``
    those with label and answer, both of shape (cells,), of the rows that were looked at: all, or a
    fixed share of a large window.
    ``sums`` holds sums by cell, shape (cells,), under the name of what is summed. Over ``rows``:
    ``answer`` (the score of the positive class, else whether it was predicted; the predicted
    number) and ``answer_2``, its square. Over ``labelled``: ``signed`` (score − label of a binary
    model with scores, prediction − label of a regressor), ``squared`` (its square; multiclass:
    Brier's, over classes) and ``squared_2``, the square of that, ``absolute`` (regressors) and
    ``wrong`` (classifiers: 1 where another class was predicted). What the model does not have is
    absent.
    """

    binning: Binning
    rows: Ints
    labelled: Ints
    sums: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Who measured how a model answered, where it was not counted from rows: the server of the model
    itself, asked through the ``source``.

    ``coverage`` is the share of the window, from 0 to 1, in which it was measured at all. ``mean_ms``
    is the mean latency of servers that tell no more; None where they do, or tell nothing.
    ``errors_known`` is False for servers that do not tell which requests failed.
    """

    source: str
    coverage: float
    mean_ms: float | None = None
    errors_known: bool = True


@dataclass(frozen=True, slots=True)
class ServiceProfile:
    """How the model answered: requests, errors, and latency (ms) on the numeric grid; ``elsewhere``
    where that was measured beside the rows.
    """

    requests: int
    errors: int
    latency: NumericProfile | None = None
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True, slots=True)
class ClientAccount:
    """What one client has to answer for in a window: rows that it numbered and that never arrived
    (``missing``), could not keep (``dropped``), or left out on purpose (``sampled``); and the
    differences received − sent, in seconds, by which its clock is judged, where they stood out.
    """

    name: str
    kind: str
    missing: int = 0
    dropped: int = 0
    sampled: int = 0
    delays: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Accounting:
    """What became of the rows of a window, as far as is known now.

    ``received = accepted + duplicate + rejected``. ``late`` of the accepted came to be known after
    the window was due. ``clients`` holds those that have anything to answer for; ``numbered`` says
    whether clients of the model number their rows at all. ``faults`` say in words what of a day that
    ended in the window does not add up.
    """

    received: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicate: int = 0
    joined: int = 0
    late: int = 0
    clients: tuple[ClientAccount, ...] = ()
    numbered: bool = False
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowProfile:
    """Everything that is known of one window of one (version, arm, segment): one revision.

    ``segment`` is None for all rows, else ``"column=value"``; ``version`` and ``arm`` likewise
    None for all. ``window`` is None where the data has no time column. ``duplicate_rows`` counts
    rows whose columns all repeat another row's; ``schema`` maps each column that the table held
    to its storage type, for the schema monitor. ``complete`` is False where the data began or
    ended inside the window, so that its number of rows says nothing. ``figures`` holds the values
    of the model's own metrics (monitors of kind ``custom``) by monitor name: None where one has no
    value, a sentence where it failed. They do not merge. ``breakdowns`` holds, by column, what a
    change of the answers or errors is traced to its causes with; empty where it was not asked for.
    """

    model: str
    window: Window | None
    rows: int
    columns: Mapping[str, ColumnProfile]
    version: str | None = None
    arm: str | None = None
    segment: str | None = None
    known_at: datetime | None = None
    lake_version: int | None = None
    revision: int = 1
    id: str = ""
    performance: PerformanceProfile | None = None
    service: ServiceProfile | None = None
    duplicate_rows: int = 0
    schema: Mapping[str, str] = field(default_factory=dict)
    accounting: Accounting | None = None
    complete: bool = True
    figures: Mapping[str, float | str | None] = field(default_factory=dict)
    breakdowns: Mapping[str, BreakdownProfile] = field(default_factory=dict)
