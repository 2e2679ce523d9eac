"""Dialogs: rare, and never for what undo can mend."""
