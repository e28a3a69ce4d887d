"""What a peer is asked to do, as a script in its own environment: PEER REF CUR."""

from __future__ import annotations

import sys
import warnings

warnings.filterwarnings("ignore")


def evidently(reference: str, current: str) -> None:
    """The data drift preset at its defaults."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    ref, cur = pd.read_parquet(reference), pd.read_parquet(current)
    columns = [c for c in ref.columns if c != "ts"]
    numeric = [c for c in columns if ref[c].dtype.kind in "fi"]
    definition = DataDefinition(
        numerical_columns=numeric, categorical_columns=[c for c in columns if c not in numeric]
    )
    datasets = [
        Dataset.from_pandas(frame[columns], data_definition=definition) for frame in (cur, ref)
    ]
    result = Report([DataDriftPreset()]).run(*datasets).dict()
    print(len(result["metrics"]), "metrics")


def nannyml(reference: str, current: str) -> None:
    """Univariate drift at its defaults, in 25 equal chunks."""
    import nannyml as nml
    import pandas as pd

    ref, cur = pd.read_parquet(reference), pd.read_parquet(current)
    columns = [c for c in ref.columns if c != "ts"]
    calculator = nml.UnivariateDriftCalculator(
        column_names=columns, timestamp_column_name="ts", chunk_number=25
    )
    calculator.fit(ref)
    print(calculator.calculate(cur).to_df().shape)


if __name__ == "__main__":
    {"evidently": evidently, "nannyml": nannyml}[sys.argv[1]](sys.argv[2], sys.argv[3])
