"""The studies of benchmarks/studies.py: their files, and how a published median is judged."""

import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from reluflow.sweep.study import planned

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))
from sphere_map import horizon, sphere_descent, sphere_horizon, sphere_map
from sphere_map import published as published_shares
from studies import STUDIES, Published, entry, fits, published, ruled, success_map

NAMES = sorted(path.stem for path in STUDIES.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_each_file_describes_a_study(name: str) -> None:
    assert planned(str(STUDIES / f"{name}.toml"), []).grid.size >= 30


def test_every_entry_of_the_paper_belongs_to_a_study() -> None:
    sizes = [(4, 200), (16, 200), (64, 200), (256, 200), (1024, 25), (1024, 50), (1024, 200)]
    assert [len(published(*size)) for size in sizes] == [36] * 7
    assert published(4, 200)[0] == Published("max_angle_degrees", True, 2, "166.5", 10.45)


def table(values: list[float]) -> dict[str, np.ndarray]:
    count = len(values)
    return {
        "data.centred": np.ones(count, dtype=bool),
        "init.scale": np.full(count, 4.0**-2),
        "nuclear_norm": np.array(values),
    }


@pytest.mark.parametrize(
    ("digits", "inside"),
    [("1.05", True), ("1.0904", True), ("1.0906", False), ("0.9094", False), ("2", False)],
)
def test_a_published_median_is_held_against_medians_of_five(digits: str, inside: bool) -> None:
    """Half of the seeds at 0.91 and half at 1.09: medians of five are one of the two, to four digits."""
    paper = Published("nuclear_norm", True, -2, digits, 0.01)
    found = entry(paper, table([0.91] * 20 + [1.09] * 20), np.random.default_rng(0))
    assert found is not None
    assert found[1] is inside


def test_no_entry_is_made_from_fewer_than_five_seeds_nor_from_other_cells() -> None:
    rng = np.random.default_rng(0)
    assert entry(Published("nuclear_norm", True, -2, "1", 0.0), table([1.0] * 4), rng) is None
    assert entry(Published("nuclear_norm", True, -5, "1", 0.0), table([1.0] * 40), rng) is None
    assert entry(Published("nuclear_norm", False, -2, "1", 0.0), table([1.0] * 40), rng) is None


def test_the_rule_of_the_success_map_is_asked_of_the_start_of_every_row() -> None:
    """64 neurons see every sample, two do not. A row that ends otherwise is counted."""
    rows = {
        "network.width": np.array([2, 64, 64]),
        "data.seed": np.array([0, 0, 1]),
        "init.seed": np.array([0, 0, 1]),
        "success": np.array([False, True, False]),
    }
    np.testing.assert_array_equal(ruled("success-map", rows), [False, True, True])
    assert "2 of 3 runs end as the rule says" in "\n".join(success_map("success-map", rows))


def of_sphere(cells: list[tuple[int, int, str, float, float]]) -> dict[str, np.ndarray]:
    """Rows of dimension, samples, status, time and loss."""
    dimension, samples, status, time, loss = zip(*cells, strict=True)
    return {
        "data.dimension": np.array(dimension),
        "data.samples": np.array(samples),
        "status": np.array(status),
        "success": np.array(status) == "converged",
        "time": np.array(time),
        "loss": np.array(loss),
    }


def test_the_map_counts_runs_that_are_decided_and_says_where_the_others_rest() -> None:
    rows = of_sphere(
        [
            (10, 20, "converged", 80.0, 1e-6),
            (10, 20, "converged", 95.4, 1e-6),
            (10, 200, "stationary", 900.0, 0.02),
            (10, 200, "wall", 9e4, 0.01),
        ]
    )
    text = sphere_map("sphere-map", rows)
    assert "| 10 | 20 | 2 | 2 | 80 .. 95 | - | 0.996 | 0.95 |" in text
    assert "| 10 | 200 | 1 | 0 | - | 0.02 .. 0.02 | 0.969 | - |" in text
    assert "4 runs to a fit (loss 1e-6) or to rest; 1 came" in text[2]


@pytest.mark.parametrize("name", ["sphere-horizon", "sphere-descent"])
def test_the_horizon_is_that_of_the_paper_and_so_are_the_ends_of_the_study(name: str) -> None:
    *_, axis = planned(str(STUDIES / f"{name}.toml"), []).grid.axes
    assert axis.keys == ("data.dimension", "data.samples", "stop.loss", "stop.time")
    for dimension, samples, loss, time in axis.values:
        assert (dimension, samples) in published_shares()
        assert time == pytest.approx(horizon(samples), rel=1e-3)
        assert samples * loss == pytest.approx(0.5, rel=1e-5)
    rows = of_sphere([(10, 30, "converged", 60.0, 0.016), (10, 30, "time", 76.5, 0.03)])
    assert "| 10 | 30 | 77 | 2 | 1 | 0.50 | 0.45 |" in sphere_horizon("sphere-horizon", rows)
    rows["solver.learning_rate"] = np.array([0.1, 1.0])
    assert "| 10 | 30 | 77 | 0 of 1 | 1 of 1 | 0.45 |" in sphere_descent("sphere-descent", rows)


def test_counts_of_fits_are_held_against_their_probability() -> None:
    """Two of three runs, against the probability that the table itself states to four digits."""
    rows = {
        "data.samples": np.array([2, 2, 2]),
        "data.dimension": np.array([2, 2, 2]),
        "network.width": np.array([4, 4, 4]),
        "init.seed": np.array([0, 1, 2]),
        "success": np.array([True, True, False]),
    }
    text = fits("fit-probability", rows)
    chance = float(text[-1].split("|")[-2])
    squares = (2 - 3 * chance) ** 2 / (3 * chance * (1 - chance))
    found = re.search(r"chi-square is (\S+) in 1 cells: p = (\S+)\.", "\n".join(text))
    assert found is not None
    assert float(found[1]) == pytest.approx(squares, rel=0.05)
    assert float(found[2]) == pytest.approx(math.erfc(math.sqrt(squares / 2)), rel=0.05)
