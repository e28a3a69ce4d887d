"""`compare` on real data with known faults, and without."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.reports.compare import compare
from watchkeeper.reports.report import Report

_NANNYML = {
    "car_loan": ("synthetic_car_loan", "_target", 25_000, {"car_value", "y_pred_proba"}),
    "car_price_regression": ("regression_synthetic", "_targets", 30_000, {"y_pred", "fuel"}),
    "credit_card_multiclass": ("mc", "_gt", 30_000, {"accuracy", "app_channel"}),
}


def _loud(report: Report) -> set[str]:
    return {f.subject for f in report.summary.findings if f.severity is not Severity.INFO}


def _no_errors(report: Report) -> bool:
    return not [v for v in report.verdicts if v.status is Status.ERROR]


@pytest.mark.parametrize("name", _NANNYML)
def test_the_half_before_the_shift_is_silent_and_the_half_after_is_not(shared_data: Path, name):
    """The synthetic sets shift at a known row: nothing before, the shifted columns after."""
    stem, labels, shift, expected = _NANNYML[name]
    folder = shared_data / f"nannyml_{name}"
    reference = folder / f"{stem}_reference.parquet"
    analysis = pd.read_parquet(folder / f"{stem}_analysis.parquet").merge(
        pd.read_parquet(folder / f"{stem}_analysis{labels}.parquet"), on="id"
    )

    before, after = compare(reference, analysis[:shift]), compare(reference, analysis[shift:])

    assert (_loud(before), before.exit_code()) == (set(), 0)
    assert expected <= _loud(after)
    assert _no_errors(before)
    assert _no_errors(after)


@pytest.mark.parametrize("year", [2016, 2017, 2018])
def test_the_census_years_have_no_worse_model(shared_data: Path, year):
    """Neither performance, nor scores, nor predictions alarm where they did not change."""
    folder = shared_data / "acs_employment_ma"
    analysis = pd.read_parquet(folder / "employment_MA_analysis.parquet").merge(
        pd.read_parquet(folder / "employment_MA_analysis_target.parquet"), on="id"
    )

    report = compare(folder / "employment_MA_reference.parquet", analysis[analysis.year == year])

    alarms = [v for v in report.verdicts if v.status is Status.ALERT]
    assert not [v for v in alarms if v.monitor == "performance"]
    assert not {v.column for v in alarms} & {"prediction", "predicted_probability"}
    assert _no_errors(report)


def test_features_that_come_alive_are_named(shared_data: Path):
    """Three features of the electricity market were one constant value for a year."""
    table = pd.read_parquet(shared_data / "elec2" / "electricity.parquet")

    report = compare(table[:17_424], table[17_424:20_000])

    alive = {v.column for v in report.verdicts if v.what == "constant" and v.status is Status.ALERT}
    assert alive == {"vicprice", "vicdemand", "transfer"}
    assert _no_errors(report)


def test_two_impossible_pressures_are_named(shared_data: Path):
    """Two days of fifty years have a sea-level pressure that cannot be."""
    table = pd.read_parquet(shared_data / "noaa_weather" / "noaa_weather.parquet")

    report = compare(table[:3_000], table[3_000:6_000])

    [found] = [
        v for v in report.verdicts if (v.column, v.what) == ("sea_level_pressure", "outlier_rate")
    ]
    assert found.status is Status.ALERT
    assert "the largest is 5,504" in found.message


def test_missing_values_and_a_new_category_are_named(shared_data: Path):
    """The damaged loans lose values of two columns and gain a category in a third."""
    folder = shared_data / "nannyml_car_loan"

    report = compare(
        folder / "synthetic_car_loan_dq_reference.parquet",
        folder / "synthetic_car_loan_dq_analysis.parquet",
    )

    alarms = {(v.column, v.what) for v in report.verdicts if v.status is Status.ALERT}
    assert {
        ("salary_range", "missing_rate"),
        ("driver_tenure", "missing_rate"),
        ("size_of_downpayment", "unseen_rate"),
    } <= alarms
