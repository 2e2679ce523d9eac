"""Which medium of the project a file speaks of: by the user's choice, path, name or content."""

from collections.abc import Iterable, Mapping

from engine.domain.media import MediaItem, MediaKind
from engine.exchange.jail import last_name, relative


class Matcher:
    """Looks media up by what files call them; keeps count of the names that it does not know,
    and of the `digests` that the file gives for them.

    `decided` maps names from the file to item ids, as the user chose them for names unmatched before. Names are only
    looked up here, nothing is opened; of a name that leads elsewhere (absolute, `..`, an address) its last part counts.
    """

    def __init__(self, items: Iterable[MediaItem], decided: Mapping[str, str] | None = None) -> None:
        self.unmatched: dict[str, int] = {}
        self.digests: dict[str, str] = {}
        self.met: set[str] = set()
        self._decided = dict(decided or {})
        self._by_id: dict[str, MediaItem] = {}
        self._paths: set[str] = set()
        self._by_key: dict[str, list[MediaItem]] = {}
        self._by_digest: dict[str, MediaItem] = {}
        self._seen: dict[tuple[str, MediaKind | None], MediaItem | None] = {}
        for item in items:
            self.add(item)

    def add(self, item: MediaItem) -> None:
        """Make one more medium known."""
        self._by_id[item.id] = item
        self._paths.add(item.path)
        path = item.path.replace("\\", "/")
        for key in _keys(path):
            self._by_key.setdefault(key, []).append(item)
        if item.digest:
            self._by_digest.setdefault(item.digest, item)
        self._seen.clear()

    def find(self, name: str, kind: MediaKind | None = None, digest: str = "") -> MediaItem | None:
        """The one medium that fits; None, and counted as unmatched, when none or several do."""
        known = name in self._paths or name in self._decided
        if digest and not known and (item := self._by_digest.get(digest)):
            self.met.add(item.id)
            return item
        key = (name, kind)
        if key not in self._seen:
            self._seen[key] = self._found(name, kind)
        item = self._seen[key]
        if item is None:
            self.unmatched[name[:4096]] = self.unmatched.get(name[:4096], 0) + 1
            if digest:
                self.digests[name[:4096]] = digest
        else:
            self.met.add(item.id)
        return item

    def by_id(self, id_: str | None) -> MediaItem | None:
        return self._by_id.get(id_ or "")

    def _found(self, name: str, kind: MediaKind | None) -> MediaItem | None:
        if (chosen := self._by_id.get(self._decided.get(name, ""))) is not None:
            return chosen
        safe = relative(name)
        tail = last_name(name)
        exact = [name.replace("\\", "/")] if safe is None else [safe, *_tails(safe)]
        for key in (*exact, tail, _plain(tail), _stem(tail)):
            fitting = [item for item in self._by_key.get(key, ()) if kind is None or item.kind is kind]
            if len(fitting) == 1:
                return fitting[0]
            if fitting and (whole := [item for item in fitting if item.path == key]):
                return whole[0]
            if fitting:
                return None
        return None


def _keys(path: str) -> list[str]:
    """All names that may mean a file: its path, every tail of it, its name, its stem; each once."""
    name = path.rsplit("/", 1)[-1]
    stems = [_stem(path), *(_stem(tail) for tail in _tails(path)), _stem(name)]
    return list(dict.fromkeys([path, *_tails(path), name, _plain(name), *stems]))


def _tails(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[at:]) for at in range(1, len(parts))]


def _stem(name: str) -> str:
    head, dot, tail = name.rpartition(".")
    return head if dot and head and "/" not in tail else name


def _plain(name: str) -> str:
    """As formats that allow no blanks in a name write it."""
    return "_".join(_stem(name).split())
