"""A run whose ``problem.npz`` is damaged, read with the very file that its preset makes."""

import io

import numpy as np

from reluflow.data.arrays import Archive
from reluflow.errors import ReluflowError
from reluflow.store.archive import Members
from reluflow.store.run_layout import start_of
from reluflow.store.run_reader import PROBLEM, Run
from reluflow.store.run_summary import sum_of_bytes


def with_problem_remade(run: Run) -> Run | None:
    """The run without its damaged problem.npz; None if its preset does not give the bytes that were written.

    The sum in run.json tells whether it does, so that nothing is shown that the run did not have.
    """
    try:
        problem = run.preset.problem()
    except (ReluflowError, OSError, MemoryError, ArithmeticError, ValueError):
        return None
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **start_of(problem))
    content = file.getvalue()
    if sum_of_bytes(content) not in run.summary.get("sums", {}).get(PROBLEM, []):
        return None
    return Run(run.path, Members(run.path / PROBLEM, Archive(None, content=content), lambda _, __: None))
