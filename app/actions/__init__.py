"""The table of everything the user can do; menus, tool bar, shortcuts and palette are made of it."""

from app.actions import ask, draw, edit, play, project, review, view

ACTIONS = (*project.ACTIONS, *edit.ACTIONS, *draw.ACTIONS, *view.ACTIONS, *play.ACTIONS, *ask.ACTIONS, *review.ACTIONS)
# In their order, each with the letter that opens it together with Alt. Not M: in the CVAT preset Alt+M splits.
MENUS = {
    "Project": "P",
    "Edit": "E",
    "Draw": "D",
    "View": "V",
    "Go": "G",
    "Media": "i",
    "Ask": "A",
    "Review": "R",
    "Help": "H",
}
