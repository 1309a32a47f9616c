"""How long a sweep will take and how much it will write, from a few of its runs."""

import time
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.sweep.solving import PointSolver
from reluflow.sweep.study import Study

#: Points of a sample, and seconds for all of it, at most.
SAMPLE: Final = 5
SAMPLE_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Estimate:
    """``runs`` to solve; of each, seconds and bytes of its row, by so many ``sampled`` ones.

    ``is_least``: whether a run was not over in time, so that the seconds are too few.
    """

    runs: int
    sampled: int
    seconds_per_run: float
    bytes_per_run: float
    is_least: bool

    def seconds(self, jobs: int) -> float:
        """Of all runs, on so many processes."""
        return self.runs * self.seconds_per_run / max(min(jobs, self.runs), 1)


def estimate(study: Study, todo: npt.NDArray[np.int64]) -> Estimate:
    """Solve a few points that are spread over those to solve, here and now; nothing is written."""
    solver, end = PointSolver(study), time.perf_counter() + SAMPLE_SECONDS
    seconds, sizes, is_least = [], [], False
    for place in np.unique(np.linspace(0, todo.size - 1, min(SAMPLE, todo.size)).round().astype(int)):
        began = time.perf_counter()
        cells = solver.solve(int(todo[place]), lambda: time.perf_counter() > end)
        seconds.append(time.perf_counter() - began)
        if cells is None:
            is_least = True
            break
        sizes.append(len(",".join(cells).encode()) + 1)
    mean_seconds, mean_size = (float(np.mean(each)) if each else 0.0 for each in (seconds, sizes))
    return Estimate(int(todo.size), len(seconds), mean_seconds, mean_size, is_least)
