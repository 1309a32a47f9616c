"""Tests of the app write to a folder of their own: runs, presets and all."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder and the user's settings, both empty."""
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


@pytest.fixture(autouse=True)
def _no_size_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs the tests may have put a size of its own in the environment, before the real one."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)
