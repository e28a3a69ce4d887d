"""Logs of our own: one event a line, correlated, without secrets, at a level that can be changed."""
