"""The table of neurons without an app."""

from dataclasses import replace

import numpy as np
import pytest
from hosts import FakeHost

from reluflow.flow.base import State
from reluflow.live.frame import Frame
from reluflow.store.preset import load_preset
from reluflow.tui.controllers.table import Table
from reluflow.tui.cursor import Cursor
from reluflow.tui.moment import Moment
from reluflow.tui.neuron_choice import Choice

PRESET = load_preset("orthogonal-toy", {"network.width": 8})
PROBLEM = PRESET.problem()
#: |w| of neuron j is j + 1; the output weights of the even ones are above 0
STATE = State(1.0, np.outer(np.arange(1.0, 9.0), [0.6, 0.8]), np.array([1.0, -1.0] * 4))


def moment_of(state: State | None, playing: bool = False) -> Moment:
    frame = Frame(PRESET, problem=PROBLEM)
    return replace(Cursor(frame).take(frame, 0.0), state=state, playing=playing)


class Stage:
    def __init__(self) -> None:
        self.host = FakeHost()
        self.table = Table(self.host)
        self.moves: list[int] = []
        self.drawn = 0
        self.table.moved = self.moves.append
        self.table.changed = self._draw
        self.table.show(moment_of(STATE))

    def _draw(self) -> None:
        self.drawn += 1

    @property
    def listed(self) -> list[int]:
        return [int(number) for number in self.table.numbers(0, self.table.count)]


def test_the_cursor_goes_along_the_lines_and_stays_on_its_neuron_when_they_are_sorted() -> None:
    stage = Stage()
    table = stage.table
    assert stage.listed == list(range(8))
    table.move(2)
    table.sort()
    assert (table.sorting.column, stage.listed) == ("norm", list(range(8))[::-1])
    assert table.cursor == 2
    table.move(1)
    table.reverse()
    assert stage.listed == list(range(8))
    table.go_to_end(True)
    table.move(1)
    assert table.cursor == 7
    assert stage.moves == [2, 1, 7]


def test_a_choice_is_asked_for_and_the_cursor_goes_to_a_neuron_that_is_listed() -> None:
    stage = Stage()
    stage.table.move(1)
    stage.table.ask_choice()
    stage.host.answer(Choice.read("+"))
    assert stage.listed == [0, 2, 4, 6]
    assert stage.table.cursor == 0
    before = stage.table.arrangements
    stage.table.ask_choice()
    stage.host.answer(None)
    assert (stage.listed, stage.table.arrangements) == ([0, 2, 4, 6], before)


def test_a_line_a_cluster_stands_for_the_neuron_under_the_cursor() -> None:
    stage = Stage()
    stage.table.move(1)
    stage.table.group()
    roster = stage.table.roster
    assert roster is not None
    assert sorted(stage.listed) == sorted(int(number) for number in roster.clusters.lead)
    assert roster.clusters.of[stage.table.cursor] == roster.clusters.of[1]


def test_the_cursor_stays_among_the_neurons_of_a_smaller_network_and_waits_for_those_to_come() -> None:
    stage = Stage()
    stage.table.go_to(7)
    stage.table.show(moment_of(State(0.0, STATE.weights[:3], STATE.output_weights[:3])))
    assert stage.table.cursor == 2
    stage.table.await_neuron(5)
    stage.table.show(moment_of(STATE))
    assert (stage.table.cursor, stage.moves) == (5, [7, 2, 5])


def test_what_is_on_show_already_is_not_drawn_again() -> None:
    stage = Stage()
    stage.table.show(moment_of(STATE))
    assert stage.drawn == 1
    stage.table.show(moment_of(replace(STATE)))
    assert stage.drawn == 2


def test_without_a_state_there_is_nothing_to_list() -> None:
    table = Table(FakeHost())
    table.show(moment_of(None))
    table.next_reference()
    table.move(3)
    assert (table.count, table.cursor, table.reference.kind) == (0, 0, "usual")


@pytest.mark.parametrize("name", ["sort", "reverse", "filter", "angle", "angle_neuron", "grouped"])
def test_choices_come_back_and_wrong_ones_are_left_out(name: str) -> None:
    stage = Stage()
    stage.table.sort()
    stage.table.reverse()
    stage.table.group()
    stage.table.choose(Choice.read("norm>2"))
    stage.table.next_reference()
    kept = stage.table.choices()
    other = Stage()
    other.table.adopt(kept)
    assert other.table.choices() == kept
    assert other.listed == stage.listed
    plain = Stage().table
    plain.adopt({name: ["nothing"]})
    assert plain.choices()[name] == Stage().table.choices()[name]
