"""What a sweep costs beside its runs: runs a second, overhead a run, memory, and how fast tables open.

    python benchmarks/sweeps.py [--runs 1000] [--jobs 2] [--rows 1000000]

The orthogonal toy over scale and seed. Overhead is processor time, which other work on the machine changes
little: of this process while workers solve, and of a row beyond that of its run by ``Training.run`` with the
same recording, both solved here in turns. ``--rows`` are made, not run.
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np

from reluflow.sweep.columns import headings
from reluflow.sweep.opening import open_sweep
from reluflow.sweep.parts import lines
from reluflow.sweep.processes import Processes
from reluflow.sweep.running import SweepRun
from reluflow.sweep.solving import PointSolver
from reluflow.sweep.study import Study, begin, planned
from reluflow.sweep.summary import grouped
from reluflow.sweep.tables import CSV, table_names, write_table
from reluflow.training.training import Training


def swept(folder: Path, study: Study, jobs: int) -> tuple[float, float]:
    """Seconds of a sweep, and processor seconds of this process meanwhile."""
    began, used = time.perf_counter(), time.process_time()
    run = SweepRun(folder, begin(folder, study))
    run.solve(Processes(run.study, jobs), lambda: False, lambda _: None)
    run.close()
    return time.perf_counter() - began, time.process_time() - used


def in_turns(study: Study, most: int = 60) -> tuple[float, float]:
    """Processor seconds of a run alone, and what a row takes beyond that: medians over points of the grid."""
    solver = PointSolver(study)
    numbers = np.unique(np.linspace(0, study.grid.size - 1, most).astype(int)).tolist()
    solver.solve(0)
    runs, beyond = [], []
    for number in numbers:
        began = time.process_time()
        Training.from_preset(study.preset_at(number)).run()
        between = time.process_time()
        solver.solve(number)
        runs.append(between - began)
        beyond.append(time.process_time() - between - runs[-1])
    return statistics.median(runs), statistics.median(beyond)


def made(folder: Path, rows: int) -> None:
    """A table of so many rows."""
    study = begin(
        folder, planned("orthogonal-toy", ["init.scale=10^-2:10^-11", f"init.seed=0:{rows // 10 - 1}"])
    )
    draws = np.random.default_rng(0).random((study.grid.size, 6)).tolist()
    with (folder / CSV).open("w") as file:
        file.write(lines([[each.name for each in headings(study)]]))
        for number, (a, b, c, d, e, f) in enumerate(draws):
            scale, seed = study.grid.point(number)
            reason = '"the loss is 1e-09, at or below stop.loss = 1e-09"'
            file.write(
                f"{scale!r},{seed},converged,{reason},true,{a!r},{b!r},{c!r},{d!r},{e!r},2,2,{a!r};{b!r},{f!r}\n"
            )


def opened(folder: Path) -> float:
    """Processor seconds in which a table is read and grouped."""
    used = time.process_time()
    grouped(open_sweep(folder).table(), ["init.scale"], "time")
    return time.process_time() - used


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rows", type=int, default=1_000_000)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        study = planned("orthogonal-toy", ["init.scale=1e-6,1e-3", f"init.seed=0:{words.runs // 2 - 1}"])
        few = planned("orthogonal-toy", ["init.scale=1e-3", f"init.seed=0:{words.jobs - 1}"])
        first, start = swept(Path(name) / "few", few, words.jobs)
        seconds, parent = swept(Path(name) / "toy", study, words.jobs)
        alone, beyond = in_turns(study)
        size = study.grid.size
        print(f"{size} runs on {words.jobs} processes in {seconds:.3g} s: {size / seconds:.3g} runs/s")
        print(f"the first run of each process, with its start: {first:.3g} s")
        print(f"a run alone {1e3 * alone:.3g} ms; beyond that a row {1e3 * beyond:.2g} ms")
        print(f"and this process {1e3 * (parent - start) / (size - words.jobs):.2g} ms a run")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"memory of this process, at most: {memory:.0f} MB")
        if words.rows:
            folder = Path(name) / "many"
            made(folder, words.rows)
            print(f"{words.rows} rows of CSV opened and grouped in {opened(folder):.3g} s (processor time)")
            new, old = table_names()
            if old == CSV:
                sweep = open_sweep(folder)
                write_table(folder / new, sweep.rows.headings, sweep.rows.columns)
                (folder / old).unlink()
                print(f"the same in Parquet in {opened(folder):.3g} s (processor time)")


if __name__ == "__main__":
    main()
