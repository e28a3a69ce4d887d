"""Act, watch: functions `(profiles now, baseline, configuration) → verdict`. They read profiles, not rows."""
