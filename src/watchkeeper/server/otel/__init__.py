"""OpenTelemetry at the server: what it exports, and the door for what others do."""
