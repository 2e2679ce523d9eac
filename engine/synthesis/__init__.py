"""Scenes and sounds drawn with known truth."""
