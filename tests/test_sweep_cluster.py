"""Sweeps on a real cluster of Dask, of two processes on this machine."""

import json
import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from commands import call, one_sentence
from sweeps import SMALL, same, sweep, table

from reluflow.errors import SweepError
from reluflow.sweep.cluster import Scheduler
from reluflow.sweep.study import planned, read_study

pytestmark = pytest.mark.skipif(
    find_spec("distributed") is None, reason="needs the extra [cluster]: Dask distributed"
)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def scheduler():
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=None, silence_logs=50
    ) as cluster:
        yield cluster


def test_a_cluster_makes_the_same_table(scheduler):
    kinds = ["--over", "solver.method=lorentz,polar", "--over", "init.kind=balanced,dominated"]
    axes = ["--over", "init.seed=0:1", *kinds]
    sweep(*SMALL, *axes, "--out", "here")
    done = call("sweep", *SMALL, *axes, "--out", "out", "--cluster", scheduler.scheduler_address, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["statuses"] == {"converged": 6, "failed": 2}
    assert same(table("out"), table("here"))
    again = call(
        "sweep", *SMALL, *axes, "--out", "out", "--cluster", scheduler.scheduler_address, "--resume", "--json"
    )
    assert json.loads(again.stdout)["solved"] == 0


def test_workers_have_one_thread_of_linear_algebra(scheduler):
    import distributed

    from reluflow.sweep.cluster import solve_points

    study = planned("orthogonal-toy", ["init.seed=0:1"], {"stop.loss": 0.3, "network.width": 8})

    def threads(text):
        from threadpoolctl import threadpool_info

        solve_points(text, "/nowhere", None, [0])
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    with distributed.Client(scheduler) as client:
        for found in client.run(threads, study.to_toml()).values():
            assert set(found) == {1}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_worker_that_is_killed_in_the_middle_changes_nothing(tmp_path):
    import distributed

    axes = ["--over", "init.seed=0:99"]
    sweep(*SMALL, *axes, "--out", "here")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=None, silence_logs=50
    ) as cluster:
        from reluflow.sweep.cluster import Cluster
        from reluflow.sweep.running import SweepRun
        from reluflow.sweep.study import begin

        words = {"network.width": 8, "stop.loss": 0.3, "init.scale": 1e-3}
        begin(tmp_path / "out", planned("orthogonal-toy", axes[1:], words))
        run = SweepRun(tmp_path / "out", read_study(tmp_path / "out"))
        killed = []

        def kill(tally):
            if tally.rows >= 20 and not killed:
                with distributed.Client(cluster) as client:
                    killed.extend(client.run(os.getpid).values())
                os.kill(killed[0], signal.SIGKILL)

        run.solve(Cluster(run.study, Scheduler(cluster.scheduler_address)), lambda: False, kill)
        run.close()
    assert killed
    assert same(table("out"), table("here"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_run_that_ends_every_worker_is_a_row(tmp_path):
    import distributed

    from reluflow.sweep.cluster import Cluster

    study = planned("orthogonal-toy", ["init.seed=0:3"], {"network.width": 8, "stop.loss": 0.3})

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=None, silence_logs=50
    ) as cluster:
        executor = Cluster(study, Scheduler(cluster.scheduler_address))
        executor.task = deadly
        rows = [row for rows in executor.solve(iter(range(4)), lambda: False) for row in rows]
    statuses = {row[0]: row[1] for row in rows}
    assert statuses == {"0": "converged", "1": "converged", "2": "failed", "3": "converged"}
    (failed,) = (row for row in rows if row[0] == "2")
    assert "the workers that solved it ended" in failed[2]


def deadly(text, folder, keep, numbers):
    from reluflow.sweep.cluster import solve_points

    if 2 in numbers:
        os.kill(os.getpid(), signal.SIGKILL)
    return solve_points(text, folder, keep, numbers)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "non:sense", "tcp://"])
def test_where_no_scheduler_answers_is_one_sentence(address, monkeypatch):
    monkeypatch.setattr("reluflow.sweep.cluster.ANSWERS_WITHIN", "1s")
    done = call("sweep", *SMALL, "--over", "init.seed=0", "--out", "out", "--cluster", address, "-q")
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
    assert "no scheduler answers" in done.stderr
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "found nothing of that name"),
        *(
            (text, "found no address")
            for text in ("{}", "nonsense", "[1]\n", '{"address": 3}', "[data]\nx = 1\n")
        ),
    ],
)
def test_what_is_no_scheduler_file_is_one_sentence(content, found):
    if content is not None:
        Path("scheduler.json").write_text(content, encoding="utf-8")
    with pytest.raises(SweepError, match=f"--cluster scheduler.json: {found}"):
        Scheduler("scheduler.json")


def test_jobs_and_cluster_are_one_or_the_other():
    done = call(
        "sweep", *SMALL, "--over", "init.seed=0", "--out", "out", "--cluster", "tcp://x:1", "--jobs", "2"
    )
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
