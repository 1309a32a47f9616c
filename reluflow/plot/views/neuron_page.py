"""A page about one neuron: its numbers with the formula behind each, its past and future, its samples."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.events import Events
from reluflow.network import Array
from reluflow.observe.inspection import Inspection, NeuronRecord
from reluflow.plot.axes import short
from reluflow.plot.cells import Role, Row
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.table import norm_text, sign_text
from reluflow.plot.views.chart import Axis, decade_limits, round_limits
from reluflow.plot.views.facts import (
    Picture,
    Sheet,
    columns_head,
    columns_row,
    curves,
    events_about,
    fact,
    sheet,
)

_CONDITIONS: Final = "dead: sees no sample; sliding: the flow holds some z_jk at 0"
_LEAKY_CONDITIONS: Final = "never dead, with a slope; sliding: the flow holds some z_jk at 0"


@dataclass(frozen=True)
class Facts:
    """What a page is made of.

    ``t``: flow time; ``drift`` of a_j^2 - |w_j|^2 since t = 0; ``speed``: c of the stated loss.
    ``targets`` (n,). ``events``: those of this neuron.
    """

    now: Inspection
    past: NeuronRecord
    t: float
    drift: float
    speed: float
    targets: Array
    events: Events

    @property
    def samples(self) -> int:
        """n"""
        return int(self.targets.size)


def neuron_sheet(facts: Facts, width: int, glyphs: Glyphs) -> Sheet:
    """The whole page."""
    title = f"neuron {facts.now.number} at t = {short(facts.t)}"
    head = _head(facts, width, glyphs)
    return sheet(title, head, width, facts.samples, lambda k: _line(facts, k, width, glyphs))


def _head(facts: Facts, width: int, glyphs: Glyphs) -> list[Row]:
    """Everything above the samples."""
    rows = [fact(name, value, formula, role) for name, value, formula, role in _numbers(facts, glyphs)]
    rows += [*_next_events(facts), [], *_pictures(facts, width, glyphs), []]
    last = "residual r_k" if facts.now.force is None else "force g_k"
    return [*rows, columns_head("sample", "active", ("z_jk", "cosine", "target y_k", last), width)]


def _line(facts: Facts, sample: int, width: int, glyphs: Glyphs) -> Row:
    """The line of a sample, numbered from 1."""
    now = facts.now
    on, kink, slides = (bool(part[sample]) for part in (now.active, now.on_kink, now.sliding))
    mark = glyphs.active if on else glyphs.sliding if slides else glyphs.inactive
    word = "slides" if slides else "kink" if kink else "on" if on else "off"
    last = now.residual if now.force is None else now.force
    columns = (now.preactivations, now.cosine, facts.targets, last)
    numbers = [short(float(column[sample])) for column in columns]
    role: Role = "level" if kink else "ray" if on else "dim"
    return columns_row(sample + 1, mark, word, role, numbers, width)


def _numbers(facts: Facts, glyphs: Glyphs) -> list[tuple[str, str, str, Role]]:
    """(name, value, formula, role of the value)."""
    now = facts.now
    sign, role = sign_text(now.sign, glyphs)
    c, force = f"{facts.speed:g}", "r" if now.force is None else "g"
    angle = f"{now.angle:.3f}{glyphs.degree}" if math.isfinite(now.angle) else "-"
    direction = (
        "atan2(w_j2, w_j1)" if now.angle_meaning == "of the direction" else f"of w_j {now.angle_meaning}"
    )
    active = f"{int(now.active.sum())} of {now.active.size}"
    decays = now.decay > 0.0
    conserved = "falls like exp(-2 lambda t)" if decays else "the flow conserves"
    drift = "delta_j(t) - delta_j(0)" + (" exp(-2 lambda t)" if decays else "")
    less = f" - {now.decay:g}" if decays else ""
    leak = f", A_jk = {now.slope:g} where inactive" if now.slope > 0.0 else ""
    return [
        ("sign", sign, "s_j = sign of a_j", role),
        ("state", now.condition, _CONDITIONS if now.slope == 0.0 else _LEAKY_CONDITIONS, "text"),
        ("norm", norm_text(now.log10_norm), "|w_j|", "text"),
        ("output weight", short(now.output_weight), "a_j", "text"),
        ("imbalance", short(now.imbalance), f"delta_j = a_j^2 - |w_j|^2, which {conserved}", "text"),
        ("its drift", short(facts.drift), f"{drift}, in recorded states", "text"),
        ("angle", angle, direction, "text"),
        ("active", active, "samples with z_jk = <w_j, x_k> > 0", "ray"),
        ("pull", short(now.pull), f"|D_j|, D_j = -({c}/n) sum_k A_jk {force}_k x_k{leak}", "text"),
        ("growth rate", short(now.growth), f"s_j <u_j, D_j>{less}, u_j = w_j / |w_j|", "text"),
        ("growth of |w|", short(now.norm_rate), f"d ln|w_j|/dt = (a_j / |w_j|) <u_j, D_j>{less}", "text"),
        ("rotation", short(now.rotation), "|du_j/dt| = |a_j / w_j| |D_j - <u_j, D_j> u_j|, rad", "text"),
    ]


def _next_events(facts: Facts) -> list[Row]:
    """What happens to the neuron next and what did last: from the log, else as recorded states tell."""
    events = facts.events
    if len(events):
        return events_about(events, facts.t)
    change = facts.past.next_change(facts.t)
    if change is None:
        return [fact("next change", "none", "of activation, in what is recorded", "text")]
    t, sample, on = change
    what = f"sample {sample + 1} {'on' if on else 'off'}"
    return [fact("next change", what, f"by t = {short(t)}", "text")]


def _pictures(facts: Facts, width: int, glyphs: Glyphs) -> list[Row]:
    past = facts.past
    norm, angle = Axis(decade_limits(past.log10_norm), "log"), Axis(_angles(past.angle))
    pictures = [
        Picture("norm over time", past.t, past.log10_norm, norm),
        Picture("angle over time, degrees", past.t, past.angle, angle),
    ]
    return curves(pictures, facts.t, width, glyphs, facts.now.force is not None)


def _angles(angle: Array) -> tuple[float, float]:
    known = angle[np.isfinite(angle)]
    if known.size == 0:
        return 0.0, 1.0
    # half a degree at least, so that rounding is not shown as motion
    return round_limits(np.concatenate([known, [known[-1] - 0.25, known[-1] + 0.25]]))
