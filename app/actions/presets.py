"""Key presets as tables: what differs from the keys in the action rows."""

Keys = dict[str, tuple[str, ...]]

CVAT: Keys = {
    "go.next_item": ("Ctrl+Alt+Right",),
    "go.previous_item": ("Ctrl+Alt+Left",),
    "edit.relabel": ("Ctrl+Shift+E",),
    "edit.lock": ("L",),
    "edit.copy_previous": ("Ctrl+B",),
    "review.absent": ("Ctrl+Shift+N",),
    "review.finish": ("Ctrl+S",),
    "help.shortcuts": ("F1",),
    "media.next_frame": ("F",),
    "media.previous_frame": ("D",),
    "media.forward": ("V",),
    "media.back": ("C",),
    "canvas.draw": ("N",),
    "timeline.split": ("Alt+M",),
    "timeline.next_key": ("R",),
    "timeline.previous_key": ("Shift+R",),
}

X_ANYLABELING: Keys = {
    "edit.relabel": ("Ctrl+E",),
    "project.export": ("Ctrl+Shift+E",),
    "canvas.draw": ("R",),
    "canvas.hide": ("S",),
    "review.next": ("Ctrl+Shift+D", "Tab"),
    "review.previous": ("Ctrl+Shift+A", "Shift+Tab"),
    "review.finish": ("Ctrl+Alt+K",),
    "ask.again": ("I",),
    "ask.prelabel": ("Ctrl+B",),
}

PRESETS: dict[str, Keys] = {"own": {}, "cvat": CVAT, "x-anylabeling": X_ANYLABELING}
