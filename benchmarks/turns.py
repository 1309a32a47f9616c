"""An old commit and what is checked out, in turns on this machine: what became faster, and what slower.

    python benchmarks/turns.py 9eed33e                    the quick cases, three turns of each
    python benchmarks/turns.py 9eed33e --all --turns 5    every case, five turns
    python benchmarks/turns.py v1.2 --cases toy high      some of them

The old commit is checked out into a temporary folder. Each case runs in a process of its own with one thread,
an old one and a new one after each other, so that other work on the machine slows both. Seconds are of
processor time without start-up: "solver" steps to the goal, "run" is the same with the default recording. A
ratio counts as noise unless all turns of one side are faster than all of the other.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

GOAL = 1e-9
#: Seconds after which a process is given up.
LIMIT = 900.0
HERE = Path(__file__).resolve().parent


def preset(name: str, scale: float | None = None) -> Callable[[], Any]:
    """The problem of a shipped preset, at another initial scale if it is given."""

    def make() -> Any:
        from reluflow.store.preset import load_preset

        return load_preset(name, {} if scale is None else {"init.scale": scale}).problem()

    return make


def teacher(size: int, width: int, scale: float) -> Callable[[], Any]:
    """One neuron as teacher on ``size`` Gaussian samples in as many dimensions, centred as the paper does."""

    def make() -> Any:
        import numpy as np

        from reluflow.problem import Problem

        generator = np.random.default_rng(0)
        neuron = generator.standard_normal(size)
        neuron /= np.linalg.norm(neuron)
        inputs = generator.standard_normal((size, size)) / np.sqrt(size)
        inputs += neuron * np.maximum(0.1 - inputs @ neuron, 0.0)[:, None]
        weights = scale * generator.standard_normal((width, size)) / np.sqrt(size)
        signs = np.where(generator.random(width) < 0.5, -1.0, 1.0)
        return Problem(inputs, inputs @ neuron, weights, signs * np.linalg.norm(weights, axis=1))

    return make


def wide(width: int, samples: int) -> Callable[[], Any]:
    """So many neurons on samples in two dimensions and a bias."""

    def make() -> Any:
        import numpy as np

        from reluflow.problem import Problem

        generator = np.random.default_rng(0)
        inputs = np.column_stack([generator.standard_normal((samples, 2)), np.ones(samples)])
        weights = 1e-6 * generator.standard_normal((width, 3))
        signs = np.where(generator.random(width) < 0.5, -1.0, 1.0)
        targets = generator.standard_normal(samples)
        return Problem(inputs, targets, weights, signs * np.linalg.norm(weights, axis=1))

    return make


#: Name to problem, flow time at which it ends at the latest, and whether it is one of the quick ones.
CASES: dict[str, tuple[Callable[[], Any], float, bool]] = {
    "toy": (preset("orthogonal-toy"), 1e4, True),
    "five points": (preset("nonorthogonal-five-points"), 1e4, True),
    "n = d = 10, scale 1": (preset("neuron-centred-10", 1.0), 2e5, True),
    "n = d = 10, scale 1e-3": (preset("neuron-centred-10", 1e-3), 2e5, True),
    "n = d = 64, m = 200": (teacher(64, 200, 4.0**-5), 2e5, True),
    "high": (preset("high-dimension"), 1e4, True),
    "10,000 x 40": (wide(10_000, 40), 40.0, True),
    "n = d = 256, m = 200": (teacher(256, 200, 4.0**-5), 2e5, False),
    "200,000 x 40": (wide(200_000, 40), 40.0, False),
}


def child(name: str) -> dict[str, float]:
    """Processor seconds of one case in this process, by the solver alone and as a run."""
    from reluflow.flow import make_solver
    from reluflow.flow.base import Options
    from reluflow.training.training import StopRules, Training

    make, end, _ = CASES[name]
    warm = Training(preset("orthogonal-toy")(), "lorentz", Options(), StopRules(loss=GOAL))
    while warm.status == "running":  # whatever is imported or computed once is, before anything is timed
        warm.advance(1.0)
    problem, found = make(), {}
    start = time.process_time()
    solver = make_solver("lorentz", problem, Options())
    while solver.loss > GOAL and solver.t < end and solver.failure is None:
        solver.step(1, GOAL, end)
    found["solver"] = time.process_time() - start
    start = time.process_time()
    training = Training(problem, "lorentz", Options(), StopRules(loss=GOAL, time=end))
    while training.status == "running":
        training.advance(1.0)
    found["run"] = time.process_time() - start
    return found


def measured(name: str, package: Path) -> dict[str, float]:
    """What ``child`` finds with the package in a folder; raises SystemExit with its last line if it fails."""
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = os.environ | threads | {"PYTHONPATH": str(package)}
    command = [sys.executable, __file__, "--child", name]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False, cwd=package
        )
    except subprocess.TimeoutExpired:
        return {"solver": float("nan"), "run": float("nan")}
    if done.returncode:
        raise SystemExit(f"{name} with {package}: {done.stderr.strip().splitlines()[-1]}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def verdict(old: list[float], new: list[float]) -> str:
    """Whether one side was faster in all turns."""
    if max(new) < min(old):
        return "faster"
    return "SLOWER" if min(new) > max(old) else "noise"


def compare(old: Path, names: list[str], turning_points: int) -> None:
    print("| case | what | old: seconds | new: seconds | ratio old / new | |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in names:
        pairs = [(measured(name, old), measured(name, HERE.parent)) for _ in range(turning_points)]
        for what in ("solver", "run"):
            before, after = ([pair[side][what] for pair in pairs] for side in (0, 1))
            first, second = statistics.median(before), statistics.median(after)
            row = f"{first:.3f} | {second:.3f} | {first / second:.2f} | {verdict(before, after)}"
            print(f"| {name} | {what} | {row} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commit", nargs="?", help="what the checkout is compared with")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="the slow cases, too")
    parser.add_argument("--cases", nargs="+", choices=CASES, help="only these")
    parser.add_argument("--child", choices=CASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child)))
        return
    if options.commit is None:
        parser.error("say with which commit to compare")
    names = options.cases or [name for name, (_, _, quick) in CASES.items() if quick or options.all]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "old"
        command = [
            "git",
            "-C",
            str(HERE),
            "worktree",
            "add",
            "--detach",
            "--quiet",
            str(tree),
            options.commit,
        ]
        if subprocess.run(command, check=False).returncode:
            raise SystemExit(f"{options.commit}: git has no such commit here")
        try:
            compare(tree, names, options.turns)
        finally:
            subprocess.run(["git", "-C", str(HERE), "worktree", "remove", "--force", str(tree)], check=False)


if __name__ == "__main__":
    main()
