"""The packages: built outside of the tree, installed in an empty environment, and used there."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from terminal import Terminal

TREE = Path(__file__).parents[1]

pytestmark = pytest.mark.slow

#: what is not part of a checkout
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", ".hypothesis", ".mutants", "runs", "dist", "__pycache__"
)


def done(*words, **options) -> str:
    """What a command prints; it must succeed."""
    ended = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=600, **options
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> dict[str, Path]:
    """The sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("packages")
    shutil.copytree(TREE, folder / "tree", ignore=LEFT_OUT)
    done(sys.executable, "-m", "venv", folder / "builder")
    done(folder / "builder/bin/pip", "install", "-q", "build")
    done(folder / "builder/bin/python", "-m", "build", "--outdir", folder / "dist", folder / "tree")
    return {"sdist": next((folder / "dist").glob("*.tar.gz")), "wheel": next((folder / "dist").glob("*.whl"))}


@pytest.fixture(scope="module")
def installed(packages, tmp_path_factory) -> Path:
    """The programs of an environment that has nothing but the wheel and what it needs for figures."""
    folder = tmp_path_factory.mktemp("installed")
    done(sys.executable, "-m", "venv", folder / "env")
    done(folder / "env/bin/pip", "install", "-q", f"{packages['wheel']}[figures]")
    return folder / "env/bin"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working folder outside of the tree, and no configuration of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("PYTHONPATH", raising=False)


def test_both_hold_the_presets_and_the_licence(packages):
    with zipfile.ZipFile(packages["wheel"]) as wheel:
        names = wheel.namelist()
    with tarfile.open(packages["sdist"]) as sdist:
        sources = sdist.getnames()
    for preset in (TREE / "presets").glob("*.toml"):
        assert f"reluflow/presets/{preset.name}" in names
        assert any(source.endswith(f"/presets/{preset.name}") for source in sources)
    assert any(name.endswith("LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "benchmarks"))]


@pytest.mark.usefixtures("elsewhere")
def test_the_commands_work_outside_of_the_tree(installed):
    program = installed / "reluflow"
    presets = json.loads(done(program, "presets", "--json"))["presets"]
    assert {preset["name"] for preset in presets} == {path.stem for path in (TREE / "presets").glob("*.toml")}
    assert all(Path(preset["path"]).is_relative_to(installed.parent) for preset in presets)
    run = json.loads(done(installed / "python", "-m", "reluflow", "run", "first-steps", "--json", "-q"))
    assert run["status"] == "converged"
    assert json.loads(done(program, "verify", run["run"], "--json", "-q"))["holds"] is True
    done(program, "plot", run["run"], "-o", "loss.pdf")
    assert done(program, "info", "loss.pdf").startswith("# reluflow plot runs/first-steps-1 -o loss.pdf")
    done(program, "export", run["run"], "run.nc")
    Path("points.csv").write_text("x;y\n1,5;2\n-1;0,5\n")
    own = json.loads(done(program, "run", "--data", "points.csv", "--json", "-q"))
    assert own["status"] == "converged"
    code = "import reluflow; print(reluflow.__file__, reluflow.open_run('runs/points-1').status)"
    file, status = done(installed / "python", "-c", code).split()
    assert Path(file).is_relative_to(installed.parent)
    assert status == "converged"


@pytest.mark.usefixtures("elsewhere")
def test_the_app_opens_outside_of_the_tree(installed):
    one = Terminal(
        [str(installed / "reluflow"), "tui", "first-steps"], (100, 30), environment=dict(os.environ)
    )
    try:
        one.until(lambda screen: screen.alternate and "first-steps" in screen.text, "a run")
        one.type("q")
        one.until(lambda screen: not screen.alternate, "the end")
    finally:
        one.close()
