"""Every format's file for one fixed data set, byte for byte; read by a person once, and kept."""

import os
from pathlib import Path

import pytest

from engine.exchange.exporting import Plan, prepared, rendered
from engine.exchange.formats import FORMATS, format_named
from engine.exchange.identity import Numbers
from engine.exchange.native import schema
from engine.exchange.outgoing import Outgoing
from tests.engine.exchange.samples import example

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "exchange"
RENEW = os.environ.get("RENEW_GOLDEN") == "1"


@pytest.mark.parametrize("id_", [row.id for row in FORMATS])
def test_a_format_is_written_as_it_was_looked_at(id_: str) -> None:
    format_, out = format_named(id_), Outgoing(Numbers())
    folder = GOLDEN / id_
    made = {}
    for file in rendered(prepared(example(), format_, Plan(), out.losses), format_, out):
        assert isinstance(file.content, bytes)
        made[file.name or f"out{format_.suffix}"] = file.content
    if RENEW:
        for name, content in made.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert made == found


def test_the_published_schema_is_that_of_the_native_file() -> None:
    published = ROOT / "docs" / "native.schema.json"
    if RENEW:
        published.write_bytes(schema())
    assert published.read_bytes() == schema()
