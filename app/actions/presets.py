"""Key presets as tables: what differs from the keys in the action rows.

An action that loses its key to another gets one here, and what belongs together moves together.
"""

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
    "media.slower": ("Shift+J",),
    "media.stop": ("Shift+K",),
    "media.faster": ("Shift+L",),
    "canvas.select": ("Shift+V",),
    "canvas.draw": ("N",),
    "draw.outside": ("O",),
    "draw.set_key": ("K",),
    "draw.remove_key": ("Ctrl+Alt+K",),
    "timeline.mark_in": ("Shift+I",),
    "timeline.mark_out": ("Shift+O",),
    "timeline.split": ("Alt+M",),
    "timeline.next_key": ("R",),
    "timeline.previous_key": ("E",),
}

X_ANYLABELING: Keys = {
    "edit.relabel": ("Ctrl+E",),
    "project.export": ("Ctrl+Shift+E",),
    "canvas.draw": ("R",),
    "canvas.hide": ("S",),
    "timeline.draw": ("Shift+S",),
    "timeline.mark_in": ("Shift+I",),
    "timeline.mark_out": ("Shift+O",),
    "timeline.next_key": ("Ctrl+PgDown",),
    "timeline.previous_key": ("Ctrl+PgUp",),
    "review.next": ("Ctrl+Shift+D", "Tab"),
    "review.previous": ("Ctrl+Shift+A", "Shift+Tab"),
    "review.next_difference": ("Ctrl+Alt+D",),
    "review.previous_difference": ("Ctrl+Alt+A",),
    "review.finish": ("Ctrl+Alt+K",),
    "ask.again": ("I",),
    "ask.prelabel": ("Ctrl+B",),
}

PRESETS: dict[str, Keys] = {"own": {}, "cvat": CVAT, "x-anylabeling": X_ANYLABELING}
