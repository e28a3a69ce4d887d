"""Facts computed: arrays in, estimates out. Nothing here decides."""
