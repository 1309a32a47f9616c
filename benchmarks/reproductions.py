"""The papers' numbers again: published beside measured, as Markdown.

    python benchmarks/reproductions.py                   every section, on stdout
    python benchmarks/reproductions.py escapes success   some of escapes, success, angles, law

P1 = Boursier, Pillaud-Vivien, Flammarion 2022 (arXiv 2206.00939);
P2 = Chistikov, Englert, Lazic 2023 (arXiv 2306.06479).
Every figure is measured in this run, with the default method (lorentz) unless another is named, on one
thread. Seeds are this program's own, so that data and first weights follow the law of the papers and are not
their draws: medians can be compared, single seeds cannot.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import math
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from reluflow.observe.columns import published_columns
from reluflow.observe.plateaus import find_saddles
from reluflow.store.preset import load_preset
from reluflow.theory.correlated_assumptions import ASSUMED
from reluflow.theory.orthogonal import predictions
from reluflow.theory.pair_law import largest_angle
from reluflow.theory.teacher_trajectory import TeacherTrajectory, find_teacher
from reluflow.training.training import Training

#: P2, centred inputs, m = 200: scales 4^-k for each dimension, and what is published at some of them.
POWERS = {16: range(8), 64: range(8)}
TEACHER_SEEDS = 5
PUBLISHED_ANGLE = {(64, 5): 3.500, (64, 6): 0.8756, (64, 7): 0.2189}
PUBLISHED_NORM = {
    (16, 0): 4.628,
    (16, 1): 1.929,
    (16, 2): 1.231,
    (16, 3): 1.057,
    (16, 4): 1.014,
    (16, 5): 1.003,
}
#: Seeds, and draws of five of them, for the law of the widest angle.
LAW_SEEDS, LAW_DRAWS = 400, 20_000
#: The pair law is evaluated at the scale 4^-LAW_POWER; angles are in proportion to the scale.
LAW_POWER = 7
#: P1, orthogonal toy.
TOY_SCALES = (-3, -4, -6, -8, -12, -20, -50, -100)
TOY_SEEDS = 5
#: P1, five points: successes of 40 seeds that are on record, by (method, power of ten of the scale).
FIVE_SCALES = (-2, -4, -6)
FIVE_SEEDS = 40
RATE = 0.02
REACHED = 1e-6
RECORDED = {("lorentz", -6): 40, ("lorentz", -4): 40, ("gd", -6): 1, ("gd", -4): 10}


def train(name: str, changes: Mapping[str, Any]) -> Training:
    """A preset, with changes, trained to its end."""
    training = Training.from_preset(load_preset(name, changes))
    while training.status == "running":
        training.advance(seconds=10.0)
    return training


def row(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def head(title: str, *names: str) -> None:
    print(f"\n## {title}\n")
    row(*names)
    row(*("---" for _ in names))


def said(value: float | None, digits: int = 4) -> str:
    """A number to so many digits; a dash where there is none."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"


# --- P1: escape times of the orthogonal toy ---


def escapes() -> None:
    """Escape times grow like ln(1/scale), at 1/|D+| and 1/|D-| for every e-fold of the scale."""
    problem = load_preset("orthogonal-toy").problem()
    pulls = [
        float(np.linalg.norm(np.where(s * problem.targets > 0.0, problem.targets, 0.0) @ problem.inputs))
        / problem.samples
        for s in (1, -1)
    ]
    head(
        f"P1, orthogonal toy: escape times against ln(1/scale), medians of {TOY_SEEDS} seeds",
        *("scale", "ln(1/scale)", "first escape", "over ln(1/scale)", "sharp formula: largest error"),
        *("second escape", "over ln(1/scale)", "sharp formula: largest error"),
    )
    logs, times = [], []
    for power in TOY_SCALES:
        found = np.array([toy_escapes(power, seed) for seed in range(TOY_SEEDS)])
        log = -power * math.log(10.0)
        middle = np.median(found, axis=0)
        logs.append(log)
        times.append(middle[:2])
        errors = np.max(found[:, 2:], axis=0)
        row(
            f"1e{power}",
            *(f"{log:.2f}", f"{middle[0]:.3f}", f"{middle[0] / log:.4f}", said(errors[0], 2)),
            *(f"{middle[1]:.3f}", f"{middle[1] / log:.4f}", said(errors[1], 2)),
        )
    slopes = np.polyfit(logs, np.array(times), 1)[0]
    print(
        f"\nSlopes of a straight line through these times: {slopes[0]:.4f} and {slopes[1]:.4f}; P1 states "
        f"1/|D+| = {1.0 / pulls[0]:.4f} and 1/|D-| = {1.0 / pulls[1]:.4f}."
    )


def toy_escapes(power: int, seed: int) -> tuple[float, float, float, float]:
    """First and second escape time, and the relative errors of their sharp formulas."""
    training = train("orthogonal-toy", {"init.scale": 10.0**power, "init.seed": seed, "stop.time": 1e5})
    ends = [saddle.end or math.nan for saddle in find_saddles(training.recorder.series)]
    first, second = [*ends, math.nan, math.nan][:2]
    predicted = {each.id: each.predicted for each in predictions(training.problem)}
    errors = [
        abs(end / (predicted[f"orthogonal/{which}-escape"] or math.nan) - 1.0)
        for which, end in (("first", first), ("second", second))
    ]
    return first, second, errors[0], errors[1]


# --- P1: the five points, flow and descent ---


def success() -> None:
    """How often descent and the flow fit five points on a line."""
    head(
        f"P1, five points: seeds of {FIVE_SEEDS} that reach loss {REACHED:g} (gd: rate {RATE:g} of half-mse)",
        *("scale", "lorentz", "on record", "gd", "on record", "losses at which gd ends otherwise"),
    )
    for power in FIVE_SCALES:
        cells: list[object] = []
        stuck: set[str] = set()
        for method in ("lorentz", "gd"):
            reached = 0
            for seed in range(FIVE_SEEDS):
                training = train(
                    "nonorthogonal-five-points",
                    {
                        "solver.method": method,
                        "solver.learning_rate": RATE,
                        "init.scale": 10.0**power,
                        "init.seed": seed,
                        "stop.loss": REACHED,
                    },
                )
                reached += training.status == "converged"
                if training.status != "converged" and method == "gd":
                    stuck.add(f"{training.solver.loss:.4f}")
            cells += [reached, RECORDED.get((method, power), "-")]
        row(f"1e{power}", *cells, ", ".join(sorted(stuck)) or "-")


# --- P2: one neuron as teacher ---


def taught(dimension: int, power: int, seed: int) -> tuple[dict[str, float], Training]:
    """What the end of one run measures, and the run."""
    training = train("neuron-centred", taught_changes(dimension, power, seed))
    return published_columns(training.solver.state, training.problem), training


def taught_changes(dimension: int, power: int, seed: int) -> dict[str, Any]:
    """The setting of P2's tables at the scale 4^-power, as changes of the preset neuron-centred."""
    return {
        "data.samples": dimension,
        "data.dimension": dimension,
        "data.seed": seed,
        "network.width": 200,
        "init.scale": 4.0**-power,
        "init.seed": seed,
        "stop.time": 1e7,
    }


def angles() -> None:
    """Widest angle between neurons that saw a sample at the start, and nuclear norm, against the scale."""
    for dimension, powers in POWERS.items():
        head(
            f"P2, centred, n = d = {dimension}, m = 200, to loss 1e-9: medians of {TEACHER_SEEDS} seeds",
            *("scale", "widest angle, deg", "published", "smallest .. largest", "ratio to the scale above"),
            *("mean angle, deg", "nuclear norm", "published", "squared norm of all weights", "seconds a run"),
        )
        before: list[float] | None = None
        for power in powers:
            if power - 1 not in powers:
                before = None
            began = time.perf_counter()
            runs = [taught(dimension, power, seed) for seed in range(TEACHER_SEEDS)]
            seconds = (time.perf_counter() - began) / TEACHER_SEEDS
            before = teacher_row(dimension, power, [found for found, _ in runs], before, seconds)
            if any(run.status != "converged" for _, run in runs):
                print(f"\nNot every run at 4^-{power} reached the loss.\n")


def teacher_row(
    dimension: int, power: int, found: list[dict[str, float]], before: list[float] | None, seconds: float
) -> list[float]:
    """Prints one scale; returns the widest angle of every seed."""

    def median(name: str) -> float:
        return statistics.median(each[name] for each in found)

    widest = [each["angle_max_plus"] for each in found]
    ratios = [old / new for old, new in zip(before or [], widest, strict=False)]
    row(
        f"4^-{power}",
        said(statistics.median(widest)),
        said(PUBLISHED_ANGLE.get((dimension, power))),
        f"{said(min(widest))} .. {said(max(widest))}",
        said(statistics.median(ratios)) if ratios else "-",
        said(median("angle_mean_plus")),
        said(median("nuclear_norm"), 5),
        said(PUBLISHED_NORM.get((dimension, power))),
        said(median("parameter_norm_squared"), 5),
        f"{seconds:.1f}",
    )
    return widest


def law() -> None:
    """What the median of five seeds of the widest angle can be, from the pair law for many seeds."""
    head(
        f"P2, centred, m = 200: the widest angle by the pair law over {LAW_SEEDS} seeds, in degrees",
        *("n = d", "scale", "median", "5 to 95 % of medians of five seeds", "published (five seeds)"),
        *(
            "medians of five at or below it",
            "mean number of neurons in the bundle",
            "seeds with a late neuron",
        ),
    )
    for dimension in POWERS:
        found = [widest(dimension, seed) for seed in range(LAW_SEEDS)]
        angles_found = np.array([angle for angle, _, _ in found])
        fives = np.median(np.random.default_rng(0).choice(angles_found, (LAW_DRAWS, TEACHER_SEEDS)), axis=1)
        for power in (5, 6, 7):
            factor = 4.0 ** (LAW_POWER - power)
            published = PUBLISHED_ANGLE.get((dimension, power))
            low, high = np.percentile(fives, [5, 95], method="nearest") * factor
            row(
                *(dimension, f"4^-{power}", said(float(np.median(angles_found)) * factor, 3)),
                *(f"{said(low, 2)} .. {said(high, 2) if math.isfinite(high) else 'late'}", said(published)),
                "-" if published is None else f"{100.0 * np.mean(fives * factor <= published):.0f} %",
                f"{np.mean([members for _, members, _ in found]):.0f}",
                sum(late for _, _, late in found),
            )


def widest(dimension: int, seed: int) -> tuple[float, int, bool]:
    """The widest final angle (degrees), how many neurons grow, and whether one of them turns too late.

    A late neuron still gains samples when the loss begins to fall, and ends at a wide angle at any scale;
    infinite here, and so is a start from which nothing grows.
    """
    problem = load_preset("neuron-centred", taught_changes(dimension, LAW_POWER, seed)).problem()
    teacher = find_teacher(problem)
    course = None if teacher is None else TeacherTrajectory(problem, teacher)
    if course is None or not np.any(course.alignment.bundle):
        return math.inf, 0, False
    members = course.alignment.bundle
    late = bool(np.any(course.alignment.settled[members] > ASSUMED.begin * course.half_time))
    angle = math.inf if late else largest_angle(course.amplitudes, course.size)
    return angle, int(np.count_nonzero(members)), late


SECTIONS: dict[str, Callable[[], None]] = {each.__name__: each for each in (escapes, success, angles, law)}


def main(wanted: Sequence[str]) -> int:
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        print(f"no section {unknown[0]!r}; expected some of: {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    print("# The papers' numbers, reproduced\n")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} cores, one thread.")
    for name in wanted or SECTIONS:
        SECTIONS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
