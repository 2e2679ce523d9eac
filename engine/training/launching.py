"""Files that start one run on several cards or machines, through `accelerate launch`.

launch/machine-N.yaml   what accelerate wants to know on machine N
launch/start-N.sh       the command to give there; the run folder must lie where all of them can reach it
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

import yaml
from msgspec import Struct

_PORT = 29517


class Fleet(Struct, frozen=True):
    """`processes` in all, one for each card (or share of a processor), on `machines`, of which `host` is the first."""

    processes: int
    machines: int = 1
    host: str = "127.0.0.1"
    cards: bool = True


def write_launch(run: Path, fleet: Fleet, arguments: Sequence[str]) -> list[Path]:
    """Write the files into `run`; the commands, one for each machine. `arguments` are those of the program."""
    folder = run / "launch"
    folder.mkdir(parents=True, exist_ok=True)
    starts = []
    for machine in range(fleet.machines):
        known = folder / f"machine-{machine}.yaml"
        known.write_text(yaml.safe_dump(_settings(fleet, machine)), encoding="utf-8")
        # A run on processors must not talk by way of cards that happen to be there.
        hidden = [] if fleet.cards else ["env", "CUDA_VISIBLE_DEVICES="]
        words = [*hidden, "accelerate", "launch", "--config_file", str(known.resolve()), "-m", "engine", *arguments]
        start = folder / f"start-{machine}.sh"
        start.write_text(f"#!/bin/sh\nexec {shlex.join(words)}\n", encoding="utf-8")
        start.chmod(0o755)
        starts.append(start)
    return starts


def _settings(fleet: Fleet, machine: int) -> dict[str, object]:
    # Arithmetic of less than the plan's precision is the plan's to decide, not accelerate's. For processors alone it
    # starts several processes through MPI only, and without that a single one.
    return {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": "MULTI_GPU",
        "machine_rank": machine,
        "main_process_ip": fleet.host,
        "main_process_port": _PORT,
        "mixed_precision": "no",
        "num_machines": fleet.machines,
        "num_processes": fleet.processes,
        "rdzv_backend": "static",
        "same_network": True,
        "use_cpu": not fleet.cards,
    }
