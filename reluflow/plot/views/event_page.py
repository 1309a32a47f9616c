"""A page about one event: what happened, why, and what else happens to that neuron."""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.events import Change, Events
from reluflow.observe.crossings import Crossing
from reluflow.observe.inspection import Inspection
from reluflow.plot.axes import short
from reluflow.plot.cells import Row, Segment, fit
from reluflow.plot.event_words import event_text
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.table import norm_text, sign_text
from reluflow.plot.views.facts import Sheet, event_fact, fact, remark, sheet

_RULES = {
    Change.ENTER: "both velocities are above 0: the sample goes on",
    Change.EXIT: "both velocities are below 0: the sample goes off",
    Change.SLIDE: "up below the kink and down above it: the neuron is held at z_jk = 0",
    Change.RELEASE_ON: "it is driven up from both sides now: the sample goes on",
    Change.RELEASE_OFF: "it is driven down from both sides now: the sample goes off",
    Change.DIE: "the last sample that it saw goes off: nothing moves it any more",
    Change.FLIP: "a_j passes 0, which |a_j| < |w_j| allows",
    Change.CHOICE: "several solutions go on from here; which one descent nears depends on its rate",
}


@dataclass(frozen=True)
class EventFacts:
    """What the page is made of: row ``row`` of ``events``, ``own`` are its neuron's, ``place`` in the run."""

    events: Events
    row: int
    own: Events
    own_row: int
    neuron: Inspection
    crossing: Crossing
    target: float
    place: str
    step: int


def event_sheet(facts: EventFacts, width: int, glyphs: Glyphs) -> Sheet:
    """The whole page; below the head, all events of the same neuron."""
    head = [*_numbers(facts, glyphs), []]
    which = f"all {len(facts.own)} events" if len(facts.own) > 1 else "the only event"
    head.append([Segment(f" {which} of neuron {facts.neuron.number}", "strong")])
    title = f"event {facts.row + 1:,} of {len(facts.events):,}"
    return sheet(title, head, width, len(facts.own), lambda i: _line(facts, i, width))


def _numbers(facts: EventFacts, glyphs: Glyphs) -> list[Row]:
    events, row, now = facts.events, facts.row, facts.neuron
    kind = Change(int(events.kind[row]))
    sample = int(events.sample[row])
    rows = [
        fact(
            "time",
            f"t = {short(float(events.t[row]))}",
            f"{facts.place or 'in the run'}, step {facts.step:,}",
            "strong",
        ),
        fact("what", kind.name.lower().replace("_", " "), event_text(events, row), "strong"),
        remark("why", _RULES[kind]),
    ]
    if sample >= 0:
        v, force = facts.crossing, "r" if now.force is None else "g"
        rows += [
            fact("below the kink", _speed(v.below), "v_off = a_j <x_k, D_j>, the sample left out of D_j"),
            fact("above the kink", _speed(v.above), f"v_on = v_off - a_j (c/n) {force}_k |x_k|^2"),
            fact(
                "residual",
                short(float(now.residual[sample])),
                f"r_k = h(x_k) - y_k, y_k = {short(facts.target)}",
            ),
        ]
        if now.force is not None:
            rows.append(fact("force", short(float(now.force[sample])), "g_k = d l / d h(x_k)"))
    return [
        *rows,
        fact("sign", sign_text(now.sign, glyphs)[0], f"of a_j = {short(now.output_weight)}"),
        fact("norm", norm_text(now.log10_norm), "|w_j|"),
        fact("sees then", f"{int(now.active.sum())} of {now.active.size}", "samples with z_jk > 0", "ray"),
        event_fact(
            "next event", facts.own, facts.own_row + 1 if facts.own_row + 1 < len(facts.own) else None
        ),
    ]


def _speed(value: float) -> str:
    return ("+" if 0.0 < value < np.inf else "") + short(float(f"{value:.3g}"))


def _line(facts: EventFacts, i: int, width: int) -> Row:
    here = i == facts.own_row
    text = f" t = {short(float(facts.own.t[i])):<12} {event_text(facts.own, i)}"
    return fit([Segment(text.ljust(width) if here else text, "cursor" if here else "text")], width)
