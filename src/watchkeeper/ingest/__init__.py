"""Rows in: validated, acknowledged when durable, moved to the lake exactly once."""

from watchkeeper.ingest.mover import Moved, Mover
from watchkeeper.ingest.reasons import Reason, Rejection
from watchkeeper.ingest.receive import Receipt, Receiver
from watchkeeper.ingest.rows import RowKind

__all__ = ["Moved", "Mover", "Reason", "Receipt", "Receiver", "Rejection", "RowKind"]
