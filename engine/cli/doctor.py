"""`groundwork-engine doctor`: what this machine can do for Groundwork, and what to do where it cannot."""

import ctypes.util
import importlib
import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import platformdirs
import typer

from engine.domain.machine import Finding, Findings, Verdict

_GIB = 1 << 30
_CODECS = ("h264", "hevc", "vp9", "av1", "mpeg4", "aac", "mp3", "opus", "flac", "pcm_s16le")
_FLAGS = ("avx2", "fma", "f16c", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16")
_PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "llama-cpp-python", "av", "PySide6-Essentials", "apsw")


class Check(NamedTuple):
    """One look, and after how many seconds it is given up."""

    name: str
    look: Callable[[], Finding]
    seconds: float = 10


def command(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
    lines: Annotated[bool, typer.Option("--lines", help="Print progress and the outcome as lines of JSON")] = False,
    report: Annotated[Path | None, typer.Option("--report", help="Write the findings to a file, too")] = None,
) -> None:
    """Look at processor, memory, disk, graphics card, sound, display, codecs and write access."""
    findings = []
    for done, check in enumerate(_CHECKS):
        if lines:
            typer.echo(msgspec.json.encode((check.name, done, len(_CHECKS))))
        findings.append(found(check))
        if not (json or lines):
            typer.echo(_without_names(_line(findings[-1])))
    whole = _without_names(msgspec.json.encode(Findings(tuple(findings))).decode())
    if json or lines:
        typer.echo(whole)
    if report is not None:
        plain = _without_names("\n".join(map(_line, findings)))
        report.write_text(f"{whole if json or lines else plain}\n", encoding="utf-8")


def found(check: Check) -> Finding:
    """What a check finds in its time; a driver that hangs holds up no other check."""
    heard: list[Finding] = []
    thread = threading.Thread(target=lambda: heard.append(check.look()), daemon=True)
    thread.start()
    thread.join(check.seconds)
    if heard:
        return heard[0]
    why = f"no answer within {check.seconds:g} s" if thread.is_alive() else "the check failed"
    advice = "Look again when the machine is less busy; if it stays so, send us this report."
    return Finding(check.name, Verdict.LIMITED, why, advice)


def cpu() -> Finding:
    flags = _cpu_flags()
    found = f"{platform.machine()}, {os.cpu_count()} threads"
    known = [
        flag for flag in ("avx2", "fma", "f16c", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16") if flag in flags
    ]
    if flags and "avx2" not in flags:
        return Finding("processor", Verdict.LIMITED, found, "Without AVX2 answers are slow; a newer processor helps.")
    return Finding("processor", Verdict.FINE, f"{found}, {', '.join(known) or 'features unknown'}")


def memory() -> Finding:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return Finding("memory", Verdict.FINE, "unknown")
    found = f"{total / _GIB:.1f} GiB"
    if total < 4 * _GIB:
        return Finding("memory", Verdict.LIMITED, found, "Use the embedded model; larger ones need 8 GiB or more.")
    if total < 12 * _GIB:
        return Finding("memory", Verdict.FINE, f"{found}: a 7B model fits at 4 bits only")
    return Finding("memory", Verdict.FINE, found)


def disk() -> Finding:
    folder = _existing(platformdirs.user_data_path("Groundwork", appauthor=False))
    free = shutil.disk_usage(folder).free
    found = f"{free / _GIB:.1f} GiB free for projects and models"
    if free < 2 * _GIB:
        return Finding("disk", Verdict.LIMITED, found, "Free some space: models and training runs need several GiB.")
    return Finding("disk", Verdict.FINE, found)


def writing() -> Finding:
    folder = _existing(platformdirs.user_data_path("Groundwork", appauthor=False))
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            return Finding("write access", Verdict.FINE, "the user's data folder can be written")
    except OSError as error:
        advice = "Give yourself write permission on your data folder, or set XDG_DATA_HOME to a folder of yours."
        return Finding("write access", Verdict.BROKEN, f"{folder}: {error.strerror}", advice)


def gpu() -> Finding:
    torch = importlib.import_module("torch")
    if not torch.cuda.is_available():
        build = "this build runs on the processor" if torch.version.cuda is None else "no usable NVIDIA card or driver"
        return Finding("graphics card", Verdict.FINE, f"{build}; asking and training use the processor")
    card = torch.cuda.get_device_properties(0)
    found = (
        f"{card.name}, {card.total_memory / _GIB:.0f} GiB, compute {card.major}.{card.minor}, CUDA {torch.version.cuda}"
    )
    if card.major < 7:
        return Finding("graphics card", Verdict.LIMITED, found, "4-bit models need compute capability 7.0 or newer.")
    return Finding("graphics card", Verdict.FINE, found)


def four_bit() -> Finding:
    """A smoke test of the very kernel that 4-bit models use, on the device that would run it."""
    torch = importlib.import_module("torch")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        functional = importlib.import_module("bitsandbytes.functional")
        weights = torch.linspace(-1, 1, 64 * 64, device=device).reshape(64, 64)
        packed, state = functional.quantize_4bit(weights, quant_type="nf4")
        error = float((functional.dequantize_4bit(packed, state) - weights).abs().max())
    except (ImportError, OSError, RuntimeError, AttributeError) as failure:
        advice = "Reinstall Groundwork, or use 16-bit models."
        return Finding("4-bit kernels", Verdict.LIMITED, f"not usable ({type(failure).__name__})", advice)
    if error > 0.2:
        advice = "Update the graphics driver; 4-bit answers would be wrong."
        return Finding("4-bit kernels", Verdict.BROKEN, f"wrong by {error:.2f}", advice)
    return Finding("4-bit kernels", Verdict.FINE, f"bitsandbytes NF4 on {device}")


def llama_cpp() -> Finding:
    try:
        version = importlib.import_module("llama_cpp").__version__
        used = importlib.import_module("engine.grounding.backbones.llama_cpp").arithmetic()
    except (ImportError, OSError, RuntimeError):
        found = "llama.cpp is not part of this installation; answers come from torch"
        return Finding("GGUF models", Verdict.LIMITED, found, "From source: make gguf.")
    found = f"llama.cpp through llama-cpp-python {version}, calculating with {', '.join(used) or 'no extras'}"
    if not set(used) & {"AVX", "NEON", "METAL"}:
        return Finding("GGUF models", Verdict.LIMITED, found, "Answers are slow without AVX; a newer processor helps.")
    return Finding("GGUF models", Verdict.FINE, found)


def audio() -> Finding:
    advice = "Connect or enable a sound device; clips play silently until then."
    try:
        devices = importlib.import_module("sounddevice").query_devices()
    except OSError:
        return Finding("sound", Verdict.LIMITED, "PortAudio is missing", "Install the system package libportaudio2.")
    outputs = [device["name"] for device in devices if device["max_output_channels"] > 0]
    if not outputs:
        return Finding("sound", Verdict.LIMITED, "no output device", advice)
    return Finding("sound", Verdict.FINE, f"{len(outputs)} output devices")


def display() -> Finding:
    if sys.platform.startswith("linux"):
        if not os.environ.keys() & {"DISPLAY", "WAYLAND_DISPLAY"}:
            advice = "Start the window from a desktop session; the engine's commands work without."
            return Finding("display", Verdict.LIMITED, "none", advice)
        if os.environ.get("DISPLAY") and not ctypes.util.find_library("xcb-cursor"):
            return Finding("display", Verdict.BROKEN, "libxcb-cursor is missing", "Install the package libxcb-cursor0.")
    return Finding("display", Verdict.FINE, "there is one")


def codecs() -> Finding:
    known = importlib.import_module("av").codecs_available
    missing = [name for name in _CODECS if name not in known]
    if missing:
        advice = "Convert such files to H.264 and AAC before opening them."
        return Finding("codecs", Verdict.LIMITED, f"cannot read {', '.join(missing)}", advice)
    return Finding("codecs", Verdict.FINE, f"{', '.join(_CODECS)}")


def versions() -> Finding:
    known = [f"Python {platform.python_version()}", platform.system()]
    for name in _PACKAGES:
        try:
            known.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            known.append(f"{name} absent")
    return Finding("versions", Verdict.FINE, ", ".join(known))


# Libraries are loaded by the first check that needs them, which takes a while on a cold disk.
_CHECKS = (
    Check("processor", cpu), Check("memory", memory), Check("disk", disk), Check("write access", writing),
    Check("graphics card", gpu, 60), Check("4-bit kernels", four_bit, 60), Check("GGUF models", llama_cpp, 30),
    Check("sound", audio, 20), Check("display", display), Check("codecs", codecs, 20), Check("versions", versions),
)  # fmt: skip


def _line(finding: Finding) -> str:
    advice = f"\n{'':24}→ {finding.advice}" if finding.advice else ""
    return f"{finding.name:14} {finding.verdict.value:8} {finding.found}{advice}"


def _without_names(text: str) -> str:
    """The report may be sent to others: no home folder, no user name in it."""
    return text.replace(str(Path.home()), "~")


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _cpu_flags() -> frozenset[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    return next((frozenset(line.split(":")[1].split()) for line in lines if line.startswith("flags")), frozenset())
