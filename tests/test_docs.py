"""What is written for readers holds: links and names lead somewhere, versions agree, types are shipped."""

import json
import re
import tomllib
from importlib import import_module, resources
from pathlib import Path

import numpy as np
import pytest

import reluflow
from reluflow.cli.app import app
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import RunWriter
from reluflow.store.run_summary import FORMAT, STATUSES
from reluflow.sweep.columns import RESULTS
from reluflow.training.training import Training

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path for folder in (".", "docs", "benchmarks", "tools") for path in (ROOT / folder).glob("*.md")
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
#: [text](target), also of pictures
LINK = re.compile(r"\]\(([^)\s]+)\)")
#: `tests/test_docs.py`, `reluflow/flow/` and the like
FILE = re.compile(r"`((?:\.ci|benchmarks|docs|presets|reluflow|screenshots|tests|tools)/[\w./-]*)`")
#: `reluflow.flow.METHODS` and the like
NAME = re.compile(r"`(reluflow(?:\.\w+)+)")


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The names that the headings of a page have."""
    heads = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def resolved(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def commands() -> set[str | None]:
    """The commands of ``reluflow``."""
    return {each.name for each in (*app.registered_commands, *app.registered_groups)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_names_lead_somewhere(page):
    text = prose(page)
    for target in LINK.findall(text):
        if re.match(r"https?:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target
    files = [name for name in FILE.findall(text) if "NAME" not in name]  # a place for a name
    assert [name for name in files if not (ROOT / name).exists()] == []
    assert [name for name in NAME.findall(text) if not resolved(name)] == []
    assert set(re.findall(r"`reluflow ([a-z]+)", text)) <= commands()


def test_a_name_that_is_gone_is_noticed():
    assert resolved("reluflow.flow.METHODS")
    assert resolved("reluflow.flow.base.FlowSolver.step")
    assert not resolved("reluflow.flow.NOTHING")
    assert not resolved("reluflow.nothing.METHODS")


def test_all_pages_tell_the_same_version():
    version = PROJECT["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_types_are_shipped():
    assert resources.files("reluflow").joinpath("py.typed").is_file()


def test_the_formats_name_all_that_a_run_directory_holds(tmp_path):
    preset = load_preset("first-steps", {"stop.steps": 3})
    training = Training.from_preset(preset)
    training.run()
    writer = RunWriter.create(preset, training.problem, tmp_path / "run")
    writer.save(training)
    writer.close()
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./*]+)`", page))
    content = json.loads((writer.path / "run.json").read_text(encoding="utf-8"))
    assert set(content) <= named
    assert set(content["saddles"][0]) <= named
    assert set(STATUSES) <= named
    assert {path.name for path in writer.path.iterdir()} <= named
    arrays = set(np.load(writer.path / "problem.npz").files)
    arrays |= set(np.load(writer.path / "trajectory.npz").files)
    assert {name for name in arrays if not name.startswith("checkpoint/")} <= named
    assert f"`format` is {FORMAT}." in page
    assert {"rows.csv", "sweep.toml", *(each.name for each in RESULTS)} <= named


def test_the_changelog_knows_all_commands_and_names():
    page = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w-]+)`", page))
    functions = {name for name in reluflow.__all__ if name.islower()}
    assert commands() | functions <= named


def test_the_picture_of_the_floors_is_that_of_the_contract():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = re.search(r"<!-- floors -->\n```text\n(.*?)\n```", page, re.DOTALL)
    assert picture is not None
    drawn = [re.split(r" {2,}", line)[0] for line in picture[1].splitlines()]
    rooms = PROJECT["tool"]["importlinter"]["contracts"][0]
    assert drawn == rooms["layers"]
