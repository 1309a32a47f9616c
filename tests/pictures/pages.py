"""Pages about one thing, and the table of the neurons."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pictures.runs import course, falls, forecast_at, labelled, line, plane, sliding, space, start_of, waves
from pictures.text import Picture, group, told
from reluflow.observe.crossings import Crossing, crossing, events_of
from reluflow.observe.history import History
from reluflow.observe.inspection import drift_of, inspect, record_of
from reluflow.observe.plateaus import find_saddles
from reluflow.observe.reference import Reference
from reluflow.observe.roster import Roster, Sorting
from reluflow.observe.samples import record_sample, report_sample
from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import ASCII, BLOCK, BRAILLE
from reluflow.plot.phases import Plateau, place_of, plateaus_of
from reluflow.plot.table import Layout, Line, active_text, header_row, neuron_row
from reluflow.plot.views.event_page import EventFacts, event_sheet
from reluflow.plot.views.facts import Sheet
from reluflow.plot.views.neuron_page import Facts, neuron_sheet
from reluflow.plot.views.plateau_page import Judgement, PlateauFacts, plateau_sheet
from reluflow.plot.views.sample_page import SampleFacts, sample_sheet
from reluflow.problem import Problem
from reluflow.theory.escape import Bound, Verdict


def page(sheet: Sheet) -> list[Row]:
    return [[Segment(sheet.title, "strong")], *sheet.head, *(sheet.line(i) for i in range(sheet.count))]


def neuron_facts(history: History, problem: Problem, neuron: int, t: float) -> Facts:
    return Facts(
        inspect(history.state_at(t), problem, neuron),
        record_of(history, problem, neuron),
        t,
        drift_of(history, t, neuron, problem.weight_decay),
        problem.speed,
        problem.targets,
        events_of(history.events, neuron=neuron),
    )


@group
def neuron_pages() -> Iterator[Picture]:
    problem = plane()
    history = course(problem, falls())
    for neuron, t, width, glyphs in (
        (0, 20.0, 110, BRAILLE),
        (1, 40.0, 60, BRAILLE),
        (2, 55.0, 80, ASCII),
        (7, 7.0, 72, BLOCK),
        (8, 0.0, 71, BRAILLE),
    ):
        yield (
            f"neuron {neuron}, {width} cells",
            page(neuron_sheet(neuron_facts(history, problem, neuron, t), width, glyphs)),
        )
    quiet = course(problem, falls(), events=False)
    for t in (2.0, 59.9):
        yield (
            f"without events at {t}",
            page(neuron_sheet(neuron_facts(quiet, problem, 5, t), 90, BRAILLE))[:22],
        )
    for name, other in {
        "leaky": plane(slope=0.25),
        "decay": plane(weight_decay=0.21),
        "four coordinates": space(),
    }.items():
        run = course(other, falls())
        yield name, page(neuron_sheet(neuron_facts(run, other, 3, 30.0), 100, BRAILLE))
    labels = plane(loss="logistic")
    for t in (0.0, 4.4):
        yield f"of labels at {t}", page(neuron_sheet(neuron_facts(labelled(), labels, 1, t), 100, BRAILLE))
    held, run = sliding()
    yield "sliding", page(neuron_sheet(neuron_facts(run, held, 0, 0.0), 90, BRAILLE))
    yield "on a kink", page(neuron_sheet(neuron_facts(run, held, 1, 0.0), 90, BRAILLE))


def sample_facts(history: History, problem: Problem, sample: int, t: float) -> SampleFacts:
    roster = Roster(history.state_at(t), problem)
    return SampleFacts(
        sample,
        roster.state,
        problem,
        report_sample(roster, sample),
        record_sample(history, problem, sample),
        events_of(history.events, sample=sample),
    )


@group
def sample_pages() -> Iterator[Picture]:
    problem = plane()
    history = course(problem, falls())
    for sample, t, width, glyphs in ((0, 20.0, 110, BRAILLE), (2, 59.0, 60, ASCII), (3, 40.0, 80, BLOCK)):
        yield (
            f"sample {sample}, {width} cells",
            page(sample_sheet(sample_facts(history, problem, sample, t), width, glyphs)),
        )
    yield (
        "of labels",
        page(sample_sheet(sample_facts(labelled(), plane(loss="logistic"), 1, 4.4), 100, BRAILLE)),
    )
    many = space(5, 7, 8)
    yield (
        "eight coordinates",
        page(sample_sheet(sample_facts(course(many, falls()), many, 6, 50.0), 100, BRAILLE)),
    )
    held, run = sliding()
    yield "sliding", page(sample_sheet(sample_facts(run, held, 0, 0.0), 90, BRAILLE))


@group
def plateau_pages() -> Iterator[Picture]:
    problem, series = plane(), falls()
    history = course(problem, series)
    plateaus, saddles = plateaus_of(series, True), find_saddles(series, True)
    verdict = Verdict("saddle", Bound(0.41, 0.41), 0.37, 1e-9, "a small neuron grows")
    stays = Verdict("undecided", Bound(0.2, 0.4), np.nan, 0.0, "the bounds leave it open")
    judgements = [
        Judgement(verdict, forecast_at(28.1)),
        Judgement(verdict, replace(forecast_at(48.1, 1), sign=-1)),
        Judgement(stays, None, ""),
        Judgement(None, None, "computing ..."),
        Judgement(stays, None, "too many bundles compete"),
    ]
    for number, width, glyphs, judgement in (
        (0, 110, BRAILLE, 0),
        (1, 60, BRAILLE, 1),
        (2, 80, ASCII, 2),
        (1, 100, BLOCK, 3),
        (0, 100, BRAILLE, 4),
    ):
        plateau = plateaus[number]
        state = history.state_at(0.47 * (plateau.begin + (plateau.leave or 60.0)))
        facts = PlateauFacts(plateau, saddles[number], Roster(state, problem), history, judgements[judgement])
        yield f"plateau {number}, {width} cells", page(plateau_sheet(facts, width, glyphs))
    part = {name: column[:74] for name, column in series.items()}
    run = course(line(weight_decay=0.1), part)
    held = plateaus_of(part, False)[-1]
    facts = PlateauFacts(held, None, Roster(run.states[-1], line(weight_decay=0.1)), run, judgements[3])
    yield "not left, decay, one input", page(plateau_sheet(facts, 90, BRAILLE))
    facts = PlateauFacts(plateaus[0], None, Roster(history.state_at(4.0), problem), history, judgements[3])
    yield "without its saddle", page(plateau_sheet(facts, 90, BRAILLE))[:12]
    flat = {**part, "loss": 0.2 + 0.0 * part["loss"], "gradient_norm": 0.0 * part["loss"]}
    even = course(problem, flat)
    facts = PlateauFacts(
        Plateau(1, 0.0, None, None, None, 0.2), None, Roster(even.states[3], problem), even, judgements[3]
    )
    yield "an even loss", page(plateau_sheet(facts, 90, BRAILLE))
    labels = PlateauFacts(
        plateaus[0], saddles[0], Roster(history.state_at(4.0), plane(loss="logistic")), history, judgements[0]
    )
    yield "of labels", page(plateau_sheet(labels, 100, BRAILLE))


@group
def event_pages() -> Iterator[Picture]:
    series = falls()
    plateaus = plateaus_of(series, True)
    for problem, rows, width, glyphs in (
        (plane(), range(9), 90, BRAILLE),
        (plane(loss="logistic"), (1,), 60, ASCII),
        (space(), (3,), 120, BLOCK),
    ):
        history = course(problem, series)
        events = history.events
        for row in rows:
            t, neuron, sample = float(events.t[row]), int(events.neuron[row]), int(events.sample[row])
            own = np.flatnonzero(events.neuron == neuron)
            facts = EventFacts(
                events,
                row,
                events.take(own),
                int(np.searchsorted(own, row)),
                inspect(history.state_at(t), problem, neuron),
                crossing(history, problem, events, row),
                float(problem.targets[sample]) if sample >= 0 else 0.0,
                place_of(plateaus if row else (), t),
                1230 + row,
            )
            yield f"event {row} of {problem.loss}, {width} cells", page(event_sheet(facts, width, glyphs))
    unknown = replace(facts, crossing=Crossing(np.nan, np.inf), place="")
    yield "velocities that are no numbers", page(event_sheet(unknown, 60, BRAILLE))


@group
def table() -> Iterator[Picture]:
    problem = plane()
    held, run = sliding()
    for name, state, of in (
        ("plane", start_of(problem), problem),
        ("sliding", run.states[0], held),
        ("space", start_of(space()), space()),
    ):
        roster = Roster(state, of, Reference("pull") if name == "plane" else None)
        shown = roster.table
        for width, glyphs, sorting in (
            (90, BRAILLE, Sorting("growth")),
            (57, ASCII, Sorting("#", True)),
            (48, BLOCK, Sorting("norm", True)),
            (36, BRAILLE, Sorting("angle")),
            (24, BRAILLE, Sorting("sign")),
        ):
            layout = Layout.of(roster.width, of.samples, width)
            head = header_row(
                layout,
                sorting,
                of.samples,
                shown.angle_meaning if width > 50 else "",
                glyphs,
                name == "plane",
            )
            rows = [
                neuron_row(shown, Line(i, i, f"g{i % 3 + 1} of 3", i == 2), layout, glyphs)
                for i in range(min(roster.width, 9))
            ]
            yield f"{name}, {width} cells of {glyphs.name}", [head, *rows]
    alone = Roster(start_of(problem), problem)
    unknown = alone.some(np.arange(9), growth=False)
    layout = Layout.of(123_456, 30, 70)
    wide = replace(unknown, active=waves(9, 30) > 0.2, sliding=waves(9, 30) < -0.7)
    yield (
        "many samples, no growth",
        [
            header_row(layout, Sorting("state"), 30, "", BRAILLE),
            *(neuron_row(wide, Line(i, 1000 * i, "", False), layout, BRAILLE) for i in range(9)),
        ],
    )
    for width in (70, 80, 100):
        yield (
            f"heads on {width} cells",
            [
                header_row(Layout.of(9, 30, width), Sorting(), 30, meaning, BRAILLE)
                for meaning in ("", "to v*")
            ],
        )
    on, held = waves(12) > 0.3, waves(12) < -0.6
    yield told(
        "marks", {str(width): active_text(on, held, width, BRAILLE) for width in (0, 3, 6, 7, 9, 11, 12, 13)}
    )
