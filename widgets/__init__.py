"""Widgets show domain values and say what the user meant."""
