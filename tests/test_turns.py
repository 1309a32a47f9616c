"""The comparison of two commits in turns: what counts as noise, and the history that is kept."""

import csv
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import turns
from turns import Line, compare, keep, verdict
from turns_cases import Case


@pytest.mark.parametrize(
    ("ratios", "found"),
    [
        ([1.2, 1.1, 1.3], "faster"),
        ([0.8, 0.9, 0.7], "slower"),
        ([1.5, 1.4, 0.99], "noise"),
        ([0.5, 0.6, 1.01], "noise"),
        ([1.02, 1.03, 1.04], "noise"),
        ([0.97, 0.96, 0.98], "noise"),
    ],
)
def test_only_what_is_so_in_every_turn_and_by_more_than_a_twentieth_counts(
    ratios: list[float], found: str
) -> None:
    assert verdict(ratios) == found


def test_the_two_sides_take_turns_in_being_first_after_one_that_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    measured: list[Path] = []

    def measure(package: Path) -> dict[str, float]:
        measured.append(package)
        return {"seconds": float(len(measured))}

    monkeypatch.setitem(turns.CASES, "counted", Case(measure))
    new = turns.HERE.parent
    assert compare("counted", tmp_path, 3) == {"seconds": ([3.0, 6.0, 7.0], [4.0, 5.0, 8.0])}
    assert measured == [tmp_path, new, tmp_path, new, new, tmp_path, tmp_path, new]


def test_the_history_grows_by_lines(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    lines = [
        Line("2026-01-01", "abc", "def", "a case, with a comma", what, "1", "2", "0.5", "slower", 5, "x86")
        for what in ("solver", "run")
    ]
    keep(lines[:1], path)
    keep(lines[1:], path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["what"] for row in rows] == ["solver", "run"]
    assert rows[0]["case"] == "a case, with a comma"
    assert [entry.name for entry in tmp_path.iterdir()] == ["history.csv"]
