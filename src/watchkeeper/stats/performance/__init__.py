"""Performance from sufficient statistics: one family of metrics per file, listed in `catalogue`."""
