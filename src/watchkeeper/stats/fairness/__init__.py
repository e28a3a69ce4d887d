"""Whether groups of people are treated alike, and how sure that is."""
