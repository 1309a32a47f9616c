"""Figures as files, also those that move: that they are written, and say what they were made by."""

import json
import re
import shutil
import sys
import warnings
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from commands import call, one_sentence
from PIL import Image

from reluflow import figures
from reluflow.errors import ReluflowError, escaped, shell_word
from reluflow.figures.animation import animate, moments
from reluflow.figures.choices import Choices
from reluflow.figures.kinds import KINDS
from reluflow.figures.look import WIDTH, look
from reluflow.figures.metadata import made_by
from reluflow.figures.shown import history_of
from reluflow.store.run_directory import open_run

#: lines, a picture of the plane, words, and two with sizes or runs of their own; the others are drawn by
#: tests/test_figures.py, and written in the same way
WRITTEN = ("loss", "function", "directions", "margins")


@pytest.fixture
def folder(runs_for_figures):
    return runs_for_figures


@pytest.fixture
def runs(folder):
    return {path.name: open_run(path) for path in folder.iterdir()}


class TestFiles:
    @pytest.mark.parametrize(
        "kind",
        [pytest.param(kind, marks=() if kind in WRITTEN else pytest.mark.slow) for kind in sorted(KINDS)],
    )
    def test_every_kind_is_written_and_says_what_it_was_made_by(self, folder, kind, tmp_path):
        path = tmp_path / "it's (a) \\figure é.png"
        run = folder / {"margins": "labels", "verify": "smaller"}.get(kind, "steps")
        done = call("plot", str(run), "-o", str(path), "--kind", kind)
        assert (done.exit_code, done.stdout) == (0, f"{path}\n"), done.stderr
        with Image.open(path) as picture:
            assert np.asarray(picture.convert("L")).std() > 1.0
            if kind not in ("verify", "directions"):
                assert picture.width == pytest.approx(WIDTH * 300, abs=2)
        assert f"--kind {kind}" in made_by(path)["command"]

    def test_the_size_is_the_one_that_is_asked_for(self, folder, tmp_path):
        path = tmp_path / "wide.png"
        done = call("plot", str(folder / "toy"), "-o", str(path), "--size", "7x2.5")
        assert done.exit_code == 0, done.stderr
        with Image.open(path) as picture:
            assert picture.size == (2100, 750)
        assert made_by(path)["command"].endswith("--kind loss --size 7x2.5")

    def test_the_end_is_drawn_unless_told_otherwise(self, folder, tmp_path):
        words = ("plot", str(folder / "toy"), "--kind", "directions", "-o")
        assert call(*words, str(tmp_path / "a.svg")).exit_code == 0
        assert call(*words, str(tmp_path / "b.svg"), "--at", "end").exit_code == 0
        one, other = (
            re.findall(r" d=\"[^\"]*\"", (tmp_path / name).read_text()) for name in ("a.svg", "b.svg")
        )
        assert one == other

    def test_the_start_is_a_time_as_any_other(self, folder, tmp_path):
        path = tmp_path / "start.png"
        done = call("plot", str(folder / "steps"), "-o", str(path), "--kind", "function", "--at", "0")
        assert done.exit_code == 0
        assert "--at 0" in made_by(path)["command"]
        refused = call("plot", str(folder / "steps"), "-o", str(path), "--kind", "sweep", "--at", "0")
        assert "--at means nothing for --kind sweep" in refused.stderr

    @pytest.mark.parametrize("ending", ["pdf", "svg", pytest.param("png", marks=pytest.mark.slow)])
    def test_command_and_preset_come_back_and_the_bytes_are_the_same_again(self, folder, ending, tmp_path):
        path, words = tmp_path / f"loss.{ending}", []
        for _ in range(2):
            call("plot", str(folder / "toy"), "-o", str(path), "--title", 'a\\b (c) "d" é', "--time", "log")
            words.append(path.read_bytes())
        assert words[0] == words[1]
        assert ending != "pdf" or b"/FontFile2" in words[0], "fonts are embedded"
        assert ending != "svg" or b"<text" not in words[0], "letters are outlines"
        made = made_by(path)
        assert made["command"].startswith(
            f"reluflow plot {folder / 'toy'} -o {path} --kind loss --time log --title"
        )
        assert 'a\\b (c) "d" é' in made["command"]
        assert made["presets"] == f"# {folder / 'toy'}\n{open_run(folder / 'toy').preset.to_toml()}"
        told = json.loads(call("info", str(path), "--json").stdout)
        assert told == {"figure": str(path), **made}
        assert call("info", str(path)).stdout.startswith("# reluflow plot ")

    def test_no_title_unless_asked(self, runs):
        assert figures.figure("loss", [runs["toy"]]).get_suptitle() == ""
        assert figures.figure("loss", [runs["toy"]], Choices(title="T")).get_suptitle() == "T"

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            (["toy", "-o", "a.txt"], "found the ending .txt; expected .pdf, .svg, .png"),
            (["toy", "-o", "a.png", "--kind", "no"], "expected one of loss, neurons"),
            (["toy", "neuron", "-o", "a.png", "--kind", "angles"], "found 2 runs; expected one"),
            (["toy", "neuron", "-o", "a.gif"], "found 2 runs; expected one"),
            (["toy", "-o", "a.gif", "--kind", "angles"], "--kind angles does not move"),
            (["toy", "-o", "a.png", "--style", "no-such"], "there is no such style of matplotlib"),
            (["toy", "-o", "a.png", "--time", "no"], "expected one of linear, log, scaled"),
            (["toy", "-o", "a.png", "--kind", "function", "--at", "1e9"], "found no state at t = 1e+09"),
            (["toy", "-o", "a.png", "--at", "1e9"], "found no state at t = 1e+09"),
            (["toy", "neuron", "-o", "a.png", "--at", "-1"], "found no state at t = -1"),
            (
                ["toy", "-o", "a.png", "--kind", "margins"],
                "the loss is half-mse; margins expect one of labels",
            ),
            (
                ["toy", "-o", "a.png", "--kind", "verify", "--time", "log"],
                "--time means nothing for --kind verify",
            ),
            (
                ["toy", "-o", "a.png", "--kind", "neurons", "--linear"],
                "--linear means nothing for --kind neurons",
            ),
            (["toy", "-o", "a.png", "--circle", "D+ D-"], "--circle means nothing for --kind loss"),
            (["toy", "-o", "a.gif", "--at", "1"], "--at means nothing for .gif, which moves"),
            (["toy", "-o", "a.png", "--kind", "field", "--circle", "D+ x9"], "x9: found 2 samples"),
            (["toy", "-o", "a.png", "--kind", "field", "--circle", "D+"], "expected two of D+, D-, x3"),
            (
                ["toy", "-o", "a.png", "--size", "7"],
                "--size 7: expected WIDTHxHEIGHT in inches, such as 7x2.6",
            ),
            (["toy", "-o", "a.png", "--size", "7x0.1"], "expected WIDTHxHEIGHT in inches"),
            (
                ["toy", "-o", "a.png", "--kind", "verify", "--size", "7x2"],
                "--size means nothing for --kind verify",
            ),
            (
                ["toy", "-o", "a.png", "--size", "1x1"],
                "the figure is too small for its words; expected a larger",
            ),
            (["nothing", "-o", "a.png"], "expected a run directory"),
            (["toy", "-o", "no/such/a.png"], "cannot be written"),
        ],
    )
    def test_bad_usage_is_a_sentence(self, folder, monkeypatch, words, found):
        monkeypatch.chdir(folder)
        done = call("plot", *words)
        assert done.exit_code == 2
        assert one_sentence(done.stderr)
        assert found in done.stderr

    def test_other_files_are_no_figures(self, tmp_path):
        for name, content in (
            ("a.png", b"\x89PNG\r\n\x1a\n\0\0"),
            ("b.png", b"no"),
            ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
            ("b.svg", b"<svg"),
            ("a.pdf", b"%PDF-1.4"),
            ("a.gif", b"GIF89a\x21\xfe\x05hello\0"),
            ("a.mp4", b'{"command": '),
        ):
            (tmp_path / name).write_bytes(content)
            done = call("info", str(tmp_path / name))
            assert done.exit_code == 2
            assert "expected a figure that reluflow plot wrote" in done.stderr

    def test_without_matplotlib_there_is_a_sentence(self, folder, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        done = call("plot", str(folder / "toy"), "-o", "a.png")
        assert done.exit_code == 2
        assert one_sentence(done.stderr)
        assert "pip install 'reluflow[figures]'" in done.stderr


class TestAnimation:
    def test_frames_are_spaced_by_change_of_state(self, runs):
        history = history_of(runs["toy"])
        times = moments(runs["toy"], 21)
        assert (times[0], times[-1]) == (0.0, pytest.approx(history.end))
        steps = np.diff([history.reading("change", t) for t in times])
        np.testing.assert_allclose(steps, steps[0], rtol=1e-6)
        assert np.diff(times).max() > 3.0 * np.diff(times).min()

    @pytest.mark.parametrize(
        "kind",
        [
            "loss",
            *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("directions", "function", "field")),
        ],
    )
    def test_a_gif_moves_and_says_what_it_was_made_by(self, runs, kind, tmp_path):
        path = tmp_path / "a.gif"
        animate(kind, runs["toy"], path, command="reluflow plot é " + "x" * 300, frames=4)
        with Image.open(path) as picture:
            assert picture.n_frames == 4
            frames = []
            for number in range(4):
                picture.seek(number)
                frames.append(np.asarray(picture.convert("L"), dtype=float))
        assert all(np.abs(after - before).max() > 50.0 for before, after in pairwise(frames))
        made = made_by(path)
        assert made["command"] == "reluflow plot é " + "x" * 300
        assert "[data]" in made["presets"]

    def test_what_does_not_move_stays_where_it_is(self, runs, tmp_path):
        """The axes, their numbers and the legend are the same dots in all pictures."""
        with look():
            animate("loss", runs["toy"], tmp_path / "a.gif", frames=3)
        with Image.open(tmp_path / "a.gif") as picture:
            frames = []
            for number in range(3):
                picture.seek(number)
                frames.append(np.asarray(picture.convert("L"), dtype=float))
        height, width = frames[0].shape
        numbers = [frame[height // 8 :, : width // 8] for frame in frames]
        assert numbers[0].std() > 5.0
        assert all(np.abs(after - before).max() < 50.0 for before, after in pairwise(numbers))

    def test_a_title_may_hold_what_is_no_formula_and_no_sign_of_the_font(self, runs, tmp_path, caplog):
        with warnings.catch_warnings(action="error"):
            for title in ("$5_{ and $6", "$x$ \u6f22"):
                animate("directions", runs["toy"], tmp_path / "a.gif", Choices(title=title), frames=2)
        assert not caplog.records

    def test_the_title_stands_beside_the_time(self, runs, tmp_path):
        """It takes no room from the rest."""
        pictures = []
        for title in ("", "A title"):
            animate("directions", runs["toy"], tmp_path / "a.gif", Choices(title=title), frames=2)
            with Image.open(tmp_path / "a.gif") as picture:
                pictures.append(np.asarray(picture.convert("L"), dtype=float))
        bare, titled = pictures
        rows, columns = np.nonzero(np.abs(titled - bare) > 50.0)
        height, width = bare.shape
        assert rows.size > 20
        assert (rows.max(), columns.max()) < (0.1 * height, 0.4 * width)

    @pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg, which is not installed")
    def test_an_mp4_says_what_it_was_made_by(self, runs, tmp_path):
        command = "reluflow plot 'it=s; #1' \\ é " + "x" * 200_000
        animate("loss", runs["toy"], tmp_path / "a.mp4", command=command, frames=2)
        assert made_by(tmp_path / "a.mp4")["command"] == command

    def test_an_mp4_needs_ffmpeg(self, runs, tmp_path, monkeypatch):
        monkeypatch.setattr("shutil.which", lambda _: None)
        with pytest.raises(ReluflowError, match="needs ffmpeg, which is not installed"):
            animate("loss", runs["toy"], tmp_path / "a.mp4", frames=2)


ODD_NAMES = ["esc\x1b[31m", "not\udcffutf-8", "$\\frac$", "$\\alpha$", "a$b^c$$", "\u4e2d\u6587"]


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("".join(ODD_NAMES), "svg"),
        *(pytest.param("".join(ODD_NAMES), each, marks=pytest.mark.slow) for each in ("pdf", "png")),
        ("$\\frac$", "svg"),
        *(pytest.param(name, "svg", marks=pytest.mark.slow) for name in ODD_NAMES if name != "$\\frac$"),
    ],
)
def test_a_run_and_a_title_may_have_any_name(name, ending, runs, tmp_path):
    """A figure is made without a word, and can be read again."""
    place = tmp_path / name
    shutil.copytree(runs["toy"].path, place)
    out = tmp_path / f"figure.{ending}"
    done = call("plot", str(place), str(runs["toy"].path), "-o", str(out), "--title", name)
    assert (done.exit_code, done.stderr) == (0, "")
    assert made_by(out)["command"].endswith(f"--title {shell_word(name)}")
    assert made_by(out)["presets"].startswith(f"# {escaped(str(place))}\n")
    if ending == "svg":
        ElementTree.parse(out)
