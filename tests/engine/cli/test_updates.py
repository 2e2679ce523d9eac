"""News of a version count only when they carry the makers' signature."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from nacl.signing import SigningKey

from engine.cli.updates import Place, look, number, opened
from engine.domain.errors import UsageError

MAKERS, STRANGER = SigningKey(bytes(range(32))), SigningKey(bytes(range(1, 33)))
KEY = MAKERS.verify_key.encode().hex()
NEWS = {"version": "1.10.0", "page": "https://groundwork.example/download", "notes": "Faster."}


def envelope(news: object, key: SigningKey = MAKERS) -> bytes:
    signed = json.dumps(news).encode()
    both = {"signed": signed, "signature": key.sign(signed).signature}
    return json.dumps({name: base64.b64encode(value).decode() for name, value in both.items()}).encode()


@pytest.fixture
def place() -> Iterator[Place]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/news" else 404)
            self.end_headers()
            self.wfile.write(envelope(NEWS))

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield Place(f"http://127.0.0.1:{server.server_port}/news", KEY)
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_newer_version_is_told_and_an_older_one_is_not_newer(place: Place) -> None:
    assert look(place, "1.9.2").newer
    assert not look(place, "1.10.0").newer
    assert not look(place, "2.0").newer


def test_what_is_not_there_is_one_sentence(place: Place) -> None:
    with pytest.raises(UsageError, match="online"):
        look(Place(place.address + "/gone", KEY), "1.0")
    with pytest.raises(UsageError, match="online"):
        look(Place("http://127.0.0.1:9/news", KEY), "1.0")


def test_a_copy_without_a_place_asks_nobody() -> None:
    with pytest.raises(UsageError, match="without a place"):
        look(Place(), "1.0")


@pytest.mark.parametrize(
    "content",
    [
        envelope(NEWS, STRANGER),
        envelope(NEWS).replace(b'"signed": "', b'"signed": "A'),
        envelope({**NEWS, "page": "file:///etc/passwd"}),
        envelope({**NEWS, "version": "1.0; rm"}),
        envelope(["no release"]),
        b"<html>",
        b"{" + b" " * 70_000 + b"}",
    ],
)
def test_what_is_not_signed_by_the_makers_or_is_no_release_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError, match="not believed"):
        opened(content, Place("https://x.example", KEY))


def test_versions_are_compared_by_number() -> None:
    assert number("0.10.0") > number("0.9.9")
    assert number("1.0.1.dev3") == (1, 0, 1)
