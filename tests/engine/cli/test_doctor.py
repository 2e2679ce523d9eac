"""The doctor looks at everything, breaks on nothing, and keeps names to itself."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.cli import app, doctor

ROOT = Path(__file__).parents[3]


def test_the_report_is_complete_and_private(tmp_path: Path) -> None:
    home = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    command = [sys.executable, "-m", "engine", "doctor", "--json", "--report", str(tmp_path / "report.json")]
    done = subprocess.run(command, cwd=ROOT, env=home, capture_output=True, text=True, check=True)
    findings = json.loads(done.stdout)["findings"]
    assert [one["name"] for one in findings] == [check.name for check in doctor._CHECKS]
    assert all(one["verdict"] == "fine" or one["advice"] for one in findings)
    assert str(tmp_path) not in done.stdout
    assert (tmp_path / "report.json").read_text() == done.stdout


def test_each_check_is_told_before_it_begins_and_the_outcome_last() -> None:
    lines = CliRunner().invoke(app, ["doctor", "--lines"]).stdout.splitlines()
    count = len(doctor._CHECKS)
    assert [json.loads(line) for line in lines[:-1]] == [
        [check.name, at, count] for at, check in enumerate(doctor._CHECKS)
    ]
    assert len(json.loads(lines[-1])["findings"]) == count


def test_a_check_that_hangs_or_fails_is_told_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang() -> doctor.Finding:
        released.wait()
        raise AssertionError

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    hung = doctor.found(doctor.Check("graphics card", hang, 0.1))
    released.set()
    assert (hung.name, hung.found) == ("graphics card", "no answer within 0.1 s")
    assert doctor.found(doctor.Check("sound", hang)).found == "the check failed"
    assert doctor.found(doctor.Check("disk", doctor.disk)).name == "disk"


def test_without_a_display_the_window_is_said_to_be_impossible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert doctor.display().verdict is doctor.Verdict.LIMITED


def test_a_missing_codec_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_CODECS", ("h264", "no_such_codec"))
    finding = doctor.codecs()
    assert finding.verdict is doctor.Verdict.LIMITED
    assert "no_such_codec" in finding.found


def test_the_4_bit_kernel_is_really_run() -> None:
    assert doctor.four_bit().verdict is doctor.Verdict.FINE


def test_missing_sound_is_a_limit_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(doctor.importlib, "import_module", missing)
    assert "libportaudio2" in doctor.audio().advice
    assert doctor.llama_cpp().verdict is doctor.Verdict.LIMITED


@pytest.mark.gguf
def test_llama_cpp_tells_which_instructions_it_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = pytest.importorskip("engine.grounding.backbones.llama_cpp")
    monkeypatch.setattr(backbone, "arithmetic", lambda: ("SSE3", "AVX2"))
    assert "AVX2" in doctor.llama_cpp().found
    monkeypatch.setattr(backbone, "arithmetic", tuple)
    assert doctor.llama_cpp().verdict is doctor.Verdict.LIMITED
