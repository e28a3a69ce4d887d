"""Partials: the profile of the rows of one write, counted by arrays without a query engine."""
