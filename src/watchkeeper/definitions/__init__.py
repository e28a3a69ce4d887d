"""Definitions: models, monitors and routes as documents; how they are guessed, planned, applied."""
