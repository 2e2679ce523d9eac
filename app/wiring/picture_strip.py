"""The strip above the canvas shows what the picture is; what is chosen there is read from the file."""

from typing import Any

from app.desk import Desk
from widgets.picture_strip import PictureState, PictureStrip

# Values that are no whole numbers.
_REAL = "F"


def connect_strip(strip: PictureStrip, desk: Desk) -> None:
    """Page and window of the picture that is shown; every other item has neither."""

    def show(picture: Any) -> None:
        facts = picture.facts
        strip.show_state(PictureState(picture.page, facts.pages, picture.window, 3 if facts.mode == _REAL else 0))

    desk.session.item_changed.connect(lambda _: strip.show_state(PictureState()))
    desk.stills.described.connect(show)
    strip.wanted.connect(desk.stills.choose)
