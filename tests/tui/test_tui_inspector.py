"""The page about one neuron, on an app of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from textual.app import App
from textual.pilot import Pilot

from reluflow.flow.base import State
from reluflow.frame import Frame
from reluflow.observe.history import History
from reluflow.plot.glyphs import ASCII, BRAILLE, Glyphs
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.tui.screens.inspector import Inspector, Looked


class Host(App[None]):
    """Nothing but a place for the page."""

    answer: Looked | None = None


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
    return [strip.text for strip in pilot.app.screen._compositor.render_strips()]


def value(pilot: Pilot[None], name: str) -> str:
    """What is written beside a name, the formula left out."""
    line = next(line for line in lines(pilot) if line.strip().startswith(name + " "))
    return line[17:33].strip()


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
        assert pilot.app.answer == Looked(1)  # type: ignore[attr-defined]


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
