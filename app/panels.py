"""The panels at the edges of the window; they are made once it has been painted."""

from app.front import Front
from widgets.annotation_table import AnnotationTable
from widgets.media_list import MediaList
from widgets.query_panel import QueryPanel


def furnish(front: Front) -> None:
    """Make the panels and put them into their docks."""
    front.media, front.questions, front.annotations = MediaList(), QueryPanel(), AnnotationTable()
    for name, panel in (("media", front.media), ("ask", front.questions), ("annotations", front.annotations)):
        front.window.docks[name].setWidget(panel)
