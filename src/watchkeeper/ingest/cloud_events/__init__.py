"""Payloads that model servers log as CloudEvents: requests and responses, made into rows."""
