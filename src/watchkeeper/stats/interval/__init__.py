"""Closed-form 95 % intervals: one method per file. Plain numbers in, ``(low, high)`` out."""
