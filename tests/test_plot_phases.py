"""Plateaus as a viewer sees them, and the band that shows them."""

import numpy as np
import pytest

from reluflow.flow.events import Change, Events
from reluflow.plot.axes import linear_ticks
from reluflow.plot.band import band_row, cell_at, ticks_row, with_band_cursor
from reluflow.plot.cells import plain
from reluflow.plot.event_words import event_text
from reluflow.plot.glyphs import ASCII, BRAILLE
from reluflow.plot.phases import Plateau, escape_at, focus_of, next_time, place_of, plateau_at, plateaus_of

RUN = (Plateau(1, 0.0, 10.0, 11.0, 12.0, 0.5), Plateau(2, 12.0, 20.0, 21.0, 22.0, 0.25))

NO_EVENTS = np.zeros(0)


def logistic_run() -> dict[str, np.ndarray]:
    """Two bundles of mass 1 that escape at t = 10 and 20: loss (1 - u)^2 / 4 each, u logistic."""
    t = np.linspace(0.0, 30.0, 1200)
    shares = [1.0 / (1.0 + np.exp(-3.0 * (t - at))) for at in (10.0, 20.0)]
    return {"t": t, "loss": sum((1.0 - u) ** 2 / 4.0 for u in shares)}


def test_plateaus_have_edges_where_a_twentieth_of_the_drop_is_done() -> None:
    first, second = plateaus_of(logistic_run(), settled=True)
    # (1 - u)^2 = 0.95 and 0.05, where 3 (t - 10) = ln(u / (1 - u))
    for share, time in ((0.95, first.leave), (0.05, first.arrive), (0.05, second.begin)):
        u = 1.0 - np.sqrt(share)
        assert time == pytest.approx(10.0 + np.log(u / (1.0 - u)) / 3.0, abs=0.05)
    assert first.begin == 0.0
    assert first.escape == pytest.approx(10.0, abs=0.05)
    assert second.escape == pytest.approx(20.0, abs=0.05)
    assert (first.name, second.name) == ("S1", "S2")


def test_a_plateau_that_is_not_left_has_no_end() -> None:
    run = logistic_run()
    short = {name: values[:700] for name, values in run.items()}
    last = plateaus_of(short, settled=False)[-1]
    assert last.number == 2
    assert last.leave is None
    assert plateau_at([last], 1e9) is last


def test_a_run_that_has_just_begun_has_none() -> None:
    assert plateaus_of({"t": np.array([0.0]), "loss": np.array([1.0])}, settled=False) == ()


@pytest.mark.parametrize(
    ("t", "words"),
    [
        (0.0, "on S1"),
        (9.9, "on S1"),
        (11.0, "leaving S1"),
        (12.0, "on S2"),
        (21.0, "leaving S2"),
        (30.0, "after S2"),
    ],
)
def test_places_in_words(t: float, words: str) -> None:
    assert place_of(RUN, t) == words
    assert (escape_at(RUN, t) is not None) == words.startswith("leaving")


def test_next_and_previous() -> None:
    assert next_time(RUN, 0.0, "plateau") == 12.0
    assert next_time(RUN, 12.0, "plateau") is None
    assert next_time(RUN, 12.0, "plateau", forward=False) == 0.0
    assert next_time(RUN, 0.0, "plateau", forward=False) is None
    assert next_time(RUN, 0.0, "escape") == 10.0
    assert next_time(RUN, 10.0, "escape") == 20.0
    assert next_time(RUN, 10.0 * (1.0 + 1e-12), "escape", forward=False) is None


@pytest.mark.parametrize("glyphs", [BRAILLE, ASCII])
def test_the_band_shows_each_phase_where_it_is(glyphs) -> None:  # type: ignore[no-untyped-def]
    row = with_band_cursor(band_row(RUN, NO_EVENTS, lambda share: 30.0 * share, 60, glyphs), 0.9, glyphs)
    text = plain(row)
    assert len(text) == 60
    assert text[20:24] == 4 * glyphs.escape
    assert text[40:44] == 4 * glyphs.escape
    assert text[8:12] == f"{glyphs.plateau}S1{glyphs.plateau}"
    assert "S2" in text[24:40]
    assert text[54] == glyphs.band_cursor
    assert text[45:54] == 9 * glyphs.horizontal
    roles = {segment.role for segment in row}
    assert roles == {"plateau", "escape", "axis", "level", "cursor"}


def test_an_escape_shorter_than_a_cell_is_still_to_be_seen() -> None:
    run = (Plateau(1, 0.0, 10.0, 10.001, 10.002, 0.5), Plateau(2, 10.002, None, None, None, 0.25))
    text = plain(band_row(run, NO_EVENTS, lambda share: 30.0 * share, 30, BRAILLE))
    assert text.count(BRAILLE.escape) == 1
    assert text[10] == BRAILLE.escape


@pytest.mark.parametrize("glyphs", [BRAILLE, ASCII])
def test_cells_with_events_are_ticked_whatever_the_phase(glyphs) -> None:  # type: ignore[no-untyped-def]
    row = band_row(RUN, np.array([2.1, 2.2, 11.1, 25.0]), lambda share: 30.0 * share, 60, glyphs)
    marks = (glyphs.plateau_event, glyphs.escape_event, glyphs.event)
    places = [x for x, sign in enumerate(plain(row)) if sign in marks]
    assert places == [4, 22, 50]
    assert "".join(plain(row)[x] for x in places) == "".join(marks)


def test_times_stand_below_their_places() -> None:
    text = plain(ticks_row(linear_ticks((0.0, 30.0), 3), lambda t: t / 30.0, 60))
    assert text[20:22].strip() or text[19:21].strip()
    assert "10" in text[18:23]
    assert text.rstrip().endswith("30")
    assert len(text) == 60


def test_cells_stay_inside() -> None:
    assert [cell_at(share, 10) for share in (-1.0, 0.0, 0.55, 1.0, 2.0)] == [0, 0, 5, 9, 9]


def test_a_run_is_looked_at_closely_until_soon_after_its_last_escape() -> None:
    assert focus_of(RUN, 1000.0) == pytest.approx(1.4 * 22.0)
    assert focus_of(RUN, 25.0) == 25.0
    assert focus_of((), 25.0) == 25.0
    assert focus_of((Plateau(1, 0.0, None, None, None, 0.5),), 25.0) == 25.0


def test_an_event_names_its_sample_unless_it_has_none() -> None:
    """Neurons count from 0, samples from 1."""
    kinds = np.array(sorted(Change), dtype=np.int8)
    told = Events(np.arange(8.0), np.arange(8), np.where(kinds < Change.FLIP, 7 - np.arange(8), -1), kinds)
    assert [event_text(told, row) for row in range(8)] == [
        "neuron 0 gains sample 8",
        "neuron 1 loses sample 7",
        "neuron 2 slides on sample 6",
        "neuron 3 slides off, gains sample 5",
        "neuron 4 slides off, loses sample 4",
        "neuron 5 dies, losing sample 3",
        "neuron 6 changes its sign",
        "neuron 7 could go on otherwise",
    ]
