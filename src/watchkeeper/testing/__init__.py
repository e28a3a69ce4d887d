"""Doubles, simulated data and conformance checks for whoever builds on Watchkeeper."""
