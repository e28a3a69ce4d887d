"""Experiments and rollouts: tests and intervals that hold at every look, or at planned looks."""
