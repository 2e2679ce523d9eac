"""Groundling, the small model that ships with the app: its sizes, its lessons and how it is trained from nothing."""
