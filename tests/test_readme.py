"""The README says what is so: its presets exist, and its Python example runs on its own run."""

import re
import subprocess
import sys
from pathlib import Path

from reluflow.store.locations import shipped_presets

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def block(language: str, after: str) -> str:
    """The first fenced block of a language that follows ``after``."""
    start = README.index(f"```{language}\n", README.index(after)) + len(f"```{language}\n")
    return README[start : README.index("```", start)]


def test_the_table_of_presets_is_complete():
    table = README[README.index("## Presets") : README.index("Change any key")]
    named = {name for row in re.findall(r"^\|(.*?)\|", table, re.M) for name in re.findall(r"`([^`]+)`", row)}
    assert named == {path.stem for path in shipped_presets().glob("*.toml")}


def test_the_python_example_runs_on_the_run_of_the_first_command(tmp_path):
    command = block("sh", "<!-- command: run -->").split("&&")[-1].split()
    assert command[0] == ".venv/bin/reluflow"
    run = [sys.executable, "-m", "reluflow", *command[1:]]
    subprocess.run(run, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    example = [sys.executable, "-c", block("python", "## From Python")]
    done = subprocess.run(example, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("60, 2)")


def tables(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The tool that writes the README's tables."""
    tool = Path(__file__).parents[1] / "tools" / "readme_tables.py"
    done = [sys.executable, str(tool), *arguments]
    return subprocess.run(done, capture_output=True, text=True, timeout=120, check=False)


def test_the_tables_are_those_of_the_registries(tmp_path):
    assert tables("--check").returncode == 0, "python tools/readme_tables.py writes them anew"
    copy = tmp_path / "README.md"
    copy.write_text(README.replace("| `lorentz` |", "| `lorenz` |"), encoding="utf-8")
    noticed = tables("--check", str(copy))
    assert noticed.returncode == 1
    assert "tools/readme_tables.py" in noticed.stdout
    assert tables(str(copy)).returncode == 0
    assert copy.read_text(encoding="utf-8") == README


def test_a_table_that_is_missing_is_named(tmp_path):
    copy = tmp_path / "README.md"
    copy.write_text(README.replace("<!-- table: methods -->", ""), encoding="utf-8")
    failed = tables("--check", str(copy))
    assert failed.returncode == 1
    assert "methods" in failed.stderr
