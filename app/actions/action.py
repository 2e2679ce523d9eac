"""What an action is: the one row from which its menu entry, button, shortcut and line in the palette are made."""

from msgspec import Struct


class Action(Struct, frozen=True):
    """A thing the user can do, as data; what it does is bound to its id by the wiring.

    `menu` is the menu's title and "" for keys-only actions; `group` separates inside the menu. `keys` are portable key
    names, the first shown. `needs` are the facts (`FACTS`) that must hold for it to be enabled. `bar` puts it on the
    tool bar. `typing` keeps its keys alive while text is being typed, for keys that write nothing.
    """

    id: str
    title: str
    menu: str = ""
    keys: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    icon: str = ""
    group: int = 0
    bar: bool = False
    checkable: bool = False
    tip: str = ""


FACTS = frozenset(
    {
        "project",  # a project is open
        "writable",  # and this window may change it
        "item",  # an item is shown
        "timed",  # the shown item has a clock: a clip or a sound
        "clip",  # the shown item is a clip
        "seen",  # the shown item can be looked at: a picture or a clip
        "selected",  # an annotation is selected
        "placed",  # and it has a box or a track
        "pending",  # predictions of the shown item wait for review
        "undo",
        "redo",
        "ready",  # the engine can be asked
        "asking",  # an answer is under way
        "work",  # the picture or the timeline has the focus, so that arrows belong to it
        "typing",  # text has the focus
    }
)
