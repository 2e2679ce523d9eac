"""Edit: the history and the selected annotation."""

from app.actions.action import Action

_CHANGES = ("selected", "writable")

ACTIONS = (
    Action("edit.undo", "Undo", "Edit", ("Ctrl+Z",), needs=("undo", "writable"), icon="undo", bar=True),
    Action("edit.redo", "Redo", "Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), needs=("redo", "writable"), icon="redo", bar=True),
    Action(
        "edit.remove",
        "Remove",
        "Edit",
        ("Delete",),
        needs=_CHANGES,
        icon="remove",
        group=1,
        tip="Remove the selected annotation",
    ),
    Action("edit.relabel", "Edit phrase or label…", "Edit", ("E",), needs=_CHANGES, icon="edit", group=1),
    Action("edit.lock", "Lock or unlock", "Edit", ("Shift+L",), needs=_CHANGES, icon="lock", group=1),
    Action(
        "edit.copy_previous",
        "Copy from the previous item",
        "Edit",
        ("Ctrl+P",),
        needs=("item", "writable"),
        group=2,
        tip="Copy the verified annotations of the item before this one",
    ),
    Action("edit.labels", "Labels…", "Edit", needs=("project", "writable"), group=3),
)
