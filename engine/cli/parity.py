"""`groundwork-engine parity DIR`: compare the engine with golden data, one row per tensor, text and list."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.domain.errors import ModelError
from engine.parity.check import check
from engine.parity.rows import Row


def command(
    folder: Annotated[Path, typer.Argument(help="A folder of golden data: arch.json, checkpoint, media, …")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Prove that every part computes what the published code computes; status 0 only if all rows hold."""
    rows = []
    if not as_json:
        typer.echo(f"{'':4} {'largest':>9} {'mean':>9} {'limit':>9}  what")
    for row in check(folder):
        rows.append(row)
        if not as_json:
            typer.echo(_line(row))
    failed = [row for row in rows if not row.ok]
    if as_json:
        report = {"ok": not failed, "passed": len(rows) - len(failed), "failed": len(failed), "rows": rows}
        typer.echo(msgspec.json.encode(report))
    if failed:
        raise ModelError(f"{len(failed)} of {len(rows)} comparisons with {folder} fail, first “{failed[0].name}”.")
    typer.echo(f"all {len(rows)} comparisons hold", err=True)


def _line(row: Row) -> str:
    numbers = " ".join(f"{'' if number is None else f'{number:9.2e}':>9}" for number in (row.largest, row.mean))
    return f"{'ok' if row.ok else 'FAIL':4} {numbers} {row.limit:9.1e}  {row.name}  {row.note}"
