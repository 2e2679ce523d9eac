"""The table of everything the user can do; menus, tool bar, shortcuts and palette are made of it."""

from app.actions import ask, draw, edit, play, project, review, view

ACTIONS = (*project.ACTIONS, *edit.ACTIONS, *draw.ACTIONS, *view.ACTIONS, *play.ACTIONS, *ask.ACTIONS, *review.ACTIONS)
MENUS = ("Project", "Edit", "Draw", "View", "Go", "Media", "Ask", "Review", "Help")
