"""The tour of the first minute, and what is told of a run that got stuck."""

from pathlib import Path

import numpy as np
import pytest
from driver import Driver, explorer
from textual.widgets import OptionList

from reluflow.flow.base import State
from reluflow.observe.history import History
from reluflow.store.guide_file import guide_is_done
from reluflow.tui.launch import open_on
from reluflow.tui.sign_changes import sign_flips
from reluflow.tui.tour_cards import FIVE_POINTS, Card
from reluflow.tui.widgets.tour_card import TourCard


def card(app: Driver) -> str:
    """The words of the card on screen, on one line; "" without a card."""
    shown = app.app.query_one(TourCard)
    if not shown.display:
        return ""
    region = shown.region
    return " ".join(" ".join(line.split()) for line in app.lines[region.y + 1 : region.bottom])


async def play_on(app: Driver) -> None:
    """Play in small steps until the app pauses by itself."""
    for _ in range(40):
        await app.play(1.0)
        if not app.moment.playing:
            return
    raise AssertionError(f"it never paused\n{app.text}")


SIZES = [(60, 20), *(pytest.param(size, marks=pytest.mark.slow) for size in ((80, 24), (120, 40), (200, 60)))]


@pytest.mark.parametrize("size", SIZES)
async def test_the_tour_leads_from_the_toy_to_the_five_points(size: tuple[int, int]) -> None:
    async with explorer(running=True, guided=True, size=size) as app:
        await app.solved()
        await app.play(0.1)
        assert "60 ReLU neurons learn 2 points" in card(app)
        assert "wait: it pauses by itself" in card(app)
        await play_on(app)
        saddle = app.moment.plateaus[1]
        assert saddle.begin < app.moment.t < saddle.leave
        words = card(app)
        assert "A saddle: the loss rests at 0.25 (S2). 1 of 2 points fitted" in words
        assert "12 neurons grown with output weight a > 0" in words
        assert "space plays on" in words
        await app.press("space")
        await play_on(app)
        assert app.moment.t == pytest.approx(saddle.arrive)
        assert "t = 12.7 and 26.1" in card(app)
        assert "o opens other settings: take the five points" in card(app)
        await app.press("o")
        assert "nonorthogonal-five-points" in app.text
        await app.press("enter")
        await app.until(lambda: app.frame.preset.name == FIVE_POINTS and app.frame.over, "the five points")
        assert "escapes from it at t = 531" in card(app)
        assert "d runs plain descent" in card(app)


async def test_what_a_card_says_of_keys_and_of_the_saddle_is_true_at_that_moment() -> None:
    async with explorer(running=True, guided=True) as app:
        await app.solved()
        app.app.pull()
        saddle = app.moment.plateaus[1]
        await app.until(lambda: app.moment.t > saddle.begin and app.moment.playing, "the saddle", 0.2)
        assert "wait: it pauses by itself" in card(app)
        assert "space" not in card(app)
        await play_on(app)
        assert "space plays on" in card(app)
        app.app.cursor.go_to(0.5 * (saddle.leave + saddle.arrive))
        app.app.pull()
        await app.drained()
        assert "S2 is left: neurons of the other sign have grown" in card(app)


@pytest.mark.slow
async def test_who_is_ahead_of_the_tour_or_strays_from_it_is_led_to_the_five_points() -> None:
    async with explorer(running=True, guided=True) as app:
        await app.solved()
        await app.press("o")
        assert app.app.screen.query_one(OptionList).highlighted > 0
        await app.press("home", *"first-steps", "enter")
        await app.until(lambda: app.frame.preset.name == "first-steps" and app.frame.over, "another run")
        assert "The tour goes from two points to five; this is another run." in card(app)
        assert "o opens the five points" in card(app)
        await app.press("o", "enter")
        await app.until(lambda: app.frame.preset.name == FIVE_POINTS and app.frame.over, "the five points")
        assert "d runs plain descent" in card(app)


async def test_a_tour_that_was_left_goes_on_at_the_next_start() -> None:
    async with explorer(running=True, guided=True, remember=True) as app:
        await app.solved()
        await play_on(app)
        await app.press("q")
    last = open_on(None).last
    async with explorer(running=True, last=last, remember=True) as app:
        await app.solved()
        assert "A saddle: the loss rests at 0.25 (S2)" in card(app)
        await app.press("escape", "q")
    async with explorer(running=True, last=open_on(None).last) as app:
        await app.solved()
        assert card(app) == ""


async def test_esc_puts_the_tour_away_for_ever_and_a_key_brings_it_back(own_folder: Path) -> None:
    assert open_on(None).guided
    async with explorer(running=True, guided=True) as app:
        await app.solved()
        assert card(app)
        await app.press("escape")
        assert card(app) == ""
        assert "H brings it back" in app.text
        await app.play(0.1)
        assert card(app) == ""
        assert not open_on(None).guided
        await app.press("end", "H")
        await app.until(lambda: "60 ReLU neurons" in card(app), "the tour again")
        assert app.moment.t < 12.0
    assert guide_is_done()
    (own_folder / "config" / "guide.toml").write_text("done = perhaps")
    assert open_on(None).guided


async def test_descent_that_got_stuck_is_explained_from_its_own_record() -> None:
    # a rate at which descent loses neurons soon, and a stop short of its patience
    small = {"solver.learning_rate": 0.1, "stop.loss": 1e-3}
    async with explorer(FIVE_POINTS, overrides=small, running=True, size=(100, 30)) as app:
        await app.solved()
        assert card(app) == ""
        await app.press("d")
        await app.until(lambda: app.frame.method == "gd" and card(app), "what happened")
        frame = app.frame
        start, last = frame.problem.output_weights, frame.history.states[-1].output_weights
        flipped = np.flatnonzero(np.sign(start) * np.sign(last) < 0)
        assert flipped.size > 0
        words = card(app)
        assert "Stuck at loss 0.0318, a saddle that the flow (a) escaped from at t = " in words
        assert f"{flipped.size} neuron" in words
        assert f"({flipped[0]}" in words
        assert "a theorem forbids" in words
        await app.press("escape")
        await app.play(0.1)
        assert card(app) == ""
        # the tour from there begins with the toy and plays
        await app.press("H")
        await app.until(lambda: "60 ReLU neurons" in card(app), "the tour from its beginning")
        assert app.moment.playing


async def test_the_panels_shrink_to_the_room_that_a_long_card_leaves() -> None:
    async with explorer(size=(80, 24)) as app:
        main = app.app.main
        main.status.styles.height = 3
        for lines in range(1, 6):
            main.card.show(Card("first minute", " ".join(["x" * 78] * lines), (("esc", "ends the tour"),)))
            await app.drained()
            assert main.card.region.height == lines + 2
            room = main.query_one("#main").region
            assert {main.loss.region.bottom, main.view.region.bottom} == {main.table.region.y}, lines
            assert main.table.region.bottom == room.bottom, lines
            assert main.table.region.height >= 3


async def test_what_is_told_in_passing_does_not_cover_the_card() -> None:
    async with explorer(size=(80, 24)) as app:
        app.app.main.card.show(Card("first minute", "x" * 78, (("esc", "ends the tour"),)))
        app.app.say("told in passing")
        await app.drained()
        (line,) = (y for y, text in enumerate(app.lines) if "told in passing" in text)
        assert line >= app.app.main.card.region.bottom


def history_of(*outputs: list[float], norms: list[float]) -> History:
    weights = np.array(norms)[:, None]
    states = [State(float(t), weights, np.array(each)) for t, each in enumerate(outputs)]
    return History(states, np.arange(len(states), dtype=float), {})


def test_only_neurons_whose_sign_the_flow_keeps_count_as_flipped() -> None:
    outputs = ([1.0, 1.0, 0.5, -2.0], [1.0, -0.1, -0.1, -2.0], [-1.0, 0.1, -0.1, 0.3])
    history = history_of(*outputs, norms=[1.0, 1.0, 1.0, 1.0])
    # neuron 2 has a^2 < |w|^2: the flow itself may turn its sign
    assert sign_flips(history) == {0: 2.0, 1: 1.0, 3: 2.0}
