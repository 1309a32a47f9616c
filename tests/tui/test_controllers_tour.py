"""The tour without an app."""

from dataclasses import replace

import pytest
from stages import Stage
from test_cursor import DONE, PRESET

from reluflow.flow.base import State
from reluflow.live.frame import Frame
from reluflow.store.guide_file import guide_is_done
from reluflow.tui.controllers.opening import Opening
from reluflow.tui.controllers.tour import Tour
from reluflow.tui.moment import Moment
from reluflow.tui.tour_cards import FIVE_POINTS, TOY, Card

KEYS = dict.fromkeys(("play", "open", "guide", "dismiss", "help", "descent"), "k")
PROBLEM = PRESET.problem()
#: the record of the cursor's tests, with states of the toy's network
HISTORY = replace(
    DONE.history,
    states=[State(state.t, PROBLEM.weights, PROBLEM.output_weights) for state in DONE.history.states],
)
RUN = replace(DONE, preset=PRESET, problem=PROBLEM, history=HISTORY)


class TourStage(Stage):
    def __init__(self, frame: Frame = RUN) -> None:
        super().__init__(frame)
        self.opening = Opening(self.cursor, self.parameters, self.host)
        self.cards: list[Card | None] = []
        self.tour = Tour(self.cursor, self.parameters, self.comparison, self.opening, KEYS, self.host)
        self.tour.changed = self.cards.append

    @property
    def moment(self) -> Moment:
        return self.cursor.take(self.frame, 0.0)


def test_it_plays_to_the_first_saddle_pauses_there_and_goes_on() -> None:
    assert PRESET.name == TOY
    stage = TourStage()
    stage.tour.begin()
    assert stage.cursor.playback.playing
    stage.tour.follow(stage.moment)
    assert stage.tour.card is not None
    assert stage.tour.card.title == "first minute, 1 of 6"
    saddle = stage.moment.plateaus[1]
    paused = stage.cursor.take(RUN, 60.0)
    assert (paused.playing, paused.t) == (False, 0.5 * (saddle.begin + saddle.leave))
    stage.tour.follow(paused)
    assert stage.tour.card.title == "first minute, 2 of 6"
    assert stage.opening.suggested == FIVE_POINTS
    assert [card.title[-6:] for card in stage.cards if card] == ["1 of 6", "2 of 6"]


def test_it_says_nothing_of_a_run_that_is_not_on_show_yet() -> None:
    stage = TourStage()
    stage.tour.begin()
    stage.parameters.apply({"init.seed": 9})
    stage.tour.follow(stage.moment)
    assert stage.tour.card is None
    assert stage.cards == []


def test_put_away_it_stays_away() -> None:
    stage = TourStage()
    stage.tour.dismiss()
    assert stage.host.said == [], "there is no card"
    stage.tour.begin()
    stage.tour.follow(stage.moment)
    stage.tour.dismiss()
    assert guide_is_done()
    assert (stage.tour.on, stage.tour.card, stage.cards[-1]) == (False, None, None)
    assert stage.host.said == ["the tour is put away; k brings it back"]
    stage.tour.follow(stage.moment)
    assert stage.tour.card is None


@pytest.mark.parametrize("on", [True, False])
def test_off_its_way_it_says_how_to_come_back(on: bool) -> None:
    stage = TourStage(replace(RUN, method="gd"))
    stage.tour.on = on
    stage.tour.follow(stage.moment)
    assert [card.title for card in stage.cards if card] == (["off the tour"] if on else [])


def test_from_its_beginning_it_runs_the_toy() -> None:
    stage = TourStage()
    stage.cursor.go_to(10.0)
    stage.tour.restart()
    assert stage.commands == ["change", "run"]
    assert (stage.parameters.present.name, stage.tour.on) == (TOY, True)
    assert stage.cursor.playback.playing
