"""View: panels, themes, moving between items, the palette; and help."""

from app.actions.action import Action

# `panel.` and the name of a dock; the dock shows and hides itself.
_PANELS = tuple(
    Action(f"panel.{name}", f"{name.capitalize()} panel", "View", (key,), group=6, checkable=True)
    for name, key in (
        ("media", "F2"),
        ("time", "F3"),
        ("ask", "F4"),
        ("annotations", "F5"),
        ("history", "F7"),
        ("training", "F8"),
    )
)

ACTIONS = (
    Action("go.previous_item", "Previous item", "Go", ("A",), needs=("project",), icon="previous", bar=True),
    Action("go.next_item", "Next item", "Go", ("D",), needs=("project",), icon="next", bar=True),
    Action("go.next_pending", "Next item with predictions", "Go", ("Shift+D",), needs=("project",), group=1),
    Action("go.search", "Search media", "Go", ("Ctrl+F",), needs=("project",), icon="search", group=2),
    Action("go.search_annotations", "Search annotations", "Go", ("Ctrl+Shift+F",), needs=("project",), group=2),
    Action("go.work", "Back to the work", "Go", ("Escape",), needs=("typing",), group=3, tip="Leave the text field"),
    Action("go.panel", "Next panel", "Go", ("F6",), group=3),
    Action("go.panel_back", "Previous panel", "Go", ("Shift+F6",), group=3),
    Action("view.palette", "Command palette…", "View", ("Ctrl+Shift+P", "Ctrl+K"), icon="palette", bar=True),
    Action("view.theme_light", "Light theme", "View", group=1),
    Action("view.theme_dark", "Dark theme", "View", group=1),
    Action("view.theme_contrast", "High contrast", "View", group=1),
    Action("view.next_theme", "Next theme", "View", ("F9",), icon="theme", group=1),
    Action("canvas.fit", "Fit the picture", "View", ("Ctrl+0",), needs=("item",), icon="fit", group=2),
    Action("canvas.actual", "Pixel for pixel", "View", ("Ctrl+1",), needs=("item",), group=2),
    Action("canvas.zoom_in", "Zoom in", "View", ("Ctrl++", "Ctrl+="), needs=("item",), group=2),
    Action("canvas.zoom_out", "Zoom out", "View", ("Ctrl+-",), needs=("item",), group=2),
    Action("canvas.zoom_selected", "Zoom to the selected", "View", ("Z",), needs=("selected",), group=2),
    Action("timeline.zoom_in", "Zoom in on time", "View", ("=", "+"), needs=("timed",), group=3),
    Action("timeline.zoom_out", "Zoom out of time", "View", ("-",), needs=("timed",), group=3),
    Action("timeline.fit", "Fit the whole time", "View", ("0",), needs=("timed",), group=3),
    Action("timeline.spectrogram", "Show frequencies", "View", ("W",), needs=("timed",), group=3, checkable=True),
    Action("canvas.hide", "Hide the selected", "View", ("H",), needs=("selected", "placed"), group=4),
    Action("canvas.show_all", "Show what was hidden", "View", ("Shift+H",), needs=("item",), group=4),
    Action("canvas.rejected", "Show rejected ones", "View", ("Shift+X",), needs=("item",), group=4, checkable=True),
    Action("view.full_screen", "Full screen", "View", ("F11",), group=5, checkable=True),
    Action("view.reset", "Reset the layout", "View", group=5),
    *_PANELS,
    Action("help.guide", "User guide", "Help", tip="How everything works, with pictures"),
    Action("help.tour", "Take the tour", "Help", tip="The window in six steps"),
    Action("help.shortcuts", "Shortcuts…", "Help", ("F1",), icon="keyboard"),
    Action("help.check", "Check this machine…", "Help", group=1, tip="What it can do for Groundwork, and what to do"),
    Action("help.updates", "Look for a newer version", "Help", group=1, tip="Asks once, only now; installs nothing"),
    Action("help.log", "Save a report…", "Help", group=1, tip="Versions, settings and the log in one text file"),
    Action("help.notices", "Licences…", "Help", group=1, tip="Whose work Groundwork contains"),
    Action("help.about", "About Groundwork", "Help", group=1, icon="logo"),
)
