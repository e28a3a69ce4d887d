"""OTLP of model servers: decoded, and made into rows."""
