"""Prometheus: our figures as it reads them, rules, remote write, and model servers' own figures."""
