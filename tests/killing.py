"""Runs that are killed at random instants and resumed until they end; prints what should not be.

    python tests/killing.py gd 0 200
    python tests/killing.py lorentz 0 200

A run saves as often as it can, so that most kills meet a save. Every result is compared with that of a run
that was not disturbed, to the last bit.
"""

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import fuzzing
import numpy as np

from reluflow.store.run_directory import open_run

WORDS = {
    "gd": [
        "orthogonal-toy",
        "--method",
        "gd",
        "--set",
        "solver.learning_rate=0.002",
        "--set",
        "network.width=8",
    ],
    "lorentz": ["neuron-centred-10", "--set", "network.width=12", "--set", "init.scale=1e-3"],
}
LIMITS = {
    "gd": ["--set", "stop.steps=4000", "--set", "stop.loss=none"],
    "lorentz": ["--set", "stop.loss=1e-5"],
}
MOST_KILLS = 6
NAMES = {"preset.toml", "problem.npz", "trajectory.npz", "run.json"}


def often() -> None:
    """Save all the time, in the process that is to be killed."""
    from reluflow.cli import loop
    from reluflow.training import saving

    loop.LOOK_EVERY = 0.0
    saving.FIRST_SECONDS = saving.SAVE_SECONDS = saving.SAVE_SHARE = 0.0


def start(words: list[str], folder: Path) -> int:
    process = os.fork()
    if process == 0:
        often()
        fuzzing.MEMORY = -1
        fuzzing.be(words, folder)
    return process


def command(kind: str, exists: bool) -> list[str]:
    words = ["run", *WORDS[kind], *LIMITS[kind], "--out", "runs/out", "-q"]
    return [*words, "--resume"] if exists else words


def disturbed(kind: str, rng: random.Random, folder: Path, usual: float) -> list[str]:
    """Kill and resume some times, then let it end; what should not be."""
    found = []
    for _ in range(rng.randrange(1, MOST_KILLS)):
        process = start(command(kind, (folder / "runs" / "out").exists()), folder)
        time.sleep(rng.uniform(0.0, usual))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        if (folder / "runs" / "out").exists():
            run = open_run(folder / "runs" / "out")
            if run.status not in ("interrupted", "converged", "steps") or run.faults:
                found.append(f"{run.status} {run.faults}")
            if run.arrays and run.summary["time"] != run.t[-1]:
                found.append("the summary is not that of the arrays")
    status = os.waitpid(start(command(kind, (folder / "runs" / "out").exists()), folder), 0)[1]
    if status != 0:
        found.append(f"exit {status}: {(folder / 'err').read_text()[-300:]}")
    left = [str(path.relative_to(folder)) for path in (folder / "runs").rglob("*") if path.name not in NAMES]
    if sorted(left) != ["runs/out"]:
        found.append(f"left over: {left}")
    return found


def differences(run: Path, straight: Path) -> list[str]:
    """Arrays of the trajectory that are not the same, to the last bit."""
    with np.load(run / "trajectory.npz") as found, np.load(straight / "trajectory.npz") as expected:
        names = {
            name for name in expected if name.startswith(("snapshots/", "events/", "checkpoint/solver/"))
        }
        return sorted(name for name in names if not np.array_equal(found[name], expected[name]))


def kill(kind: str, seeds: range) -> int:
    """Print every fault with its seed; returns how many there were."""
    import reluflow.cli.app
    import reluflow.training.saving  # noqa: F401

    count = 0
    with tempfile.TemporaryDirectory() as name:
        straight = Path(name) / "straight"
        straight.mkdir()
        began = time.monotonic()
        os.waitpid(start(command(kind, False), straight), 0)
        usual = time.monotonic() - began
        for seed in seeds:
            folder = Path(name) / str(seed)
            folder.mkdir()
            found = disturbed(kind, random.Random(seed), folder, usual)
            found += differences(folder / "runs" / "out", straight / "runs" / "out")
            count += len(found)
            for fault in found:
                print(f"{kind} seed {seed}: {fault}", flush=True)
    print(
        f"{kind} seeds {seeds.start} to {seeds.stop - 1}: {count} faults, a run takes {usual:.2f} s",
        flush=True,
    )
    return count


if __name__ == "__main__":
    sys.exit(min(kill(sys.argv[1], range(int(sys.argv[2]), int(sys.argv[3]))), 1))
