"""What other systems understand: their formats, written and read."""
