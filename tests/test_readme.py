"""The README and docs/ say what is so: tables are those of the program, and commands and examples run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import readme_tables

from reluflow import figures
from reluflow.figures.metadata import made_by
from reluflow.store.locations import shipped_presets

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def page(name: str) -> str:
    """A page of docs/."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def block(text: str, language: str, after: str) -> str:
    """The first fenced block of a language that follows ``after``."""
    start = text.index(f"```{language}\n", text.index(after)) + len(f"```{language}\n")
    return text[start : text.index("```", start)]


def test_the_table_of_presets_is_complete():
    table = page("presets.md").split("<!-- table: presets -->")[1].split("<!-- end of table -->")[0]
    named = set(re.findall(r"^\| `([^`]+)` \|", table, re.M))
    assert named == {path.stem for path in shipped_presets().glob("*.toml")}


def run_blocks(text: str, folder: Path) -> None:
    """Run the blocks of a page one after another, as a reader would: the data they show are written first."""
    found = re.findall(r"(?:`([\w.-]+\.\w+)`:\n\n)?```(sh|text)\n(.*?)```", text, re.DOTALL)
    paths = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for name, kind, content in found:
        if kind == "text" and name:
            (folder / name).write_text(content, encoding="utf-8")
        elif kind == "sh":
            done = subprocess.run(
                ["sh", "-c", content], cwd=folder, capture_output=True, text=True, timeout=240, env=paths
            )
            # 1: a run that rests without a fit, which these are about
            assert done.returncode <= ("reluflow run" in content), f"{content}\n{done.stderr}"


@pytest.mark.slow
def test_the_walk_with_data_of_ones_own_can_be_walked(tmp_path):
    walk = page("own-data.md").split("## Files")[0]
    run_blocks(re.sub(r"^(reluflow tui|pip).*\n", "", walk, flags=re.MULTILINE), tmp_path)
    assert (tmp_path / "hat.pdf").read_bytes().startswith(b"%PDF")
    assert "spurious local minimum" in (tmp_path / "runs" / "hat-1" / "run.json").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_three_minutes_can_be_walked(tmp_path):
    walk = README.split("## Three minutes")[1].split("## How to read")[0]
    (tmp_path / "points.csv").write_text("x,y\n-1,1\n0,-1\n2,1\n", encoding="utf-8")
    run_blocks(re.sub(r"^(reluflow tui|pip).*\n", "", walk, flags=re.MULTILINE), tmp_path)
    assert (tmp_path / "points.pdf").is_file()


def test_the_python_examples_run_on_the_run_of_the_first_command(tmp_path):
    command = block(README, "sh", "<!-- command: run -->").split("&&")[-1].split()
    assert command[0] == ".venv/bin/reluflow"
    run = [sys.executable, "-m", "reluflow", *command[1:]]
    subprocess.run(run, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    examples = "\nprint('---')\n".join(re.findall(r"```python\n(.*?)```", page("python.md"), re.DOTALL))
    example = [sys.executable, "-c", examples]
    done = subprocess.run(example, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    on_preset, on_arrays, at_a_time, at_inputs, _ = done.stdout.split("---\n")
    assert on_preset.splitlines()[-1].endswith("60, 2)")
    assert on_arrays.startswith("converged")
    assert at_a_time.endswith("(60, 2) (60,)\n")
    answers = [float(word) for word in at_inputs.strip("[]\n").split()]
    assert answers == pytest.approx([-1.0, 0.0, 1.0], abs=1e-4)
    assert made_by(tmp_path / "both.pdf")["command"] == "python both.py"


def test_every_function_of_figures_is_named():
    text = page("python.md")
    assert all(f"`{name}`" in text or f"figures.{name}" in text for name in figures.__all__)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The pages with tables, in a folder of their own."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


def changed(folder: Path, old: str, new: str) -> Path:
    path = folder / "docs" / "methods.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_the_tables_are_those_of_the_registries(copied, capsys):
    assert readme_tables.main(["--check"]) == 0, "python tools/readme_tables.py writes them anew"
    path = changed(copied, "| `lorentz` |", "| `lorenz` |")
    assert readme_tables.main(["--check", str(copied)]) == 1
    assert "tools/readme_tables.py" in capsys.readouterr().out
    assert readme_tables.main([str(copied)]) == 0
    assert path.read_text(encoding="utf-8") == page("methods.md")


def test_a_table_that_is_missing_is_named(copied):
    changed(copied, "<!-- table: methods -->", "")
    with pytest.raises(SystemExit, match="missing, unknown or there twice: methods"):
        readme_tables.main(["--check", str(copied)])
