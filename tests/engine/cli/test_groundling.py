from pathlib import Path

from typer.testing import CliRunner

from engine.cli.groundling import app


def test_training_in_several_processes_is_started_by_a_file(tmp_path: Path) -> None:
    run = tmp_path / "run"
    said = CliRunner().invoke(app, ["train", "--run", str(run), "--share", "0.5", "--processes", "2"])
    assert said.exit_code == 0, said.output
    start = Path(said.output.strip())
    assert f"groundling train --run {run}" in start.read_text(encoding="utf-8")
    assert "num_processes: 2" in (run / "launch" / "machine-0.yaml").read_text(encoding="utf-8")
    assert not list(run.glob("sight"))
