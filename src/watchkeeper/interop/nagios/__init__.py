"""Nagios, and all that speak its language: Icinga, Naemon, Checkmk."""
