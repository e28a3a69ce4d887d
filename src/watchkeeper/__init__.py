"""Watchkeeper keeps watch over machine-learning models in production, and steers them."""
