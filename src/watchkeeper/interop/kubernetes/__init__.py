"""Kubernetes: what the pods of models use, read from the metrics API."""
