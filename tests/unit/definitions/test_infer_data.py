"""What is guessed from real data is what its description says."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchkeeper.definitions.document import load_model
from watchkeeper.definitions.infer import annotated_yaml, infer

EXPECTED = Path(__file__).parent / "expected"

# Expected definition → the files that it describes.
FILES = {
    "ab_cookie_cats": ["ab_cookie_cats/cookie_cats"],
    "acs_employment_ma": ["acs_employment_ma/employment_MA_reference"],
    "adult_income": ["adult_income/adult"],
    "bank_marketing": ["bank_marketing/bank_marketing"],
    "clinc150_oos": ["clinc150_oos/clinc150_full"],
    "compas": ["compas/compas_two_years"],
    "covtype": ["covtype/covtype"],
    "digits_images": ["digits_images/digits_8x8"],
    "elec2": ["elec2/electricity"],
    "fraud_handbook": ["fraud_handbook/transactions_features_20180725_20180831"],
    "german_credit": ["german_credit/german_credit"],
    "mt_ted_slk_eng": ["mt_ted_slk_eng/ted"],
    "mt_ted_slk_eng_summarisation": ["mt_ted_slk_eng/summarisation"],
    "mt_wmt17_en_de": ["mt_wmt17_en_de/wmt17_en_de_systems"],
    "nab": [
        "nab/scores_random",
        "nab/scores_earthgeckoSkyline",
        "nab/scores_relativeEntropy",
        "nab/scores_windowedGaussian",
    ],
    "nab_series": ["nab/nab_series"],
    "nannyml_car_loan": [
        "nannyml_car_loan/synthetic_car_loan_reference",
        "nannyml_car_loan/synthetic_car_loan_dq_reference",
    ],
    "nannyml_car_price_regression": ["nannyml_car_price_regression/regression_synthetic_reference"],
    "nannyml_credit_card_multiclass": ["nannyml_credit_card_multiclass/mc_reference"],
    "noaa_weather": ["noaa_weather/noaa_weather"],
    "open_bandit_zozo": ["open_bandit_zozo/obd_bts_all"],
    "uci_credit_default": ["uci_credit_default/uci_credit_default"],
}
# A file of the same model without its labels: the same definition, less the label.
WITHOUT_LABEL = {
    "acs_employment_ma": "acs_employment_ma/employment_MA_analysis",
    "nannyml_car_loan": "nannyml_car_loan/synthetic_car_loan_analysis",
    "nannyml_car_price_regression": "nannyml_car_price_regression/regression_synthetic_analysis",
    "nannyml_credit_card_multiclass": "nannyml_credit_card_multiclass/mc_analysis",
}


def described(model):
    """What the descriptions settle: types, roles, classes; no windows, no monitors."""
    columns = {column.name: (column.type, column.role, column.score_of) for column in model.columns}
    return model.task, model.positive_class, model.classes, columns


def expected(name):
    return load_model((EXPECTED / f"{name}.yaml").read_text(encoding="utf-8"))


def test_every_expected_definition_is_tried():
    """No expected definition lies there untested."""
    assert {path.stem for path in EXPECTED.glob("*.yaml")} == set(FILES)


@pytest.mark.parametrize(
    ("name", "file"), [(name, file) for name, files in FILES.items() for file in files]
)
def test_real_data_is_understood(shared_data, name, file):
    """Types, roles, task and classes are as the description says, and are printed as guessed."""
    inferred = infer(shared_data / f"{file}.parquet", name="any")

    assert described(inferred.model) == described(expected(name))
    assert inferred.model == load_model(annotated_yaml(inferred))


@pytest.mark.parametrize(("name", "file"), WITHOUT_LABEL.items())
def test_a_table_without_labels_gets_none(shared_data, name, file):
    """Where the labels come later, no feature is taken for one."""
    wanted = expected(name)
    task, positive, classes, columns = described(wanted)
    columns.pop(wanted.with_role("label")[0].name)

    guessed = infer(shared_data / f"{file}.parquet").model

    assert described(guessed) == (task, positive, classes, columns)
