"""A folder of runs: what is listed, what is read again, the bin, and names."""

import math
import os
import shutil
import struct
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from made_runs import begun_run, made_run

from reluflow.errors import ReluflowError, RunError
from reluflow.store.run_folder import BIN, RunFolder, has_runs, newest
from reluflow.tui import workspace as module
from reluflow.tui.catalogue import all_entries
from reluflow.tui.workspace import MOST_MARKED, TITLES, Workspace, curve_series


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs and one of another width, which tests get copies of."""
    folder = tmp_path_factory.mktemp("made")
    made_run(folder / "other", network__width=4)
    for number, scale in enumerate((1e-2, 1e-3, 1e-4), 1):
        path = made_run(folder / f"toy-{number}", init__scale=scale)
        os.utime(path / "run.json", (number, number))
        for name in ("trajectory.npz", "preset.toml"):
            os.utime(path / name, (number, number))
    return folder


@pytest.fixture
def runs(tmp_path: Path, made: Path) -> Path:
    return shutil.copytree(made, tmp_path / "runs", ignore=lambda *_: ["other"])


def names(found) -> list[str]:  # type: ignore[no-untyped-def]
    return [run.name for run in found]


def test_runs_are_read_once_and_again_when_they_change(runs: Path) -> None:
    folder = RunFolder(runs)
    first = folder.look(math.inf)
    assert names(first) == ["toy-1", "toy-2", "toy-3"]
    assert [run.status for run in first] == ["converged"] * 3
    assert [run.values["init.scale"] for run in first] == [1e-2, 1e-3, 1e-4]
    assert [run.written for run in first] == [1.0, 2.0, 3.0]
    os.utime(runs / "toy-2" / "run.json", (9, 9))
    second = folder.look(math.inf)
    assert second[0] is first[0]
    assert second[1] is not first[1]
    assert newest(runs) == runs / "toy-2"


def test_reading_takes_its_time_in_pieces(runs: Path) -> None:
    folder = RunFolder(runs)
    assert len(folder.look(seconds=-1.0)) == 0
    assert folder.pending == 3
    assert len(folder.look(math.inf)) == 3
    assert folder.pending == 0


def test_what_is_no_run_is_left_out_and_what_is_damaged_says_so(runs: Path) -> None:
    (runs / "notes").mkdir()
    (runs / ".new-run-x").mkdir()
    (runs / "toy-2" / "preset.toml").write_text("data = ")
    folder = RunFolder(runs)
    found = {run.name: run for run in folder.look(math.inf)}
    assert set(found) == {"toy-1", "toy-2", "toy-3"}
    assert found["toy-2"].status == "damaged"
    assert "toy-2" in found["toy-2"].trouble
    assert "\n" not in found["toy-2"].trouble
    assert curve_series(found["toy-2"])["t"][0] == 0.0, "its curve can be read all the same"


def amid_the_largest_array(path: Path) -> int:
    """Where a byte of a file of arrays is that is certain to count: some of a header's do not."""
    with ZipFile(path) as stored:
        member = max(stored.infolist(), key=lambda info: info.compress_size)
        start = member.header_offset
    lengths = struct.unpack_from("<HH", path.read_bytes(), start + 26)
    return start + 30 + sum(lengths) + member.compress_size // 2


@pytest.mark.parametrize("name", ["problem.npz", "trajectory.npz", "run.json"])
def test_a_flipped_bit_is_damage_in_every_list(
    runs: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = runs / "toy-2" / name
    content = bytearray(path.read_bytes())
    content[-1 if name == "run.json" else amid_the_largest_array(path)] ^= 1
    path.write_bytes(content)
    listed = {run.name: run for run in RunFolder(runs).look(math.inf)}
    assert [run.status for run in listed.values()] == ["converged", "damaged", "converged"]
    assert name in listed["toy-2"].trouble
    monkeypatch.chdir(runs.parent)
    titles = {entry.name: entry.title for entry in all_entries() if entry.kind == "run"}
    assert titles["runs/toy-2"].startswith("damaged at t = ")
    assert titles["runs/toy-1"].startswith("converged at t = ")


def test_a_run_that_is_being_written_is_followed_and_stays(runs: Path) -> None:
    writer, training = begun_run(runs / "going", 2)
    folder = RunFolder(runs)

    def look() -> tuple[str, float]:
        (run,) = [run for run in folder.look(math.inf) if run.name == "going"]
        return run.status, run.summary["time"]

    status, before = look()
    assert status == "running"
    training.run()
    writer.save(training)
    assert look()[1] > before
    for change in (lambda: folder.delete(["toy-1", "going"]), lambda: folder.rename("going", "other")):
        with pytest.raises(RunError, match="is being written by a run that goes on"):
            change()
    assert (runs / "toy-1").is_dir(), "none of them is moved"
    writer.close()
    assert look()[0] == "converged"


def test_what_is_deleted_comes_back_together_and_the_latest_first(runs: Path) -> None:
    folder = RunFolder(runs)
    folder.delete(["toy-3"])
    place = folder.delete(["toy-1", "toy-2"])
    assert place.parent == runs / BIN
    assert names(folder.look(math.inf)) == []
    assert folder.in_bin == 3
    assert folder.restore() == ["toy-1", "toy-2"]
    assert RunFolder(runs).restore() == ["toy-3"], "also for who starts anew"
    assert [run.status for run in folder.look(math.inf)] == ["converged"] * 3
    with pytest.raises(RunError, match="nothing was deleted"):
        folder.restore()


def test_a_name_that_is_taken_meanwhile_stops_the_return(runs: Path) -> None:
    folder = RunFolder(runs)
    folder.delete(["toy-1", "toy-2"])
    made_run(runs / "toy-2")
    with pytest.raises(RunError, match="toy-2 exists already"):
        folder.restore()
    assert not (runs / "toy-1").exists()
    assert folder.in_bin == 2


def test_the_bin_is_emptied_for_good(runs: Path) -> None:
    folder = RunFolder(runs)
    folder.delete(["toy-1"])
    folder.delete(["toy-2"])
    assert folder.empty_bin() == 2
    assert not (runs / BIN).exists()
    assert folder.empty_bin() == 0
    assert names(folder.look(math.inf)) == ["toy-3"]


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "toy-2", "with blank", "x" * 200])
def test_names_that_cannot_be_are_one_sentence(runs: Path, name: str) -> None:
    with pytest.raises(RunError, match="expected") as caught:
        RunFolder(runs).rename("toy-1", name)
    assert "\n" not in str(caught.value)
    assert names(RunFolder(runs).look(math.inf)) == ["toy-1", "toy-2", "toy-3"]


def test_a_run_gets_another_name(runs: Path) -> None:
    folder = RunFolder(runs)
    folder.rename("toy-1", "a=1,b.2")
    assert names(folder.look(math.inf)) == ["a=1,b.2", "toy-2", "toy-3"]
    with pytest.raises(RunError, match="not there any more"):
        folder.rename("toy-1", "b")


def test_folders_of_runs_are_known(runs: Path, tmp_path: Path) -> None:
    assert has_runs(runs)
    assert not has_runs(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert has_runs(tmp_path / "empty"), "runs may come"
    (tmp_path / "empty" / "notes.txt").touch()
    assert not has_runs(tmp_path / "empty")
    assert newest(tmp_path / "empty") is None


# --- what is looked at ---


@pytest.fixture
def space(runs: Path, made: Path) -> Workspace:
    shutil.copytree(made / "other", runs / "other")
    os.utime(runs / "other" / "run.json", (99, 99))
    found = Workspace(RunFolder(runs))
    found.take(found.folder.look(math.inf))
    return found


def test_runs_are_sorted_and_turned_round(space: Workspace) -> None:
    for name in ("other", "toy-1"):
        path = space.folder.path / name
        for each in ("trajectory.npz", "preset.toml"):
            os.utime(path / each, (1, 1))
    space.take(space.folder.look(math.inf))
    assert names(space.shown) == ["other", "toy-3", "toy-2", "toy-1"]
    space.next_order()
    assert names(space.shown) == ["other", "toy-1", "toy-2", "toy-3"]
    space.turn_round()
    assert names(space.shown) == ["toy-3", "toy-2", "toy-1", "other"]
    while space.order != "time":
        space.next_order()
    times = [run.summary["time"] for run in space.shown]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("where", "chosen"),
    [
        ("init.scale<5e-3 network.width=8", ["toy-2", "toy-3"]),
        ("status=converged name!=toy-1", ["other", "toy-2", "toy-3"]),
        ("preset=orthogonal-toy saddles>=1 escape:1>7", ["toy-3"]),
        ("init.kind=balanced time > 0 init.scale=10^-4", ["toy-3"]),
        ("network.width<=4", ["other"]),
        ("stop.steps!=3", ["other", "toy-1", "toy-2", "toy-3"]),
        ("", ["other", "toy-1", "toy-2", "toy-3"]),
    ],
)
def test_conditions_choose_runs(space: Workspace, where: str, chosen: list[str]) -> None:
    if where.startswith("stop.steps"):  # set in one run only
        made_run(space.folder.path / "toy-4", stop__steps=3)
        space.take(space.folder.look(math.inf))
    space.choose(where)
    assert sorted(names(space.shown)) == chosen


@pytest.mark.parametrize("where", ["init.scal<1", "time=long", "status<3", "live", "x", "time<1 and loss<1"])
def test_conditions_that_cannot_be_are_one_sentence(space: Workspace, where: str) -> None:
    with pytest.raises(ReluflowError, match=r"filter|is a number|is text") as caught:
        space.choose(where)
    assert "\n" not in str(caught.value)
    assert len(space.shown) == 4


def test_lines_say_what_differs(space: Workspace) -> None:
    lines = {run.name: dict(zip(TITLES, space.cells(run), strict=True)) for run in space.runs}
    assert lines["other"]["what differs"] == "orthogonal-toy, width 4, scale 1e-3"
    assert lines["toy-3"]["what differs"] == "orthogonal-toy, width 8, scale 1e-4"
    run = next(run for run in space.runs if run.name == "toy-3")
    assert lines["toy-3"]["plateaus"] == str(len(run.summary["saddles"]))
    assert float(lines["toy-3"]["time"]) == pytest.approx(run.summary["time"], rel=1e-3)
    assert space.floor(run) == min(each["loss"] for each in run.summary["saddles"])


@pytest.mark.parametrize(("seconds", "age"), [(5, "5 s"), (125, "2 min"), (7300, "2 h"), (200000, "2 d")])
def test_ages_are_told_in_one_unit(space, monkeypatch, seconds, age) -> None:  # type: ignore[no-untyped-def]
    run = space.runs[0]
    monkeypatch.setattr(module.time, "time", lambda: run.written + seconds)
    assert dict(zip(TITLES, space.cells(run), strict=True))["age"] == age


def test_marks_follow_their_runs_and_end_with_the_letters(space: Workspace) -> None:
    first, second, *_ = space.shown
    assert space.mark(first)
    assert space.mark(second)
    assert space.mark(first)
    assert space.marked == [second.name]
    space.folder.delete([second.name])
    space.take(space.folder.look(math.inf))
    assert space.marked == []
    space.marked = [str(number) for number in range(MOST_MARKED)]
    assert not space.mark(first)


def test_a_curve_is_that_of_the_run(space: Workspace) -> None:
    run = space.runs[1]
    series = curve_series(run)
    assert series["t"][-1] == run.summary["time"]
    assert series["loss"][-1] == run.summary["loss"]
    assert np.all(series["loss_low"] <= series["loss_high"])
    space.folder.delete([run.name])
    assert curve_series(run) == {}
