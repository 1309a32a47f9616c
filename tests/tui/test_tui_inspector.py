"""The page about one neuron, on an app of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ClassVar

import driver
import numpy as np
import pytest
from textual.app import App
from textual.pilot import Pilot

from reluflow.flow.base import State
from reluflow.flow.events import Change
from reluflow.live.frame import Frame
from reluflow.observe.crossings import crossing
from reluflow.observe.history import History
from reluflow.plot.axes import short
from reluflow.plot.glyphs import ASCII, BRAILLE, Glyphs
from reluflow.plot.phases import plateaus_of
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.theory.escape import classify
from reluflow.theory.forecast import FORECAST, forecast
from reluflow.training.training import Training
from reluflow.tui.page_source import PageSource, judge
from reluflow.tui.screens.inspector import Inspector, InspectorResult
from reluflow.tui.widgets.rows_panel import ROLE_CLASSES


class Host(App[None]):
    """Nothing but a place for the page."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(ROLE_CLASSES)
    answer: InspectorResult | None = None


def frame_of(samples: int = 4) -> Frame:
    """Three neurons on the axes, which grow tenfold from t = 0 to t = 2; the first turns from on to off."""
    inputs = np.tile([[1.0, 0.0], [0.0, 1.0]], (samples // 2, 1))
    weights = np.array([[0.3, 0.4], [1.0, -1.0], [-1.0, -1.0]])
    outputs = np.array([0.5, -np.sqrt(2.0), 0.0])
    later = weights.copy()
    later[0] = (0.3, -0.4)
    states = [State(0.0, weights, outputs), State(1.0, later, outputs), State(2.0, 10 * later, 10 * outputs)]
    series = {"t": np.arange(3.0), "loss": np.ones(3), "step": np.arange(3.0)}
    problem = Problem(inputs, np.ones(samples), weights, outputs)
    return Frame(
        load_preset("orthogonal-toy"), history=History(states, np.arange(3.0), series), problem=problem
    )


@asynccontextmanager
async def page(
    frame: Frame, t: float = 0.0, neuron: int = 0, size: tuple[int, int] = (110, 40), glyphs: Glyphs = BRAILLE
) -> AsyncIterator[tuple[Inspector, Pilot[None]]]:
    app = Host()
    async with app.run_test(size=size) as pilot:
        screen = Inspector(frame, t, neuron, glyphs)
        app.push_screen(screen, lambda number: setattr(app, "answer", number))
        await pilot.pause()
        yield screen, pilot


def lines(pilot: Pilot[None]) -> list[str]:
    return driver.lines_of(pilot.app.screen)


def value(pilot: Pilot[None], name: str) -> str:
    """What is written beside a name, the formula left out."""
    line = next(line for line in lines(pilot) if line.strip().startswith(name + " "))
    return line[17:33].strip()


@pytest.mark.parametrize("width", [80, 100, 120, 160])
async def test_no_key_is_cut_at_the_top_of_a_page(width: int) -> None:
    frame = frame_of()
    async with page(frame, size=(width, 24)) as (screen, pilot):
        for _ in range(4):
            top = lines(pilot)[:2]
            assert any("g go there" in line for line in top), top
            assert any("esc leaves  up/down next  tab other kind" in line for line in top), top
            await pilot.press("tab")
        screen.page.kind = "neuron"
        await pilot.press("end")
        assert any("esc leaves" in line for line in lines(pilot)[:2])


async def test_every_number_has_its_formula() -> None:
    async with page(frame_of()) as (_, pilot):
        assert "neuron 0 at t = 0" in lines(pilot)[0]
        assert value(pilot, "sign") == "● +"
        assert value(pilot, "norm") == "5.00e-01"
        assert value(pilot, "output weight") == "0.5"
        assert value(pilot, "imbalance") == "0"
        assert value(pilot, "active") == "4 of 4"
        assert value(pilot, "angle") == "53.130°"
        # D = (1/4) sum (1 - h) x, with h = 0.5 * 0.3 - sqrt 2 and h = 0.2 on two samples each
        across, up = 0.5 * (1.0 - 0.15 + np.sqrt(2.0)), 0.5 * (1.0 - 0.2)
        assert value(pilot, "pull") == f"{np.hypot(across, up):.5g}"
        assert value(pilot, "growth rate") == f"{0.6 * across + 0.8 * up:.5g}"
        assert value(pilot, "next change") == "sample 2 off"
        text = "\n".join(lines(pilot))
        for formula in (
            "a_j^2 - |w_j|^2",
            "s_j <u_j, D_j>",
            "D_j = -(1/n) sum_k A_jk r_k x_k",
            "d ln|w_j|/dt",
        ):
            assert formula in text


async def test_samples_are_listed_with_their_marks() -> None:
    async with page(frame_of(), t=1.0) as (_, pilot):
        rows = [line.split() for line in lines(pilot)]
        assert ["1", "●", "on", "0.3", "0.6", "1", "-2.2642"] in rows
        assert ["2", "·", "off", "-0.4", "-0.8", "1", "-1"] in rows


async def test_down_goes_to_the_next_neuron_and_esc_tells_which_was_last() -> None:
    async with page(frame_of()) as (_, pilot):
        await pilot.press("down")
        assert "neuron 1 at" in lines(pilot)[0]
        assert value(pilot, "sign") == "○ -"
        await pilot.press("down", "down", "down")
        assert "neuron 2 at" in lines(pilot)[0]
        assert value(pilot, "state") == "dead"
        await pilot.press("up", "escape")
        assert pilot.app.answer == InspectorResult(1)  # type: ignore[attr-defined]


async def test_the_page_scrolls_to_the_last_sample_and_back() -> None:
    async with page(frame_of(samples=500), size=(70, 24)) as (_, pilot):
        assert lines(pilot)[-1].split()[0] != "500"
        await pilot.press("end")
        assert lines(pilot)[-1].split()[0] == "500"
        await pilot.press("pageup")
        assert lines(pilot)[-1].split()[0] == "478"
        await pilot.press("home")
        assert value(pilot, "sign") == "● +"


async def test_the_page_follows_the_run() -> None:
    frame = frame_of()
    async with page(frame) as (screen, pilot):
        screen.show(frame, 2.0)
        await pilot.pause()
        assert "t = 2" in lines(pilot)[0]
        assert value(pilot, "norm") == "5.00e+00"
        assert value(pilot, "next change") == "none"
        screen.show(Frame(frame.preset), 0.0)
        await pilot.pause()
        assert "there is no run to look at yet" in "\n".join(lines(pilot))


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (20, 5), (200, 60)])
@pytest.mark.parametrize("glyphs", [BRAILLE, ASCII])
async def test_it_fits_any_screen(size: tuple[int, int], glyphs: Glyphs) -> None:
    async with page(frame_of(), t=0.5, size=size, glyphs=glyphs) as (_, pilot):
        shown = lines(pilot)
        assert len(shown) == size[1]
        assert {len(line) for line in shown} == {size[0]}
        if glyphs is ASCII:
            assert "\n".join(shown).isascii()


async def test_every_kind_has_a_page_and_events_lead_to_their_neuron() -> None:
    async with driver.explorer(size=(120, 40)) as app:
        frame = await app.solved()
        await app.press("home", "enter")
        assert "neuron 0 at t = 0" in app.lines[0]
        await app.press("tab", "down")
        assert "sample 2 at t = 0" in app.lines[0]
        assert "r_k = h(x_k) - y_k" in app.text
        await app.press("tab")
        assert "plateau S1" in app.lines[0]
        await app.until(lambda: "saddle" in app.text, "the judgement")
        # Gamma_available is the rate at which the faster bundle grows, |D+| = (1/2) |x_2| = 1.118 here
        assert value(app.pilot, "Gamma_available") == "1.118"
        await app.press("down")
        assert "plateau S2" in app.lines[0]
        assert float(value(app.pilot, "loss")) == pytest.approx(0.25, rel=1e-3)
        await app.press("tab", "up", "down", "down")
        number = app.app.screen.page.number
        events = frame.history.events
        assert f"event {number + 1} of {len(events)}" in app.lines[0]
        assert f"neuron {events.neuron[number]} " in app.text
        await app.press("tab")
        assert f"neuron {events.neuron[number]} at" in app.lines[0]
        await app.press("escape")
        assert app.app.table.cursor == events.neuron[number]


async def test_velocities_on_either_side_agree_with_what_happened() -> None:
    async with driver.explorer("nonorthogonal-five-points", overrides={"network.width": 12}) as app:
        frame = await app.solved()
        events, agree = frame.history.events, 0
        for row in range(len(events)):
            v = crossing(frame.history, frame.problem, events, row)
            kind = events.kind[row]
            # a release is when one of the two passes zero
            near = 0.1 * max(abs(v.below), abs(v.above))
            agree += (
                (kind == Change.SLIDE and v.below > 0.0 > v.above)
                or (kind in (Change.ENTER, Change.RELEASE_ON) and v.above >= -near)
                or (kind in (Change.EXIT, Change.DIE, Change.RELEASE_OFF) and v.below <= near)
            )
        # states between recorded ones are interpolated: one or the other has another residual
        assert agree >= len(events) - 1 > 10


@pytest.mark.parametrize("kind", ["sample", "plateau", "event"])
async def test_pages_without_anything_say_so(kind: str) -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(Inspector(Frame(load_preset("orthogonal-toy")), 0.0, 0, BRAILLE, (), kind))
        await pilot.pause()
        assert "there is no run to look at yet" in "\n".join(lines(pilot))
        await pilot.press("down", "tab", "g")


def test_a_plateau_is_judged_on_the_state_of_the_time_that_is_shown() -> None:
    """Descent that is stored and resumed on a plateau, where few states are recorded."""
    values = {"solver.method": "gd", "solver.learning_rate": 0.02, "stop.time": 250.0, "network.width": 20}
    preset = load_preset("nonorthogonal-five-points", values)
    first = Training.from_preset(preset)
    while first.status == "running":
        first.advance(10.0)
    resumed = Training.from_preset(preset.with_values({"stop.time": 640.0}))
    resumed.restore(first.checkpoint())
    while resumed.status == "running":
        resumed.advance(10.0)
    history = resumed.recorder.history
    frame = Frame(preset, status=resumed.status, method="gd", history=history, problem=resumed.problem)
    plateaus = plateaus_of(history.series, settled=False)
    number, t = len(plateaus) - 1, history.end * (1.0 - 1e-9)
    assert history.recorded_at(t).t < 0.9 * history.end
    moments = PageSource(frame, t, plateaus)
    state = moments.state_on(number)
    assert state.t == t
    np.testing.assert_allclose(state.weights, resumed.solver.state.weights, rtol=1e-6, atol=1e-12)
    page = moments.sheet("plateau", number, judge(moments, number), 200, BRAILLE)
    assert not isinstance(page, str)
    assert page.title.endswith(f"at t = {short(history.end)}")
    words = ["".join(segment.text for segment in row) for row in page.head]
    kind = classify(resumed.problem, resumed.solver.state).kind
    assert any("what it is" in line and kind in line for line in words)
    foreseen = forecast(resumed.problem, resumed.solver.state)
    told = "none foreseen" if foreseen is None else f"t = {short(foreseen.time)}"
    assert any("next escape" in line and told in line for line in words)


def test_a_plateau_with_too_many_rivals_to_solve_for_is_judged_all_the_same(monkeypatch) -> None:
    preset = load_preset("orthogonal-toy")
    run = Training.from_preset(preset)
    while run.status == "running":
        run.advance(10.0)
    history = run.recorder.history
    frame = Frame(preset, status=run.status, method="lorentz", history=history, problem=run.problem)
    plateaus = plateaus_of(history.series, settled=True)
    moments = PageSource(frame, plateaus[0].begin, plateaus)
    assert judge(moments, 0).forecast is not None
    monkeypatch.setattr("reluflow.theory.forecast.FORECAST", replace(FORECAST, pairs=0))
    page = moments.sheet("plateau", 0, judge(moments, 0), 200, BRAILLE)
    assert not isinstance(page, str)
    words = ["".join(segment.text for segment in row) for row in page.head]
    assert any("what it is" in line and "saddle" in line for line in words)
    assert any("next escape" in line and "compete for the next escape" in line for line in words)
