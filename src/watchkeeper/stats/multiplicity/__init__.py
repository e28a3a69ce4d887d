"""Many tests at once: which of them to believe."""
