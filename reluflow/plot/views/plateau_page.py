"""A page about one plateau: its level and times, what holds the network there, and how it leaves."""

from dataclasses import dataclass

import numpy as np

from reluflow.errors import counted
from reluflow.network import Array
from reluflow.observe.clusters import Clusters
from reluflow.observe.corners import effective_width
from reluflow.observe.history import History
from reluflow.observe.neurons import CONDITIONS
from reluflow.observe.plateaus import Saddle
from reluflow.observe.roster import Roster
from reluflow.plot.axes import short
from reluflow.plot.cells import Row, Segment, fit
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.phases import Plateau
from reluflow.plot.settings import PAGE, PHASES
from reluflow.plot.table import NET_GROWTH, growth_text, norm_text, sign_text
from reluflow.plot.views.chart import Axis, decade_limits, round_limits
from reluflow.plot.views.facts import Picture, Sheet, curves, fact, remark, sheet
from reluflow.plot.views.norms import log10_norms
from reluflow.theory.escape import Verdict
from reluflow.theory.forecast import Forecast


@dataclass(frozen=True)
class Judgement:
    """What the theory says of a state on a plateau; ``sentence``: why there is no verdict, or no forecast."""

    verdict: Verdict | None
    forecast: Forecast | None
    sentence: str = ""


@dataclass(frozen=True)
class PlateauFacts:
    """What the page is made of. ``roster``: the state looked at, on the plateau; ``loss`` of it."""

    plateau: Plateau
    saddle: Saddle | None
    roster: Roster
    history: History
    judgement: Judgement


def plateau_sheet(facts: PlateauFacts, width: int, glyphs: Glyphs) -> Sheet:
    """The whole page; below the head, a line a cluster of neurons."""
    roster = facts.roster
    head = [*_times(facts.plateau, facts.saddle), *_theory(facts), *_neurons(roster), []]
    head += [*_pictures(facts, width, glyphs), []]
    growth = NET_GROWTH if roster.problem.weight_decay else "growth"
    head.append(
        [Segment(f"{'group':>7}  {'neurons':>8}{'heaviest':>10}{'|w|':>11}{growth:>10}  state", "axis")]
    )
    clusters = roster.clusters
    title = f"plateau {facts.plateau.name}, at t = {short(roster.state.t)}"
    return sheet(
        title, head, width, int(clusters.lead.size), lambda i: _line(roster, clusters, i, width, glyphs)
    )


def _times(plateau: Plateau, saddle: Saddle | None) -> list[Row]:
    share = f"{100.0 * PHASES.edge:.0f} %"
    rows = [
        fact("loss", short(plateau.loss), "in the middle of the time spent about it", "level"),
        fact("begins", f"t = {short(plateau.begin)}", f"{share} of the fall to it are left"),
    ]
    if plateau.leave is None or plateau.escape is None or plateau.arrive is None:
        return [*rows, fact("left", "not yet", "in what is recorded")]
    rows += [
        fact("left", f"t = {short(plateau.leave)}", f"{share} of the next fall are done"),
        fact(
            "escape",
            f"t = {short(plateau.escape)}",
            "three quarters of it: the group has half its final mass",
        ),
        fact("next reached", f"t = {short(plateau.arrive)}", f"all of it but {share}"),
        fact("held for", short(plateau.leave - plateau.begin), "flow time from begins to left"),
    ]
    if saddle is not None and saddle.escape_rate is not None:
        rows.append(
            fact(
                "escape rate",
                short(saddle.escape_rate),
                "half the slope of ln(u / (u_end - u)), u the group's mass",
            )
        )
    return rows


def _theory(facts: PlateauFacts) -> list[Row]:
    judgement = facts.judgement
    if judgement.verdict is None:
        return [remark("theory", judgement.sentence)]
    verdict, found = judgement.verdict, judgement.forecast
    rows = [
        fact("what it is", verdict.kind, verdict.reason, "strong"),
        fact(
            "Gamma_all",
            str(verdict.gamma_all),
            "max over |w| = 1 of |G_r(w)|, G_r(w) = (1/n) sum_k (y_k - h_k) relu(<w, x_k>)",
        ),
        fact(
            "Gamma_available",
            short(verdict.gamma_available),
            "the largest of them that a live small neuron flows to",
        ),
    ]
    if found is None:
        return [*rows, fact("next escape", "none foreseen", judgement.sentence or "no small neuron grows")]
    return [
        *rows,
        fact(
            "next escape",
            f"t = {short(found.time)}",
            "t + ln(u*/u_0) / (2 gamma), with the rivals' pull",
            "forecast",
        ),
        fact(
            "its rate",
            short(found.rate),
            f"gamma = s G_r(w), of {counted(found.neurons.size, 'neuron')} with a "
            f"{'>' if found.sign > 0 else '<'} 0",
        ),
        fact(
            "its mass",
            short(found.mass),
            "u* = n gamma / sum_k relu(<w, x_k>)^2, when it has fitted what it sees",
        ),
    ]


def _neurons(roster: Roster) -> list[Row]:
    condition = roster.table.condition
    counts = [int((condition == code).sum()) for code in range(len(CONDITIONS))]
    words = ", ".join(f"{count} {word}" for count, word in zip(counts, CONDITIONS, strict=True))
    rows = [fact("neurons", str(roster.width), words)]
    corners = effective_width(roster.state, roster.problem)
    if corners is not None:
        meaning = "the effective width: between the smallest and largest input"
        rows.append(fact("corners of h", str(corners), meaning))
    return rows


def _pictures(facts: PlateauFacts, width: int, glyphs: Glyphs) -> list[Row]:
    series = facts.history.series
    t, loss, slope = series["t"], np.maximum(series["loss"], 1e-300), series["gradient_norm"]
    near = t <= _until(facts)
    logs, slopes = np.log10(loss[near]), np.log10(np.maximum(slope[near], 1e-300))
    steep = decade_limits(slopes, PAGE.gradient_decades)
    pictures = [
        Picture("loss over time, log", t[near], logs, Axis(_limits(logs), "log")),
        Picture("size of the gradient, log", t[near], slopes, Axis(steep, "log")),
    ]
    return curves(pictures, facts.roster.state.t, width, glyphs, facts.roster.problem.of_labels)


def _until(facts: PlateauFacts) -> float:
    plateau = facts.plateau
    end = plateau.arrive if plateau.arrive is not None else facts.history.end
    return min(1.2 * end, facts.history.end)


def _limits(logs: Array) -> tuple[float, float]:
    limits = decade_limits(logs, PAGE.loss_decades)
    return limits if limits[1] - limits[0] > 1.0 else round_limits(logs)


def _line(roster: Roster, clusters: Clusters, cluster: int, width: int, glyphs: Glyphs) -> Row:
    lead, table = int(clusters.lead[cluster]), roster.table
    sign, role = sign_text(int(table.sign[lead]), glyphs)
    norm = norm_text(float(log10_norms(roster.state.weights[[lead]])[0]))
    return fit(
        [
            Segment(f"{cluster + 1:>7}  ", "dim"),
            Segment(f"{int(clusters.size[cluster]):>6} {sign[0]}", role),
            Segment(f"{lead:>10}{norm:>11}{growth_text(float(table.growth[lead])):>10}", "text"),
            Segment(f"  {CONDITIONS[int(table.condition[lead])]}", "text"),
        ],
        width,
    )
