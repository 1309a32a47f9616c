"""Tables in Parquet; and without the extras of a sweep one sentence says what to install."""

import importlib
import io
import threading
from pathlib import Path

import numpy as np
import pytest
from commands import call, one_sentence
from sweeps import SMALL, same, sweep, table

import reluflow
from reluflow.sweep.columns import headings
from reluflow.sweep.parts import Part
from reluflow.sweep.rows import compact, read_rows
from reluflow.sweep.study import begin, planned, read_study
from reluflow.sweep.tables import CSV, PARQUET, read_table


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


class TestParquet:
    """The same rows in another file."""

    KINDS = ("--over", "solver.method=lorentz,polar", "--over", "init.kind=balanced,dominated")

    @pytest.fixture(autouse=True)
    def needs_pyarrow(self):
        pytest.importorskip("pyarrow", reason="needs the extra [parquet]: pyarrow")

    def test_it_holds_the_same_table(self, monkeypatch):
        sweep(*SMALL, *self.KINDS, "--out", "arrow")
        monkeypatch.setattr("reluflow.sweep.rows.table_names", lambda: (CSV, PARQUET))
        sweep(*SMALL, *self.KINDS, "--out", "text")
        assert sorted(path.name for path in Path("arrow").iterdir()) == ["rows.parquet", "sweep.toml"]
        assert sorted(path.name for path in Path("text").iterdir()) == ["rows.csv", "sweep.toml"]
        assert same(table("arrow"), table("text"))
        one, other = (reluflow.open_sweep(folder).table() for folder in ("arrow", "text"))
        assert [column.dtype for column in one.values()] == [column.dtype for column in other.values()]

    def test_one_takes_the_place_of_the_other(self, monkeypatch):
        with monkeypatch.context() as patched:
            patched.setattr("reluflow.sweep.rows.table_names", lambda: (CSV, PARQUET))
            sweep(*SMALL, "--over", "init.seed=0:1", "--out", "out")
            before = table("out")
        sweep(*SMALL, "--over", "init.seed=0:1", "--out", "out", "--resume")
        assert not Path("out/rows.csv").exists()
        assert same(table("out"), before)

    def test_damage_is_told_and_kept(self):
        sweep(*SMALL, "--over", "init.seed=0:1", "--out", "out")
        before = table("out")
        Path("out/rows.parquet").write_bytes(Path("out/rows.parquet").read_bytes()[:-20])
        opened = reluflow.open_sweep("out")
        assert opened.missing == 2
        assert "rows.parquet: damaged: it is cut off" in opened.troubles[0]
        sweep(*SMALL, "--over", "init.seed=0:1", "--out", "out", "--resume")
        assert same(table("out"), before)
        assert Path("out/rows.parquet.damaged").exists()

    def test_it_is_read_by_the_thread_that_asks(self, monkeypatch):
        """One of Arrow's that holds a part of the file when the interpreter ends aborts the process."""
        sweep(*SMALL, "--over", "init.seed=0:1", "--out", "out")
        path, study, readers = Path("out/rows.parquet"), read_study(Path("out")), set()
        content = path.read_bytes()

        class Watched(io.BytesIO):
            def read(self, size=-1):
                readers.add(threading.get_ident())
                return super().read(size)

        monkeypatch.setattr(Path, "open", lambda *_: Watched(content))
        assert len(read_table(path, headings(study), {})["status"]) == 2
        assert readers == {threading.get_ident()}

    def test_a_folder_may_have_any_name(self):
        sweep(*SMALL, "--over", "init.seed=0:1", "--out", "s\udcff")
        opened = reluflow.open_sweep("s\udcff")
        assert (opened.missing, list(opened.troubles)) == (0, [])

    def test_it_needs_its_extra(self, monkeypatch):
        sweep(*SMALL, "--over", "init.seed=0:1", "--out", "out")
        monkeypatch.setattr("reluflow.sweep.tables.find_spec", lambda _: None)
        done = call("sweep", "show", "out")
        assert done.exit_code == 2
        assert one_sentence(done.stderr)
        assert "pip install 'reluflow[parquet]'" in done.stderr


@pytest.mark.parametrize("names", [(CSV, PARQUET), (PARQUET, CSV)])
def test_every_kind_of_key_is_found_again(names, monkeypatch, tmp_path):
    """Keys of all kinds, and values that are not set: written by a part, put into a table, read again."""
    if names[0] == PARQUET:
        pytest.importorskip("pyarrow", reason="needs the extra [parquet]: pyarrow")
    monkeypatch.setattr("reluflow.sweep.rows.table_names", lambda: names)
    axes = [
        *("init.seed=0,9007199254740993", "stop.time=none,0.1", "stop.steps=3,none"),
        *("data.bias=true,false", "init.kind=balanced,dominated", "data.targets=[1,-1],[2,0.5]"),
        "network.width,init.scale=(4,1e-3),(8,1e-300)",
    ]
    study = begin(tmp_path / "out", planned("orthogonal-toy", axes))
    names_of = [each.name for each in headings(study)]
    part = Part(tmp_path / "out", study)
    from reluflow.sweep.solving import PointSolver

    solver = PointSolver(study)
    order = np.random.default_rng(0).permutation(study.grid.size).tolist()
    part.add([solver.cells(number, {"status": "failed", "time": number / 7.0}) for number in order])
    for _ in range(2):
        rows = read_rows(tmp_path / "out", study)
        assert rows.numbers.tolist() == list(range(study.grid.size))
        assert rows.columns["time"].tolist() == [number / 7.0 for number in range(study.grid.size)]
        part.close()
        compact(tmp_path / "out", study)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [names[0], "sweep.toml"]
    assert list(rows.columns) == names_of
