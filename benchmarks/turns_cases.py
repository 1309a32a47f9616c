"""What ``turns.py`` measures with two versions of the package: problems, a process, a picture, the app.

Problems and the picture are measured by this file as a script, in a process with the version's package on its
path; what they import of it has been there since 9eed33e.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

GOAL = 1e-9
#: Seconds after which a process is given up.
LIMIT = 900.0
THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
#: Turns of a number in one start of the app, and pictures that are drawn in one process.
KNOBS, PICTURES = 5, 30

#: Seconds by what was measured; nan for what was given up.
Seconds = Mapping[str, float]


@dataclass(frozen=True)
class Case:
    """``measure`` gets the folder of a package. ``quick``: whether it is among the cases of every day."""

    measure: Callable[[Path], Seconds]
    quick: bool = True


# --- problems, each solved in a process of its own ---


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


def wide(width: int, samples: int, scale: float = 1e-6) -> Callable[[], Any]:
    """So many neurons of the scale on samples in two dimensions and a bias."""

    def make() -> Any:
        import numpy as np

        from reluflow.problem import Problem

        generator = np.random.default_rng(0)
        inputs = np.column_stack([generator.standard_normal((samples, 2)), np.ones(samples)])
        weights = scale * generator.standard_normal((width, 3))
        signs = np.where(generator.random(width) < 0.5, -1.0, 1.0)
        targets = generator.standard_normal(samples)
        return Problem(inputs, targets, weights, signs * np.linalg.norm(weights, axis=1))

    return make


def gaussian(samples: int, dimension: int, width: int, scale: float) -> Callable[[], Any]:
    """Gaussian inputs over sqrt(d) with Gaussian targets, so many neurons of the scale."""

    def make() -> Any:
        import numpy as np

        from reluflow.problem import Problem

        generator = np.random.default_rng(0)
        inputs = generator.standard_normal((samples, dimension)) / np.sqrt(dimension)
        targets = generator.standard_normal(samples)
        weights = scale * generator.standard_normal((width, dimension)) / np.sqrt(dimension)
        signs = np.where(generator.random(width) < 0.5, -1.0, 1.0)
        return Problem(inputs, targets, weights, signs * np.linalg.norm(weights, axis=1))

    return make


#: scikit-learn's tables: what makes inputs and labels or values, and which label is +1, None for values.
TABLES: dict[str, tuple[str, int | None]] = {
    "iris": ("load_iris", 2),
    "moons": ("make_moons", 1),
    "wine": ("load_wine", 0),
    "digits": ("load_digits", 1),
    "diabetes": ("load_diabetes", None),
    "breast cancer": ("load_breast_cancer", 1),
}


def table(name: str) -> Callable[[], Any]:
    """A table in standard units over sqrt(d) and a bias, 50 neurons of size 1e-3.

    Of iris the last two kinds are told apart, of the digits 0 and 1, of the wines the first from the others.
    """

    def make() -> Any:
        import numpy as np
        from sklearn import datasets

        from reluflow.problem import Problem

        loader, positive = TABLES[name]
        given = (
            {"n_samples": 200, "noise": 0.1, "random_state": 0} if name == "moons" else {"return_X_y": True}
        )
        inputs, targets = getattr(datasets, loader)(**given)
        kept = targets > 0 if name == "iris" else targets < 2 if name == "digits" else np.isfinite(targets)
        inputs, targets = inputs[kept], targets[kept]
        inputs = inputs[:, inputs.std(axis=0) > 0.0]
        inputs = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0) / np.sqrt(inputs.shape[1])
        inputs = np.column_stack([inputs, np.ones(len(inputs))])
        if positive is None:
            targets = (targets - targets.mean()) / targets.std()
        else:
            targets = np.where(targets == positive, 1.0, -1.0)
        generator = np.random.default_rng(0)
        weights = 1e-3 * generator.standard_normal((50, inputs.shape[1]))
        signs = np.where(generator.random(50) < 0.5, -1.0, 1.0)
        return Problem(inputs, targets, weights, signs * np.linalg.norm(weights, axis=1))

    return make


@dataclass(frozen=True)
class Setting:
    """A problem, the flow time and the loss at which it ends at the latest, and whether it is a quick one.

    rests: it may come to rest above that loss, which a run notices and a solver alone does not. rapidity:
    |D| t of the neuron that grows fastest at which it ends, in place of a time.
    """

    make: Callable[[], Any]
    end: float
    quick: bool = False
    goal: float = GOAL
    rests: bool = False
    rapidity: float = 0.0

    def until(self, problem: Any) -> float:
        """The flow time at which it ends at the latest."""
        if not self.rapidity:
            return self.end
        active = problem.weights @ problem.inputs.T > 0.0
        pulls = active * problem.targets @ problem.inputs / len(problem.targets)
        return self.rapidity / float((pulls**2).sum(axis=1).max() ** 0.5)


#: Plateaus on which the residual is as good as frozen: events alone.
FROZEN = {
    "frozen, 40 x (2 + bias)": wide(200, 40, 1e-60),
    **{
        f"frozen, {samples} x {dimension}": gaussian(samples, dimension, 200, 1e-60)
        for samples, dimension in ((50, 50), (75, 150), (256, 256))
    },
}
PROBLEMS: dict[str, Setting] = {
    "toy": Setting(preset("orthogonal-toy"), 1e4, quick=True),
    "five points": Setting(preset("nonorthogonal-five-points"), 1e4, quick=True),
    "n = d = 10, scale 1": Setting(preset("neuron-centred-10", 1.0), 2e5, quick=True),
    "n = d = 10, scale 1e-3": Setting(preset("neuron-centred-10", 1e-3), 2e5, quick=True),
    "n = d = 64, m = 200": Setting(teacher(64, 200, 4.0**-5), 2e5, quick=True),
    "high": Setting(preset("high-dimension"), 1e4, quick=True),
    "10,000 x 40": Setting(wide(10_000, 40), 40.0, quick=True),
    "n = d = 256, m = 200": Setting(teacher(256, 200, 4.0**-5), 2e5),
    "200,000 x 40": Setting(wide(200_000, 40), 40.0),
    **{f"n = d = {size}, m = 200": Setting(teacher(size, 200, 4.0**-5), 2e5) for size in (512, 1024)},
    "500 x 1000, m = 50": Setting(gaussian(500, 1000, 50, 1e-6), 1e7, rests=True),
    **{name: Setting(table(name), 1e7, goal=1e-4, rests=True) for name in TABLES},
    **{name: Setting(make, 0.0, rapidity=12.0) for name, make in FROZEN.items()},
}
PICTURE = "400 points on 100 x 28"


def solve(name: str) -> Seconds:
    """Processor seconds of a problem in this process, by the solver alone and as a run."""
    from reluflow.flow import make_solver
    from reluflow.flow.base import Options

    try:
        from reluflow.training.training import StopRules, Training
    except ModuleNotFoundError:  # at 9eed33e it was one module
        from reluflow.training import StopRules, Training

    setting = PROBLEMS[name]
    warm = Training(preset("orthogonal-toy")(), "lorentz", Options(), StopRules(loss=GOAL))
    while warm.status == "running":  # whatever is imported or computed once is, before anything is timed
        warm.advance(1.0)
    problem, found = setting.make(), {}
    end = setting.until(problem)
    start = time.process_time()
    if not setting.rests:
        solver = make_solver("lorentz", problem, Options())
        while solver.loss > setting.goal and solver.t < end and solver.failure is None:
            solver.step(1, setting.goal, end)
        found["solver"] = time.process_time() - start
    start = time.process_time()
    training = Training(problem, "lorentz", Options(), StopRules(loss=setting.goal, time=end))
    while training.status == "running":
        training.advance(1.0)
    found["run"] = time.process_time() - start
    return found


def draw() -> Seconds:
    """Processor seconds of a curve that was not drawn before, and of one that was."""
    import numpy as np

    from reluflow.plot.canvas import Trace
    from reluflow.plot.canvas import draw as canvas

    x, found = np.linspace(0.0, 1.0, 400), {}
    curves = [0.5 + 0.4 * np.sin((9.0 + 0.1 * turn) * x) for turn in range(PICTURES + 1)]
    for what, shown in (("drawn", curves), ("drawn again", curves[:1] * len(curves))):
        seconds = []
        for y in shown:
            start = time.process_time()
            canvas(100, 28, [Trace(x, y, "curve", "braille", line=True)])
            seconds.append(time.process_time() - start)
        found[what] = statistics.median(seconds[1:])
    return found


def by_child(name: str, package: Path) -> Seconds:
    """What a process with the package finds; raises SystemExit with its last line if it fails."""
    environment = os.environ | THREADS | {"PYTHONPATH": str(package)}
    command = [sys.executable, __file__, name]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False, cwd=package
        )
    except subprocess.TimeoutExpired:
        return {what: float("nan") for what in (("run",) if PROBLEMS[name].rests else ("solver", "run"))}
    if done.returncode:
        raise SystemExit(f"{name} with {package}: {done.stderr.strip().splitlines()[-1]}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


# --- whole processes ---


def process(package: Path) -> Seconds:
    """A run from the shell, start-up and saving included."""
    environment = os.environ | THREADS | {"PYTHONPATH": str(package)}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "reluflow", "run", "orthogonal-toy", "--quiet"]
        before, start = os.times(), time.monotonic()
        subprocess.run(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, check=True)
        after, wall = os.times(), time.monotonic() - start
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return {"processor": used, "wall": wall}


def app(name: str, package: Path) -> Seconds:
    """The app from the shell to its first picture; a turned number to the new curve and the last mark."""
    from app import knob_turns
    from watched import running

    with running(name, (160, 45), package=package) as shown:
        seconds = {
            "first paint": shown.painted - shown.terminal.started,
            "first paint, processor": sum(shown.cpu().values()),
        }
        first, marks, last, used = knob_turns(shown, KNOBS)
    return seconds | {
        "turn to curve": statistics.median(first) / 1000.0,
        "turn to last mark": statistics.median(marks) / 1000.0,
        "turn to last change": statistics.median(last) / 1000.0,
        "a turn, processor": used / KNOBS,
    }


CASES: dict[str, Case] = {
    **{name: Case(partial(by_child, name), setting.quick) for name, setting in PROBLEMS.items()},
    PICTURE: Case(partial(by_child, PICTURE)),
    "run orthogonal-toy": Case(process),
    "app, toy": Case(partial(app, "orthogonal-toy")),
    "app, five points": Case(partial(app, "nonorthogonal-five-points")),
    "app, n = d = 10": Case(partial(app, "neuron-centred-10")),
}


if __name__ == "__main__":
    print(json.dumps(draw() if sys.argv[1] == PICTURE else solve(sys.argv[1])))
