"""One thread for linear algebra, whatever was exported."""

import os
import subprocess
import sys

from commands import FAST, shell

IN_PROGRAM = """
import numpy, threadpoolctl
before = {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}
import reluflow
from reluflow.flow.lorentz.solver import Lorentz
seen = set()
usual = Lorentz.advance
def watched(*arguments):
    seen.update(pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas")
    return usual(*arguments)
Lorentz.advance = watched
problem = reluflow.load_preset("orthogonal-toy", {"network.width": 6}).problem()
reluflow.simulate(problem.inputs, problem.targets, problem.weights, problem.output_weights, max_steps=3)
after = {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}
print(before, seen, after)
"""


def exported(threads: str) -> dict[str, str]:
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, threads)}


def test_a_program_that_has_more_threads_has_them_back_after_a_step():
    command = [sys.executable, "-c", IN_PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, env=exported("2"), check=True)
    before, seen, after = done.stdout.replace("} {", "}|{").strip().split("|")
    assert (before, seen, after) == ("{2}", "{1}", "{2}")


def test_what_was_exported_changes_no_result(tmp_path):
    results = set()
    for threads in ("1", "2"):
        words = ["run", "orthogonal-toy", *FAST, "--out", str(tmp_path / threads), "--json", "--quiet"]
        done = shell(*words, env=exported(threads))
        results.add(done.stdout.partition('"wall_seconds"')[0].replace(str(tmp_path / threads), ""))
    assert len(results) == 1
