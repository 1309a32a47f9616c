"""Whether ``--check`` says what is true: the agreement that it reports beside the distance to a reference.

    python benchmarks/checked.py                   the cases of tests/cases/flow and the presets, as Markdown
    python benchmarks/checked.py first-steps wu-five-points

A run at rtol 1e-6 is checked as ``reluflow run --check`` does, at rtol 1e-8, and then held against a
reference at the same times: for the cases the losses of an independent integrator in 80-bit arithmetic, for
presets the flow at rtol 1e-11 (1e-9 for the large ones). Where the check reports agreement to e, the
reference is to be within 30 e, unless the check says that the flow is not unique.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

import reluflow
from reluflow.flow.base import Options
from reluflow.network import Array
from reluflow.observe.difference import RESOLVED, loss_at
from reluflow.problem import Problem
from reluflow.store.locations import shipped_presets
from reluflow.store.preset import load_preset
from reluflow.training.checking import check
from reluflow.training.stopping import StopRules
from reluflow.training.training import Training

CASES: Final = Path(__file__).parent.parent / "tests" / "cases" / "flow"
#: A reference may be so many times farther away than the check reports.
WITHIN: Final = 30.0
#: Relative tolerance of the reference of a preset, and of one with more pairs of neuron and sample than this.
REFERENCE, COARSER, MANY = 1e-11, 1e-9, 10_000
#: Numbers in the states at the times at which a preset is compared, at most.
MOST_NUMBERS: Final = 10_000_000
#: A preset of which a single run is long.
LEFT_OUT: Final = ("piecewise-wide",)
#: Cases in which the integrator takes another solution of the equation than descent with its rate going to 0,
#: which the flow follows (tests/test_flow_cases.py).
ELSEWHERE: Final = (
    "dominated-12", "domline-24", "onkink-12", "rankdef2-17", "rankdef2-33", "rankdef2-39",
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What the check of a run reported, and how far the reference is, both of the loss and relative."""

    name: str
    reported: float
    choices: int
    distance: float

    @property
    def is_true(self) -> bool:
        return self.choices > 0 or self.distance <= WITHIN * self.reported


def of_case(name: str) -> Verdict:
    """The verdict on one of the cases."""
    with np.load(CASES / f"{name}.npz") as stored:
        data = dict(stored)
    start = (data[key] for key in ("inputs", "targets", "weights", "output_weights"))
    problem = Problem(*start, slope=float(data["slope"]))
    known = np.isfinite(data["loss"])
    times, reference = data["times"][known], data["loss"][known]
    training = Training(problem, "lorentz", Options(), StopRules(time=float(times[-1])))
    training.run()
    ours = reluflow.simulate(*_start(problem), times=times, slope=problem.slope).loss
    return _verdict(name, training, (ours, reference[: ours.size]))


def of_preset(name: str) -> Verdict:
    """The verdict on a preset."""
    training = Training.from_preset(load_preset(name))
    training.run()
    problem, series = training.problem, training.recorder.series
    t = np.unique(series["t"])
    most = max(50, MOST_NUMBERS // problem.weights.size)
    if t.size > most:
        t = t[np.unique(np.linspace(0, t.size - 1, most).round().astype(int))]
    exact = reluflow.simulate(
        *_start(problem), rtol=REFERENCE if problem.width * problem.samples <= MANY else COARSER, times=t,
        loss=problem.loss, slope=problem.slope, weight_decay=problem.weight_decay,
    )  # fmt: skip
    ours = loss_at(series["t"], series["loss"], exact.t)
    return _verdict(name, training, (ours, exact.loss))


def _start(problem: Problem) -> tuple[Array, Array, Array, Array]:
    return problem.inputs, problem.targets, problem.weights, problem.output_weights


def _verdict(name: str, training: Training, losses: tuple[Array, Array]) -> Verdict:
    """``losses``: of the run and of the reference at the same times."""
    done = check(training)
    assert done is not None
    told, (ours, reference) = done.told(), losses
    larger, least = np.maximum(ours, reference), RESOLVED * training.recorder.series["loss"][0]
    gaps = np.where(larger > least, np.abs(ours - reference) / np.maximum(larger, least), 0.0)
    return Verdict(name, told["loss"], told["choices"], float(np.max(gaps)))


def verdicts(names: Sequence[str]) -> Iterator[Verdict]:
    cases = {path.stem for path in CASES.glob("*.npz")}
    for name in names:
        yield of_case(name) if name in cases else of_preset(name)


def main(wanted: Sequence[str]) -> int:
    """Print a table; 1 if the check of a run was wrong."""
    presets = sorted(path.stem for path in shipped_presets().glob("*.toml") if path.stem not in LEFT_OUT)
    cases = sorted(path.stem for path in CASES.glob("*.npz") if path.stem not in ELSEWHERE)
    print("| run | check reports | choices | reference is away by | true |\n| --- | --- | --- | --- | --- |")
    held = True
    for each in verdicts(wanted or [*cases, *presets]):
        held &= each.is_true
        words = f"{each.reported:.2g} | {each.choices or '-'} | {each.distance:.2g}"
        print(f"| {each.name} | {words} | {'yes' if each.is_true else 'NO'} |", flush=True)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
