"""Facts kept: rows and profiles, as Delta tables of each model."""

from watchkeeper.lake.care import Place, Seen, TableCare
from watchkeeper.lake.delta import open_delta
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.lake.profile_rows import ProfilePart
from watchkeeper.lake.schemas import label_schema, prediction_schema, quarantine_schema

__all__ = [
    "Lake",
    "LakeTable",
    "Place",
    "ProfilePart",
    "Seen",
    "TableCare",
    "label_schema",
    "open_delta",
    "prediction_schema",
    "quarantine_schema",
]
