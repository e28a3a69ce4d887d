"""Ways to tell: one file each, all behind one protocol."""
