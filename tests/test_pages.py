"""Pages about one plateau and one sample say what the run and its state are."""

import re
from functools import cache

import numpy as np
import pytest
from problems import toy
from rows import pieces

from reluflow.flow.base import Options
from reluflow.observe.corners import effective_width
from reluflow.observe.crossings import events_of
from reluflow.observe.history import History
from reluflow.observe.neurons import CONDITIONS
from reluflow.observe.roster import Roster
from reluflow.observe.samples import record_sample, report_sample
from reluflow.plot.cells import plain
from reluflow.plot.glyphs import BRAILLE
from reluflow.plot.phases import plateaus_of
from reluflow.plot.views.facts import Sheet
from reluflow.plot.views.plateau_page import Judgement, PlateauFacts, plateau_sheet
from reluflow.plot.views.sample_page import SampleFacts, sample_sheet
from reluflow.problem import Problem
from reluflow.training.training import StopRules, Training

WIDTH = 120


@cache
def run() -> tuple[Problem, History]:
    """The toy, far beyond its last escape."""
    training = Training(toy(width=9), None, Options(), StopRules(loss=1e-12))
    while training.status == "running":
        training.advance(seconds=10.0)
    return training.problem, training.recorder.history


def page_of(number: int) -> Sheet:
    problem, history = run()
    plateau = plateaus_of(history.series, True)[number]
    middle = history.state_at(0.5 * (plateau.begin + plateau.leave))
    facts = PlateauFacts(plateau, None, Roster(middle, problem), history, Judgement(None, None, "a sentence"))
    return plateau_sheet(facts, WIDTH, BRAILLE)


@pytest.mark.parametrize("number", [0, 1])
def test_a_plateau_counts_its_neurons_by_what_they_are(number: int) -> None:
    problem, history = run()
    plateau = plateaus_of(history.series, True)[number]
    middle = history.state_at(0.5 * (plateau.begin + plateau.leave))
    active = np.any(middle.weights @ problem.inputs.T > 0.0, axis=1)
    (told,) = [plain(row) for row in page_of(number).head if plain(row).startswith(" neurons ")]
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", told)}
    assert tuple(counts) == CONDITIONS
    assert counts == {"live": np.count_nonzero(active), "sliding": 0, "dead": np.count_nonzero(~active)}
    (told,) = [plain(row) for row in page_of(number).head if plain(row).startswith(" corners of h ")]
    assert told.split()[3] == str(effective_width(middle, problem))
    assert 0 < counts["dead"] < problem.width


@pytest.mark.parametrize("number", [0, 1])
def test_its_picture_ends_a_fifth_after_the_next_plateau_is_reached(number: int) -> None:
    _, history = run()
    plateau = plateaus_of(history.series, True)[number]
    assert 1.2 * plateau.arrive < history.end
    head = page_of(number).head
    # the loss is the picture on the left, on 59 columns; the last row but two are the times below it
    ticks = [(int(one.group()), one.start()) for one in re.finditer(r"\d+", plain(head[-3])[:59])]
    (zero, left), *_, (time, at) = [tick for tick in ticks if tick[1] < 50]
    assert zero == 0
    columns = [x + len(text) - 1 for x, _, text in pieces(head, "curve") if x < 59]
    cell = (time - zero) / (at - left)
    assert max(columns) - left == pytest.approx(1.2 * plateau.arrive / cell, abs=1.6)


@pytest.mark.parametrize("sample", [0, 1])
def test_a_sample_lists_the_neurons_that_see_it_by_what_they_add(sample: int) -> None:
    problem, history = run()
    state = history.state_at(20.0)
    roster = Roster(state, problem)
    facts = SampleFacts(
        sample,
        state,
        problem,
        report_sample(roster, sample),
        record_sample(history, problem, sample),
        events_of(history.events, sample=sample),
    )
    page = sample_sheet(facts, WIDTH, BRAILLE)
    z = state.weights @ problem.inputs[sample]
    added = state.output_weights * np.maximum(z, 0.0)
    lines = [plain(page.line(i)).split() for i in range(page.count)]
    numbers = [int(words[0]) for words in lines]
    assert sorted(numbers) == np.flatnonzero(z > 0.0).tolist()
    assert numbers == sorted(numbers, key=lambda neuron: -abs(added[neuron]))
    for i, (neuron, mark, word, norm, height, share) in enumerate(lines):
        j = int(neuron)
        (role,) = {part.role for part in page.line(i) if mark in part.text}
        assert role == ("positive" if state.output_weights[j] > 0.0 else "negative")
        assert (mark, word) == (BRAILLE.positive if state.output_weights[j] > 0.0 else BRAILLE.negative, "on")
        expected = np.linalg.norm(state.weights[j]), z[j], added[j]
        assert [float(text) for text in (norm, height, share)] == pytest.approx(expected, rel=1e-2)
    told = {plain(row)[:16].strip(): plain(row)[16:].split()[0] for row in page.head if plain(row).strip()}
    assert float(told["prediction"]) == pytest.approx(added.sum(), rel=1e-2)
    assert float(told["residual"]) == pytest.approx(added.sum() - problem.targets[sample], rel=1e-2)
    assert float(told["length"]) == pytest.approx(np.linalg.norm(problem.inputs[sample]), rel=1e-3)
    assert int(told["seen by"]) == np.count_nonzero(z > 0.0)
    # the residual is the picture on the right: from -y to 0
    ticks = [float(one) for row in page.head for one in re.findall(r"([-.\d]+)┤", plain(row)[59:])]
    y = float(problem.targets[sample])
    assert (min(ticks), max(ticks)) == (min(-y, 0.0), max(-y, 0.0))
