"""Doubles and simulated data for whoever builds on Watchkeeper, or judges it."""
