"""Reports: `compare`, and a report as a terminal, a page or JSON shows it."""
