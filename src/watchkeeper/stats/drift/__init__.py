"""Whether a distribution moved, beyond sampling noise and what windows differ by nature."""
