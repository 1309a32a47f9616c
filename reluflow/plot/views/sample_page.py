"""A page about one sample: what the network says of it, its past and future, the neurons that see it."""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.base import State
from reluflow.flow.events import Events
from reluflow.observe.samples import SampleRecord, SampleReport
from reluflow.plot.axes import short
from reluflow.plot.cells import Row
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.settings import PAGE
from reluflow.plot.table import norm_text, sign_text
from reluflow.plot.views.chart import Axis, round_limits
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
from reluflow.plot.views.norms import log10_norms
from reluflow.problem import Problem


@dataclass(frozen=True)
class SampleFacts:
    """What the page is made of; ``sample`` counts from 0. ``events``: those on this sample."""

    sample: int
    state: State
    problem: Problem
    now: SampleReport
    past: SampleRecord
    events: Events


def sample_sheet(facts: SampleFacts, width: int, glyphs: Glyphs) -> Sheet:
    """The whole page; below the head, a line a neuron that sees the sample or slides on it."""
    now, t = facts.now, facts.state.t
    head = [*_numbers(facts), *events_about(facts.events, t), [], *_pictures(facts, width, glyphs), []]
    head.append(columns_head("neuron", "state", ("|w_j|", "z_jk", "a_j relu(z)"), width))
    listed = np.flatnonzero(now.active | now.sliding)
    listed = listed[np.argsort(-np.abs(now.contribution[listed]), kind="stable")]
    title = f"sample {facts.sample + 1} at t = {short(t)}"
    return sheet(title, head, width, int(listed.size), lambda i: _line(facts, int(listed[i]), width, glyphs))


def _numbers(facts: SampleFacts) -> list[Row]:
    now, problem = facts.now, facts.problem
    x = problem.inputs[facts.sample]
    shown = ", ".join(short(float(f"{value:.4g}")) for value in x[: PAGE.coordinates])
    more = f", ... ({x.size} coordinates)" if x.size > PAGE.coordinates else ""
    positive = now.active & (facts.state.output_weights > 0.0)
    n = problem.samples
    return [
        fact("length", short(now.length), f"|x_k|, x_k = ({shown}{more})"),
        fact("target", short(float(problem.targets[facts.sample])), "y_k"),
        fact("prediction", short(now.prediction), "h(x_k) = sum_j a_j relu(z_jk), z_jk = <w_j, x_k>"),
        *_of_labels(facts),
        fact("residual", short(now.residual), "r_k = h(x_k) - y_k"),
        fact(
            "share of loss",
            f"{100.0 * now.share:.2f} %",
            "l(y_k h_k) / sum_l l(y_l h_l)" if problem.of_labels else "r_k^2 / sum_l r_l^2",
        ),
        fact(
            "pull",
            short(problem.speed / n * abs(now.force) * now.length),
            f"its part of |D_j|: (c/n) |{'g' if problem.of_labels else 'r'}_k| |x_k|",
        ),
        fact(
            "seen by",
            f"{int(now.active.sum())} of {now.active.size}",
            f"neurons with z_jk > 0, {int(positive.sum())} of them with a_j > 0",
            "ray",
        ),
        fact(
            "slid along by", f"{int(now.sliding.sum())}", "neurons that the flow holds at z_jk = 0", "level"
        ),
    ]


def _of_labels(facts: SampleFacts) -> list[Row]:
    if not facts.problem.of_labels:
        return []
    now, label = facts.now, float(facts.problem.targets[facts.sample])
    return [
        fact("margin", short(label * now.prediction), "y_k h(x_k), above zero where the sample is right"),
        fact("force", short(now.force), f"g_k = d l / d h(x_k) of the {facts.problem.loss} loss"),
    ]


def _pictures(facts: SampleFacts, width: int, glyphs: Glyphs) -> list[Row]:
    past, y = facts.past, float(facts.problem.targets[facts.sample])
    residual = past.prediction - y
    pictures = [
        Picture(
            "prediction over time", past.t, past.prediction, Axis(round_limits(np.append(past.prediction, y)))
        ),
        Picture("residual over time", past.t, residual, Axis(round_limits(np.append(residual, 0.0)))),
    ]
    return curves(pictures, facts.state.t, width, glyphs, facts.problem.of_labels)


def _line(facts: SampleFacts, neuron: int, width: int, glyphs: Glyphs) -> Row:
    now, state = facts.now, facts.state
    sign, role = sign_text(int(np.sign(state.output_weights[neuron])), glyphs)
    norm = norm_text(float(log10_norms(state.weights[[neuron]])[0]))
    numbers = (norm, short(float(now.preactivation[neuron])), short(float(now.contribution[neuron])))
    return columns_row(neuron, sign[0], "slides" if now.sliding[neuron] else "on", role, numbers, width)
