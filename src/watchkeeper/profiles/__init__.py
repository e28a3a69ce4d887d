"""Rows to facts: ibis expressions that turn a table into mergeable profiles, on any engine."""
