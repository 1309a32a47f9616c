"""The pictures of docs/pictures are those that benchmarks/paper_figures.py makes."""

import shlex
import sys
from pathlib import Path

import pytest

from reluflow.figures.metadata import made_by
from reluflow.store.locations import shipped_presets

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

from paper_figures import PICTURES, make  # noqa: E402

FOLDER = ROOT / "docs" / "pictures"


def test_every_picture_is_there_and_no_other():
    assert {path.name for path in FOLDER.iterdir() if path.is_file()} == {
        f"{each.name}.png" for each in PICTURES if not each.moves
    }
    assert {each.preset for each in PICTURES} <= {path.stem for path in shipped_presets().glob("*.toml")}


@pytest.mark.parametrize("picture", [each for each in PICTURES if not each.moves], ids=lambda each: each.name)
def test_a_picture_says_the_command_that_makes_it(picture):
    command = made_by(FOLDER / f"{picture.name}.png")["command"]
    made = shlex.split(command)
    assert made[:5] == ["reluflow", "plot", f"runs/{picture.preset}", "-o", f"{picture.name}.png"]
    pairs = ("--kind", "--time", "--at")
    wanted = {
        name: picture.options[picture.options.index(name) + 1] for name in pairs if name in picture.options
    }
    for name, value in wanted.items():
        found = made[made.index(name) + 1]
        assert found == value or float(found) == float(value)
    assert ("--linear" in made) == ("--linear" in picture.options)


@pytest.mark.slow
def test_a_picture_is_made_after_its_run(tmp_path):
    picture = next(each for each in PICTURES if each.name == "p1-toy-start")
    assert make(picture, tmp_path, ".svg") == "p1-toy-start.svg"
    assert (tmp_path / "p1-toy-start.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert (tmp_path / "runs" / "orthogonal-toy" / "run.json").is_file()
