"""House rules that a linter does not know."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("app", "widgets", "engine", "resources")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
BANNED = {"utils", "helpers", "common", "misc", "manager", "handler", "base"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_read_in_one_sitting(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= 40
    ]
    assert not long


def test_no_module_has_a_name_without_a_notion() -> None:
    assert not [path for path in SOURCES if path.stem in BANNED]


def test_packaging_is_no_package() -> None:
    """It would shadow the `packaging` library that transformers needs."""
    assert not (ROOT / "packaging" / "__init__.py").exists()


def test_tests_have_no_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
