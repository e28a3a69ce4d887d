"""OpenTelemetry: metrics, logs and traces out, and those of model servers in."""
