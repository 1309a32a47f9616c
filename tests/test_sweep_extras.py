"""Without the extras of a sweep one sentence says what to install."""

import importlib

import pytest
from commands import call, one_sentence
from sweeps import SMALL


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))


def test_a_cluster_needs_its_extra(monkeypatch):
    real = importlib.import_module

    def missing(name, *args):
        if name == "distributed":
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr("reluflow.sweep.cluster.import_module", missing)
    done = call("sweep", *SMALL, "--over", "init.seed=0", "--out", "out", "--cluster", "tcp://x:1", "-q")
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
    assert "pip install 'reluflow[cluster]'" in done.stderr
