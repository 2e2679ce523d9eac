"""Where the picture lies in the widget: zoom to a point, pan, fit. Pure."""

from msgspec import Struct
from msgspec.structs import replace

SMALLEST, LARGEST = 0.005, 80.0
# So much of the picture stays in reach however far it is panned.
_KEPT = 48.0
_MARGIN = 8.0

Point = tuple[float, float]


class Viewport(Struct, frozen=True):
    """`scale` is widget pixels per picture pixel; `left`, `top` is the widget position of the picture's corner."""

    scale: float = 1.0
    left: float = 0.0
    top: float = 0.0

    def to_picture(self, at: Point) -> Point:
        return (at[0] - self.left) / self.scale, (at[1] - self.top) / self.scale

    def to_widget(self, at: Point) -> Point:
        return at[0] * self.scale + self.left, at[1] * self.scale + self.top


def room(view: Point) -> Point:
    """What a picture that is fitted into the view may take of it."""
    return max(view[0] - 2 * _MARGIN, 1.0), max(view[1] - 2 * _MARGIN, 1.0)


def fitted(view: Point, picture: Point) -> Viewport:
    """The whole picture in the middle."""
    width, height = room(view)
    scale = min(width / max(picture[0], 1.0), height / max(picture[1], 1.0))
    return centred(view, picture, _limited(scale))


def centred(view: Point, picture: Point, scale: float) -> Viewport:
    return Viewport(scale, (view[0] - picture[0] * scale) / 2, (view[1] - picture[1] * scale) / 2)


def zoomed(viewport: Viewport, at: Point, factor: float) -> Viewport:
    """Zoom by `factor` while the picture's point under `at` (widget pixels) stays where it is."""
    scale = _limited(viewport.scale * factor)
    x, y = viewport.to_picture(at)
    return Viewport(scale, at[0] - x * scale, at[1] - y * scale)


def pixel_exact(viewport: Viewport, at: Point, scale: float) -> Viewport:
    """Zoom to exactly `scale`, on whole pixels so that nothing is blurred."""
    x, y = viewport.to_picture(at)
    return Viewport(scale, float(round(at[0] - x * scale)), float(round(at[1] - y * scale)))


def panned(viewport: Viewport, dx: float, dy: float) -> Viewport:
    return replace(viewport, left=viewport.left + dx, top=viewport.top + dy)


def kept_in_reach(viewport: Viewport, view: Point, picture: Point) -> Viewport:
    """The viewport moved as little as needed for a strip of the picture to stay in the view."""
    left = _reach(viewport.left, picture[0] * viewport.scale, view[0])
    top = _reach(viewport.top, picture[1] * viewport.scale, view[1])
    return Viewport(viewport.scale, left, top)


def zoomed_to(view: Point, edges: tuple[float, float, float, float], share: float = 0.6) -> Viewport:
    """A box, given by its edges in picture pixels, in the middle on `share` of the view."""
    width, height = max(edges[2] - edges[0], 1.0), max(edges[3] - edges[1], 1.0)
    scale = _limited(min(view[0] * share / width, view[1] * share / height))
    middle = (edges[0] + edges[2]) / 2, (edges[1] + edges[3]) / 2
    return Viewport(scale, view[0] / 2 - middle[0] * scale, view[1] / 2 - middle[1] * scale)


def _reach(start: float, length: float, room: float) -> float:
    kept = min(_KEPT, length, room)
    return min(max(start, kept - length), room - kept)


def _limited(scale: float) -> float:
    return min(max(scale, SMALLEST), LARGEST)
