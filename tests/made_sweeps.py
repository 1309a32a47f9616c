"""Sweeps that are made in this process, for tests of what is shown of them."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from reluflow.store.preset import load_preset
from reluflow.sweep.axes import parse_axis
from reluflow.sweep.running import RUNS, SweepRun
from reluflow.sweep.solving import Cells, PointSolver
from reluflow.sweep.study import Study, begin, read_study, varied

#: runs of some milliseconds
QUICK = {"network.width": 8, "stop.loss": 0.3, "init.scale": 1e-3}


class Here:
    """Solves points one after the other in this process; ``most`` of them."""

    def __init__(self, study: Study, most: int, keep: Path | None) -> None:
        self._solver, self._most = PointSolver(study, keep), most

    def solve(self, numbers: Iterator[int], is_unwanted: Callable[[], bool]) -> Iterator[list[Cells]]:
        for number, _ in zip(numbers, range(self._most), strict=False):
            row = self._solver.solve(number, is_unwanted)
            assert row is not None
            yield [row]


def made_sweep(folder: Path, over: Sequence[str], most: int = 10**6, keep: bool = False) -> Path:
    """A folder with the rows of ``most`` points more of the toy over some axes."""
    if not folder.exists():
        begin(folder, varied(load_preset("orthogonal-toy", QUICK), [parse_axis(text) for text in over]))
    run = SweepRun(folder, read_study(folder))
    try:
        here = Here(run.study, most, folder / RUNS if keep else None)
        run.solve(here, lambda: False, lambda _: None)
    finally:
        run.close()
    return folder
