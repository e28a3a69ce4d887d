"""New Relic, beyond OTLP: `InferenceData` events of predictions."""
