"""Sorting, choosing and grouping neurons, without a screen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reluflow.flow.base import State
from reluflow.observe.clusters import find_clusters
from reluflow.observe.neurons import CONDITIONS
from reluflow.observe.reference import Kind, Reference
from reluflow.observe.roster import COLUMNS, Roster, Sorting
from reluflow.problem import Problem
from reluflow.tui.neuron_choice import Choice, ChoiceError

#: six neurons: three along (1, 0), of either sign, one that slides along the second input, one dead, one zero
WEIGHTS = np.array([[2.0, 0.5], [1.0, 0.25], [4.0, 1.0], [1.0, 0.0], [-1.0, -1.0], [0.0, 0.0]])
OUTPUTS = np.array([1.0, 3.0, -1.0, 1.0, 1.0, -1.0])
INPUTS = np.array([[1.0, 1.0], [0.0, 1.0]])
TARGETS = np.array([3.25, -2.0])


@pytest.fixture
def roster() -> Roster:
    return Roster(State(0.0, WEIGHTS, OUTPUTS), Problem(INPUTS, TARGETS, WEIGHTS, OUTPUTS))


def listed(
    roster: Roster, column: str, reverse: bool = False, text: str = "", grouped: bool = False
) -> list[int]:
    choice = Choice.read(text)
    return roster.order(Sorting(column, reverse), choice.mask(roster), grouped).tolist()  # type: ignore[arg-type]


def test_conditions_and_growth(roster) -> None:  # type: ignore[no-untyped-def]
    words = [CONDITIONS[code] for code in roster.table.condition]
    assert words == ["live", "live", "live", "sliding", "dead", "dead"]
    # h = (2.5 + 3.75 - 5 + 1, 0.5 + 0.75 - 1), r = h - y = (-1, 2.25); neuron 3 grows at -(1/2) r_1 <u, x_1>;
    # below its kink it goes up at 1/2, above it at 1/2 - 2.25 / 2
    assert roster.table.growth[3] == pytest.approx(0.5)
    assert roster.table.growth[2] == pytest.approx(0.5 * (-5.0 + 1.0 * 2.25) / np.sqrt(17.0))
    assert roster.table.growth[4] == 0.0
    assert np.isnan(roster.table.growth[5])
    assert np.allclose(roster.some(np.array([2, 3])).growth, roster.table.growth[2:4])


def test_angles_are_measured_from_what_one_likes() -> None:
    problem = Problem(INPUTS, TARGETS, WEIGHTS, OUTPUTS)

    def angles(kind: Kind, neuron: int = 0) -> tuple[list[float], str]:
        seen = Roster(State(0.0, WEIGHTS, OUTPUTS), problem, Reference(kind, neuron))
        assert np.array_equal(seen.some(np.array([1, 3])).angle, seen.table.angle[[1, 3]])
        return seen.table.angle.tolist(), seen.table.angle_meaning

    found, meaning = angles("neuron", 3)
    assert found[:2] == pytest.approx(2 * [np.degrees(np.arctan2(1.0, 4.0))])
    assert (found[3], found[4], meaning) == (0.0, pytest.approx(135.0), "to neuron 3")
    assert np.isnan(found[5])
    # X v* = y with v* = (5.25, -2)
    found, meaning = angles("line")
    assert found[3] == pytest.approx(np.degrees(np.arctan2(2.0, 5.25)))
    assert meaning == "to v*"
    # D+ is along (1, 1), D- along (0, 1)
    found, meaning = angles("pull")
    assert (found[3], found[2]) == (pytest.approx(45.0), pytest.approx(np.degrees(np.arctan2(4.0, 1.0))))
    assert meaning == "to D+ or D-"
    assert angles("usual")[1] == "of the direction"


def test_references_follow_one_another() -> None:
    kinds, reference = [], Reference()
    for _ in range(4):
        reference = reference.next(7, 2)
        kinds.append(reference.kind)
    assert kinds == ["pull", "line", "neuron", "usual"]
    assert Reference("line").next(7, 2).neuron == 7
    assert Reference().next(7, 5).kind == "line", "with more coordinates the pull is the usual one"


def test_sorting_has_a_natural_order_and_the_other_one(roster) -> None:  # type: ignore[no-untyped-def]
    assert listed(roster, "#") == [0, 1, 2, 3, 4, 5]
    assert listed(roster, "#", reverse=True) == [5, 4, 3, 2, 1, 0]
    assert listed(roster, "norm") == [2, 0, 4, 1, 3, 5]
    assert listed(roster, "norm", reverse=True) == [5, 3, 1, 4, 0, 2]
    assert listed(roster, "state") == [0, 1, 2, 3, 4, 5]
    assert listed(roster, "growth")[-1] == 5, "what has no growth comes last"
    assert listed(roster, "growth", reverse=True)[-1] == 5
    assert listed(roster, "growth")[0] == 3


def test_every_column_comes_once_and_then_the_first_again() -> None:
    seen, sorting = [], Sorting()
    for _ in COLUMNS:
        seen.append(sorting.column)
        sorting = sorting.next()
    assert tuple(seen) == COLUMNS
    assert sorting == Sorting()


def test_clusters_are_neurons_of_one_sign_and_direction_the_heaviest_first(roster) -> None:  # type: ignore[no-untyped-def]
    found = find_clusters(roster.state)
    assert found.of.tolist() == [1, 1, 0, 3, 2, -1]
    assert found.lead.tolist() == [2, 1, 4, 3]
    assert found.size.tolist() == [1, 2, 1, 1]
    assert listed(roster, "#", grouped=True) == [1, 2, 3, 4, 5]
    assert listed(roster, "#", grouped=True, text="#<1") == [0], "a stand-in is one of those that are chosen"


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 4))
def test_every_neuron_is_near_the_lead_of_its_cluster(seed: int, m: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    weights, outputs = rng.normal(size=(m, d)), rng.normal(size=m)
    found = find_clusters(State(0.0, weights, outputs))
    assert np.all(found.of >= 0)
    assert int(found.size.sum()) == m
    units = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    lead = found.lead[found.of]
    assert np.all(np.sum(units * units[lead], axis=1) >= np.cos(0.0501))
    assert np.array_equal(np.sign(outputs), np.sign(outputs[lead]))


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("+", [0, 1, 3, 4]),
        ("-", [2, 5]),
        ("live +", [0, 1]),
        ("sliding", [3]),
        ("dead", [4, 5]),
        ("norm>1.5", [0, 2]),
        ("norm<1e0", [5]),
        ("on=2", [0, 1, 2]),
        ("off=2 on=1", [3]),
        ("on=9", []),
        ("#=4", [4]),
        ("group=2", [0, 1]),
        ("angle<0", [4]),
        ("growth>0", [0, 1, 3]),
        ("norm >= 2 group != 2", [2]),
        ("#<=2^1 live = true -", [2]),
        ("growth!=0 dead=true", [5]),
    ],
)
def test_words_choose_neurons(roster, text: str, chosen: list[int]) -> None:  # type: ignore[no-untyped-def]
    assert listed(roster, "#", text=text) == chosen


@pytest.mark.parametrize(
    "text", ["nrom>1", "norm>x", "norm", "on=", "alive", "norm>1 and live", "on<3", "live=maybe"]
)
def test_other_words_get_one_sentence(text: str) -> None:
    with pytest.raises(ChoiceError, match="expected") as caught:
        Choice.read(text)
    assert "\n" not in str(caught.value)
