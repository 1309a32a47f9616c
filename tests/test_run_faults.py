"""Damaged run directories: what is shown is true, what is not is named, and claims are not believed."""

import json
import os
import random
import shutil
import warnings
import zipfile

import numpy as np
import pytest
from commands import FAST, call
from hostile_files import npy

from reluflow.errors import DamageError, ReluflowError, RunError
from reluflow.figures import kinds as figures
from reluflow.flow.base import State
from reluflow.flow.events import no_events
from reluflow.live.session import Session
from reluflow.observe.history import History
from reluflow.observe.recorder import Snapshots
from reluflow.problem import Problem
from reluflow.store.archive import Members, opened
from reluflow.store.preset import load_preset
from reluflow.store.run_check import contradiction
from reluflow.store.run_columns import write_columns
from reluflow.store.run_directory import open_run
from reluflow.training.measuring import of_history
from reluflow.training.resumption import remains, stored_run

FIRST = int(os.environ.get("RELUFLOW_FUZZ_SEED", "14"))
NARROW = ("--set", "network.width=20")
FILES = ("preset.toml", "problem.npz", "trajectory.npz", "run.json")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    done = call("run", "wu-five-points", *NARROW, "--out", str(folder), "-q")
    assert done.exit_code == 0
    return folder


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


def told(folder):
    done = call("info", str(folder), "--json")
    return done.exit_code, json.loads(done.stdout) if done.stdout else {}, done.stderr


@pytest.mark.parametrize("name", FILES)
def test_what_is_shown_of_a_file_with_a_flipped_bit_is_true(name, whole, run):
    """RELUFLOW_FUZZ sets how many bits are flipped, one at a time."""
    _, expected, _ = told(whole)
    content, rng = (run / name).read_bytes(), random.Random(FIRST)
    for _ in range(int(os.environ.get("RELUFLOW_FUZZ", "8"))):
        changed = bytearray(content)
        at = rng.randrange(len(content))
        changed[at] ^= 1 << rng.randrange(8)
        (run / name).write_bytes(changed)
        code, found, errors = told(run)
        assert errors.startswith("reluflow: damaged: ") if found.get("damaged") or not found else not errors
        if not found.get("damaged"):
            assert code == 0
            assert {**found, "run": ""} == {**expected, "run": ""}, (name, at)
        elif name != "preset.toml":
            assert code == 2
            same = found.keys() - {"run", "damaged", "resumable", "bytes"}
            lost = {key for key in same if found[key] in (None, 0, []) and expected[key] not in (None, 0, [])}
            assert all(found[key] == expected[key] for key in same - lost - {"series_columns"}), (name, at)
            assert set(found["series_columns"]) <= set(expected["series_columns"])


def seen(folder):
    """What the app shows of a run by name, and the sentences about it."""
    try:
        found, preset = stored_run(load_preset(folder))
        session = Session(preset, running=False, stored=found)
    except ReluflowError as error:
        return {}, [str(error)]
    try:
        frame = session.wait(lambda frame: frame.history or frame.error, 60.0)
    finally:
        session.close()
    told = [frame.error] if frame.error else []
    told += [frame.note.text] if frame.note and frame.note.failed else []
    if frame.history is None:
        return {}, told
    shown = {"preset": frame.preset.values} if "preset.toml" not in " ".join(told) else {}
    shown |= {name: getattr(frame, name) for name in ("method", "t", "loss", "steps", "events")}
    shown |= {
        name: getattr(frame.problem, name) for name in ("inputs", "targets", "weights", "output_weights")
    }
    shown |= {f"series {name}": column for name, column in frame.history.series.items()}
    states = frame.history.states
    shown["states"] = np.array(
        [np.r_[state.t, state.weights.ravel(), state.output_weights] for state in states]
    )
    if "events" not in " ".join(told):
        shown |= {f"event {name}": column for name, column in vars(frame.history.events).items()}
    return shown, told


@pytest.mark.parametrize("name", FILES)
def test_what_the_app_shows_of_a_file_with_a_flipped_bit_is_true(name, whole, run):
    """RELUFLOW_FUZZ sets how many bits are flipped, one at a time."""
    expected, told = seen(run)
    assert not told
    content, rng = (run / name).read_bytes(), random.Random(FIRST)
    for _ in range(int(os.environ.get("RELUFLOW_FUZZ", "8"))):
        changed = bytearray(content)
        at = rng.randrange(len(content))
        changed[at] ^= 1 << rng.randrange(8)
        (run / name).write_bytes(changed)
        shown, told = seen(run)
        assert shown.keys() == expected.keys() or told, (name, at)
        for key, value in shown.items():
            assert np.array_equal(value, expected[key]), (name, at, key)


def test_what_is_intact_is_shown(run):
    path = run / "trajectory.npz"
    content = bytearray(path.read_bytes())
    content[content.find(b"series/gradient_norm.npy") + 400] ^= 1
    path.write_bytes(content)
    code, found, errors = told(run)
    assert code == 2
    assert errors.count("\n") == 1
    assert "trajectory.npz (series/gradient_norm: " in errors
    assert "gradient_norm" not in found["series_columns"]
    assert (found["status"], found["samples"]) == ("stationary", 5)
    assert len(open_run(run).t) == found["series_rows"] > 0


def test_a_preset_edited_by_hand_is_called_so(run):
    with (run / "preset.toml").open("a") as file:
        file.write("\n# a comment of mine\n")
    code, found, errors = told(run)
    assert (code, found["status"]) == (2, "stationary")
    assert "preset.toml (edited by hand since it was written, or damaged)" in errors
    shown, said = seen(run)
    assert shown["t"] == open_run(run).t[-1]
    assert ["edited by hand" in sentence for sentence in said] == [True]


def replaced(path, name, content, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for each, held in (members | {f"{name}.npy": content}).items():
            archive.writestr(each, held)


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("series/t", np.arange(3.0), "found shape"),
        ("series/t", np.array(1.0), "found shape"),
        ("snapshots/weights", np.zeros((1, 2, 3)), "found shape"),
        ("snapshots/t", np.array(["a"]), "has kind"),
        ("events/kind", np.zeros(0, np.int8), "found shape"),
        ("links", np.zeros(3), "links has kind"),
    ],
)
def test_shapes_and_kinds_that_do_not_fit_are_named(name, array, said, run):
    replaced(run / "trajectory.npz", name, npy(array, random.Random(0)))
    with pytest.raises(DamageError, match=rf"damaged: .*trajectory\.npz .*({said})"):
        _ = open_run(run).t


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("series/t", -1.0),
        ("series/loss", np.nan),
        ("events/sample", 77),
        ("snapshots/weights", -1e154),
        ("snapshots/output_weights", 1e121),
    ],
)
def test_numbers_that_cannot_be_are_named(name, value, run):
    with np.load(run / "trajectory.npz") as archive:
        array = archive[name].copy()
    array[len(array) // 2] = value
    replaced(run / "trajectory.npz", name, npy(array, random.Random(0)))
    with pytest.raises(DamageError, match=rf"damaged: .*trajectory\.npz \({name}: found numbers"):
        _ = open_run(run).arrays[name]


def test_a_problem_that_no_run_can_have_had_is_named(run):
    inputs = open_run(run).problem.inputs.copy()
    inputs[0, 0] = 1e308
    replaced(run / "problem.npz", "inputs", npy(inputs, random.Random(0)))
    with pytest.raises(DamageError, match=r"problem\.npz \(the input of sample 1 has length 1e\+308"):
        _ = open_run(run).problem


def test_every_command_names_a_preset_edited_by_hand(run, tmp_path):
    with (run / "preset.toml").open("a") as file:
        file.write("\n# a comment of mine\n")
    for words in (
        ["verify", run],
        ["directions", run],
        ["export", run, tmp_path / "flat.csv"],
        ["plot", run, "-o", tmp_path / "loss.svg"],
        ["diff", run, run],
    ):
        done = call(*map(str, words))
        assert "preset.toml (edited by hand since it was written, or damaged)" in done.stderr, words
        assert done.exit_code == 2, words


def flipped(path, mark, offset=400):
    """Another bit behind the first place where a file has the mark."""
    content = bytearray(path.read_bytes())
    content[content.find(mark) + offset] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("trajectory.npz", b"checkpoint/burst.npy"),
        pytest.param("trajectory.npz", b"events/kind.npy", marks=pytest.mark.slow),
        ("run.json", b"wall"),
    ],
)
def test_every_command_that_reads_a_run_says_what_is_damaged_and_ends_with_2(name, mark, run, tmp_path):
    """What it answers from seems to be intact, and is answered."""
    flipped(run / name, mark, 0 if name == "run.json" else 130)
    for words in (["verify", run], ["directions", run], ["plot", run, "-o", tmp_path / "loss.svg"]):
        done = call(*map(str, words))
        assert done.stderr.startswith(f"reluflow: damaged: {run / name} ("), words
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1), words
        assert done.stdout, words
    told = call("diff", str(run), str(run)).stderr.splitlines()
    assert len(told) == len(set(told)) == 1


def test_of_a_run_with_a_damaged_problem_everything_else_is_shown(run):
    """Its preset gives the same, which the sum in run.json proves; but not where that was edited."""
    expected, _ = seen(run)
    _, whole, _ = told(run)
    for damage in (lambda held: held[:-40], lambda held: held[:300], lambda _: b""):
        path = run / "problem.npz"
        content = path.read_bytes()
        path.write_bytes(damage(content))
        shown, said = seen(run)
        assert shown.keys() == expected.keys()
        assert all(np.array_equal(shown[key], expected[key]) for key in expected)
        assert len(said) == 1
        assert "problem.npz" in said[0]
        assert said[0].endswith("what it recorded is shown")
        code, found, errors = told(run)
        assert (code, errors.count("\n")) == (2, 1)
        assert found["series_rows"] == whole["series_rows"]
        path.write_bytes(content)
    path.write_bytes(content[:-40])
    preset = run / "preset.toml"
    preset.write_text(preset.read_text().replace("seed = ", "seed = 1"))
    shown, said = seen(run)
    assert not shown
    assert "problem.npz" in said[0]


def test_another_teacher_is_not_taken_for_that_of_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call("run", "neuron-centred-10", "--set", "stop.steps=3", "--out", "run", "-q")
    preset = tmp_path / "run" / "preset.toml"
    for old, new in (("\nseed = 0", "\nseed = 1"), ("\ndimension = 10", "\ndimension = 11")):
        assert old in preset.read_text()
        preset.write_text(preset.read_text().replace(old, new, 1))
        for words in (
            ["info", "run", "--columns", "all.csv"],
            ["export", "run", "flat.csv"],
            ["plot", "run", "-o", "it.svg", "--kind", "eigen"],
            ["plot", "run", "-o", "it.svg", "--kind", "angles"],
        ):
            done = call(*words)
            assert done.exit_code == 2
            if words[0] != "info":  # which tells what is damaged, and writes no columns
                assert "gives other inputs than problem.npz holds" in done.stderr, words
    with pytest.raises(RunError, match="gives other inputs"):
        write_columns(open_run("run"), tmp_path / "all.csv")


def test_a_run_is_not_judged_by_a_loss_that_it_was_not_trained_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call("run", "orthogonal-toy", *FAST, "--out", "run", "-q")
    preset = tmp_path / "run" / "preset.toml"
    preset.write_text(preset.read_text().replace('"half-mse"', '"logistic"'))
    for words in (["verify", "run"], ["plot", "run", "-o", "rows.svg", "--kind", "verify"]):
        done = call(*words)
        assert done.exit_code == 2
        assert "the run recorded no margins; expected them with the loss logistic" in done.stderr
    series = {"t": np.zeros(1), "loss": np.ones(1)}
    history = History.of_record([State(0.0, np.ones((8, 2)), np.ones(8))], series, no_events())
    preset = load_preset(tmp_path / "run")
    with pytest.raises(ReluflowError, match="recorded no margins"):
        of_history(preset, "lorentz", preset.problem(), history, "halted")


def test_states_whose_products_no_number_holds_are_shown_without_a_warning(run):
    """Weights may be as large as those of a descent that diverges, and what is made of them overflows."""
    with np.load(run / "trajectory.npz") as archive:
        arrays = [(name, archive[name].copy()) for name in ("snapshots/weights", "snapshots/output_weights")]
    for name, array in arrays:
        array[len(array) // 2 :] *= 1e119 / np.abs(array).max()
        replaced(run / "trajectory.npz", name, npy(array, random.Random(0)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = call("verify", str(run), "--json")
        assert done.exit_code == 1
        rows = {row["id"]: row for row in json.loads(done.stdout)["rows"]}
        assert rows["general/conservation"]["state"] == "fails"
        table, flat = str(run.parent / "columns.csv"), str(run.parent / "flat.csv")
        for words in (["info", run, "--columns", table], ["export", run, flat], ["diff", run, run]):
            done = call(*map(str, words))
            assert (done.exit_code, done.stderr) == (0, "")
        for kind in ("neurons", "function", "field"):
            assert figures.figure(kind, [open_run(run)]).axes


def test_a_figure_of_damaged_states_says_so(run):
    with np.load(run / "trajectory.npz") as archive:
        array = archive["snapshots/weights"] * np.nan
    replaced(run / "trajectory.npz", "snapshots/weights", npy(array, random.Random(0)))
    with pytest.raises(ReluflowError, match=r"damaged: .*trajectory\.npz \(snapshots/weights: found numbers"):
        figures.figure("neurons", [open_run(run)])


def test_a_claim_of_a_huge_array_is_not_believed(run):
    class Claiming(random.Random):
        """Always a claim, and the largest."""

        def random(self):
            return 0.0

        def choice(self, options):
            return options[0]

    for name in ("problem", "trajectory"):
        shutil.copy(run / f"{name}.npz", run / "kept")
        member = "inputs" if name == "problem" else "series/t"
        replaced(run / f"{name}.npz", member, npy(np.zeros(4), Claiming()))
        with pytest.raises(DamageError, match=rf"{name}\.npz .*8000000000000 bytes are claimed and"):
            _ = open_run(run).t
        shutil.move(run / "kept", run / f"{name}.npz")


def test_a_compressed_archive_is_refused(run):
    replaced(run / "trajectory.npz", "series/extra", npy(np.zeros(4), random.Random(0)), zipfile.ZIP_DEFLATED)
    with pytest.raises(DamageError, match="compressed"):
        _ = open_run(run).t


HOSTILE = 'title = "a\\u001b[31mred\\u0007\\u009b2J\\u202e"\nnotes = "\\u001b]0;owned\\u0007"\n'


@pytest.mark.parametrize(
    "words", [("info", "run"), ("presets", "show", "own.toml"), ("presets",), ("directions", "run")]
)
def test_control_characters_of_a_file_are_shown_escaped(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path))
    (tmp_path / "presets").mkdir()
    text = (
        HOSTILE
        + "[data]\nkind = 'points'\ninputs = [[1.0], [-1.0]]\ntargets = [1.0, 0.5]\n[network]\nwidth = 4\n"
    )
    for path in ("own.toml", "presets/own.toml"):
        (tmp_path / path).write_text(text + "[stop]\nsteps = 3\n")
    assert call("run", "own.toml", "--out", "run", "-q").exit_code == 0
    done = call(*words)
    assert done.exit_code == 0
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(done.stdout + done.stderr)
    if "directions" not in words:
        assert r"a\u001b[31mred\u0007\u009b2J\u202e" in done.stdout


@pytest.mark.parametrize(
    ("name", "value"), [("checkpoint/recorder/log_losses", 1e300), ("checkpoint/solver/now_z", -1e200)]
)
def test_numbers_that_a_run_cannot_have_come_to_are_gone_on_with_in_silence(name, value, run):
    """Or refused in a sentence: the sums of what was written on purpose fit."""
    with np.load(run / "trajectory.npz") as arrays:
        forged = np.full_like(arrays[name], value)
    replaced(run / "trajectory.npz", name, npy(forged, random.Random(0)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = call("resume", str(run), "-q", "--set", "stop.loss=1e-30", "--set", "stop.wall_seconds=0.3")
    assert isinstance(done.exception, SystemExit | None)
    assert done.stderr.count("\n") <= 1
    assert "Warning" not in done.stdout + done.stderr


@pytest.mark.parametrize(("name", "value"), [("time", 1e300), ("loss", 0.0)])
def test_a_summary_that_does_not_fit_the_series_is_named(name, value, run):
    with np.load(run / "trajectory.npz") as archive:
        summary = json.loads(str(archive["summary"])) | {name: value}
    replaced(run / "trajectory.npz", "summary", npy(np.array(json.dumps(summary)), random.Random(0)))
    code, _, errors = told(run)
    assert code == 2
    assert f"its summary says {name} {value:g}, and its series ends with" in " ".join(errors.split())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize(("make", "made"), [("mkfifo", "named pipe"), ("mkdir", "folder")])
@pytest.mark.parametrize("name", ["run.json", "trajectory.npz"])
def test_nothing_is_read_from_what_is_no_file(make, made, name, tmp_path, monkeypatch):
    """From a pipe without a writer one would wait for ever."""
    monkeypatch.chdir(tmp_path)
    assert call("run", "orthogonal-toy", *FAST, "-q", "--out", "run").exit_code == 0
    (tmp_path / "run" / name).unlink()
    getattr(os, make)(tmp_path / "run" / name)
    done = call("info", "run")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert f"damaged: run/{name} (it is a {made})" in done.stderr
    assert call("presets", "check", "run").exit_code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("make", ["mkfifo", "mkdir"])
def test_the_app_shows_what_is_intact_beside_a_summary_that_is_no_file(make, run):
    """It is the run that is shown, not a new one of its preset."""
    expected, _ = seen(run)
    (run / "run.json").unlink()
    getattr(os, make)(run / "run.json")
    shown, told = seen(run)
    assert shown["t"] == expected["t"]
    np.testing.assert_array_equal(shown["states"], expected["states"])
    assert any("damaged: " in each and "run.json (it is a " in each for each in told)


def test_a_sentence_is_never_longer_than_a_screen(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(f"[data]\nkind = 'file'\npath = '/{'very/long/' * 300}a\\u001b.csv'\n")
    done = call("presets", "check", "own.toml")
    assert done.exit_code == 2
    assert len(done.stderr) <= 301
    assert done.stderr.count("\n") == 1


def test_nor_is_one_about_a_run(run):
    preset = run / "preset.toml"
    name = "width " * 200
    preset.write_text(preset.read_text().replace("[network]", f'[network]\n"{name}" = 1'))
    for words in (["info", run, "--json"], ["info", run], ["verify", run], ["run", run, "--resume"]):
        said = call(*map(str, words)).stderr
        assert said
        assert all(len(line) <= 300 for line in said.splitlines()), words


def test_a_trajectory_that_is_gone_is_damage_told_once(run):
    (run / "trajectory.npz").unlink()
    for command in ("verify", "info"):
        told = call(command, str(run))
        assert told.exit_code == 2
        assert told.stderr.count("trajectory.npz (missing, though steps were saved)") == 1


def test_a_summary_that_is_gone_is_told_with_what_is_expected(run):
    (run / "run.json").unlink()
    with pytest.raises(RunError, match=r"is not a run directory: found no run\.json; expected one that"):
        open_run(run)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other") / "run"
    done = call("run", "wu-five-points", *NARROW, "--set", "init.seed=1", "--out", str(folder), "-q")
    assert done.exit_code == 0
    return folder


class TestFilesOfTwoRuns:
    """Files that can be read, each by itself, but do not belong together."""

    def test_a_problem_of_another_run_is_not_answered_from(self, run, other):
        shutil.copy(other / "problem.npz", run)
        for command in ("verify", "directions"):
            done = call(command, str(run))
            assert done.exit_code == 2
            assert not done.stdout
            assert done.stderr.count("damaged: ") == 1
            assert "problem.npz (its sum does not fit)" in done.stderr.replace("\n", " ")

    def test_the_app_shows_the_problem_that_the_preset_makes(self, whole, run, other):
        shutil.copy(other / "problem.npz", run)
        shown, _ = seen(run)
        assert np.array_equal(shown["weights"], seen(whole)[0]["weights"])

    def test_a_trajectory_of_another_run_is_told_and_not_shown(self, run, other):
        shutil.copy(other / "trajectory.npz", run)
        assert remains(open_run(run)) is None
        code, _, errors = told(run)
        assert code == 2
        assert "it begins with other weights than problem.npz holds" in errors.replace("\n", " ")


@pytest.mark.parametrize("format", ['"gormat": 1', '"format": 0'])
def test_a_summary_that_has_a_sum_is_held_to_it_whatever_its_format_says(format, run):
    text = (run / "run.json").read_text()
    assert '"format": 1' in text
    (run / "run.json").write_text(text.replace('"format": 1', format))
    code, _, errors = told(run)
    assert code == 2
    assert "run.json (its sum does not fit)" in errors.replace("\n", " ")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"loss": lambda loss: loss * 1e300}, "the loss is"),
        ({"loss": lambda loss: loss * 2.0}, "at t = 0 the loss is"),
        ({"loss": lambda loss: np.append(loss[:-1], 0.3)}, "its series says 0.3"),
        ({"loss": lambda loss: loss * np.where(np.arange(loss.size) == 1, 1e3, 1.0)}, "has grown"),
        ({"t": lambda t: t * 1e300}, "its series ends at"),
    ],
)
def test_a_series_that_does_not_fit_the_states_is_named(changed, said, run):
    """The sums fit: it was written on purpose."""
    for name, change in changed.items():
        with np.load(run / "trajectory.npz") as archive:
            array = change(archive[f"series/{name}"])
        replaced(run / "trajectory.npz", f"series/{name}", npy(array, random.Random(0)))
    assert remains(open_run(run)) is None
    for command in ("info", "verify"):
        done = call(command, str(run))
        assert done.exit_code == 2
        assert said in " ".join(done.stderr.split())
        assert "Warning" not in done.stderr


def test_an_array_is_read_anew_where_a_copy_was_under_way(tmp_path):
    path, later = tmp_path / "some.npz", tmp_path / "later.npz"
    np.savez(path, kept=np.arange(5.0), gone=np.arange(7.0))
    np.savez(later, kept=np.arange(5.0))
    members = Members.open(path)
    path.write_bytes(bytes(path.stat().st_size))
    later.replace(path)
    assert members["kept"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    with pytest.raises(DamageError, match="gone"):
        members["gone"]
    with pytest.raises(DamageError, match="there is no array never"):
        members.array("never")


def test_arrays_that_are_not_there_are_named(tmp_path):
    with pytest.raises(RunError, match=r"gone\.npz: found no such file; expected the arrays of a run"):
        opened(tmp_path / "gone.npz")


@pytest.mark.parametrize(("share", "told"), [(0.8e-9, False), (3e-9, True)])
def test_a_loss_near_zero_is_that_of_its_state_to_a_share_of_the_first(share, told):
    """One neuron that has fitted one sample."""
    problem = Problem([[1.0]], [1.0], [[0.1]], [0.1])
    first = problem.value(np.array([0.01 - 1.0]))
    taken = Snapshots(np.array([0.0, 9.0]), np.array([[[0.1]], [[1.0]]]), np.array([[0.1], [1.0]]))
    series = {"t": taken.t, "loss": np.array([first, share * first])}
    found = contradiction(problem, None, series, taken)
    assert found == (f"at t = 9 the loss is 0, and its series says {share * first:.6g}" if told else "")
