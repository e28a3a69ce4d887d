"""A model's definition: what its columns mean, how it is watched, and for whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from watchkeeper.domain.window import Granularity
from watchkeeper.errors import InvalidDefinition

__all__ = [
    "AlarmBudget",
    "Baseline",
    "Column",
    "ColumnType",
    "Model",
    "MonitorSpec",
    "Policy",
    "Retention",
    "Role",
    "Task",
    "Tier",
]


class ColumnType(StrEnum):
    """What the values of a column are, which decides how it is profiled."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    TEXT = "text"
    EMBEDDING = "embedding"
    UNSUPPORTED = "unsupported"  # nested or binary: counted (n, null), never profiled by value


class Role(StrEnum):
    """What a column means to the model."""

    FEATURE = "feature"
    PREDICTION = "prediction"
    SCORE = "score"
    LABEL = "label"
    ENTITY = "entity"
    SEGMENT = "segment"  # a column to slice by; it is watched like a feature too
    CONTEXT = "context"  # kept, not watched for drift
    WEIGHT = "weight"
    VALUE = "business_value"
    LATENCY = "latency"  # milliseconds
    TIME = "time"
    PREDICTION_ID = "prediction_id"
    VERSION = "version"
    ARM = "arm"
    ERROR = "error"  # text of the predict function's failure; null where it answered


class Task(StrEnum):
    """What the model answers."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
    NONE = "none"  # a table without a model's outputs: only its columns are watched


class Tier(StrEnum):
    """How much depends on the model; routes and approvals read it."""

    CRITICAL = "critical"
    STANDARD = "standard"
    EXPERIMENTAL = "experimental"


class Policy(StrEnum):
    """What is done to a column's values before they are stored."""

    KEEP = "keep"
    DROP = "drop"
    HASH = "hash"
    BUCKET = "bucket"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    ``minimum``/``maximum`` and ``categories`` are static bounds that the owner states: a value
    outside them is out of range. ``None`` means not stated. ``score_of`` names the class whose
    probability a score column holds (for multiclass; the positive class for binary).
    """

    name: str
    type: ColumnType
    role: Role = Role.FEATURE
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] | None = None
    policy: Policy = Policy.KEEP
    score_of: str | None = None


@dataclass(frozen=True, slots=True)
class AlarmBudget:
    """How many false alert-days are acceptable: ``false_days`` per ``per_days`` days, over all
    statistical alarms of the model together.

    It bounds what is to be expected, not what can happen: some 90 days hold none, some hold two.
    """

    false_days: float = 1.0
    per_days: float = 90.0

    def __post_init__(self) -> None:
        if not (0 < self.false_days <= self.per_days):
            raise InvalidDefinition(
                f"alarm_budget must hold 0 < false_days <= per_days, got {self.false_days} per {self.per_days}"
            )

    def in_words(self) -> str:
        """What it promises where nothing changes.

        >>> AlarmBudget().in_words()
        'on average at most 1 false alert-day in 90 days'
        """
        days = "alert-day" if self.false_days == 1 else "alert-days"
        return f"on average at most {self.false_days:g} false {days} in {self.per_days:g} days"

    def per_tick(self, granularity: Granularity) -> float:
        """The share of the budget that one window may spend (its false-alarm probability)."""
        return min(1.0, self.false_days / self.per_days * (granularity.length / timedelta(days=1)))


@dataclass(frozen=True, slots=True)
class Baseline:
    """What windows are compared against.

    ``anchored`` is the stored reference (training or validation data); ``rolling`` adds the last
    ``rolling_windows`` windows that raised no alarm. The anchored baseline answers "how far from
    what the model learned", the rolling one "did something change".
    """

    reference: str | None = None  # a path or URI that `apply` loads; None: uploaded by hand
    rolling_days: int = 56


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the rows of each of a model's tables are kept; None: as long as its tier says.

    ``timedelta.max`` keeps them for ever.
    """

    predictions: timedelta | None = None
    labels: timedelta | None = None
    quarantine: timedelta | None = None
    profiles: timedelta | None = None


@dataclass(frozen=True, slots=True)
class MonitorSpec:
    """A monitor as data: its kind, what it looks at, and options of that kind.

    ``columns`` empty means every column the kind applies to. ``budgeted`` monitors share the
    alarm budget; the others (static thresholds, schema) stand outside it. ``runbook`` is the address
    of what to do when it alarms; None: the page of its kind. ``opens_after`` is for how long its
    windows must fire without a break before an alert opens, ``keeps_for`` for how long it is kept
    after the last that fired; None: as `watchkeeper.alerts.lifecycle` decides.
    """

    name: str
    kind: str
    columns: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    severity: str = "warning"
    enabled: bool = True
    runbook: str | None = None
    opens_after: timedelta | None = None
    keeps_for: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model's definition, as its YAML document says it.

    ``holidays`` names the place whose public holidays are days of their own kind (ISO 3166: ``US``,
    or a part of a country such as ``US-NY``); None: every day is an ordinary one.
    ``depends_on`` names models whose faults make this one worse: those whose answers it reads, that
    of the hosts it runs on.
    """

    name: str
    task: Task
    columns: tuple[Column, ...]
    granularity: Granularity = field(default_factory=lambda: Granularity.parse("1d"))
    timezone: str = "UTC"
    holidays: str | None = None
    label_horizon: timedelta = timedelta(days=30)
    positive_class: str | None = None
    classes: tuple[str, ...] = ()
    baseline: Baseline = field(default_factory=Baseline)
    alarm_budget: AlarmBudget = field(default_factory=AlarmBudget)
    monitors: tuple[MonitorSpec, ...] = ()
    materiality: float = 0.02
    owner: str = ""
    tier: Tier = Tier.STANDARD
    description: str = ""
    retention: Retention = field(default_factory=Retention)
    depends_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        repeated = sorted(name for name, times in Counter(names).items() if times > 1)
        if repeated:
            raise InvalidDefinition(
                f"column names must be unique, got {repeated} twice in model {self.name!r}"
            )

    def column(self, name: str) -> Column:
        """The column of that name; InvalidDefinition where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise InvalidDefinition(
            f"model {self.name!r} has no column {name!r}: it has {[c.name for c in self.columns]}"
        )

    def with_role(self, *roles: Role) -> tuple[Column, ...]:
        """The columns of any of the roles, in the order of the definition."""
        return tuple(column for column in self.columns if column.role in roles)

    @property
    def answers(self) -> bool:
        """Whether there are answers of the model, to which labels could belong."""
        return bool(self.with_role(Role.SCORE, Role.PREDICTION))

    def only(self, role: Role) -> Column | None:
        """The first column of the role, or None."""
        found = self.with_role(role)
        return found[0] if found else None
