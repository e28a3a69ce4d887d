"""Fetching rows: from folders, object stores and topics, each thing once."""
