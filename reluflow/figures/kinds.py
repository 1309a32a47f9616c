"""The kinds of figures that ``reluflow plot`` makes, each composed from the functions of this package."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from reluflow.errors import ReluflowError
from reluflow.figures.angle_lines import angles
from reluflow.figures.choices import USUAL, Choices
from reluflow.figures.compass import directions
from reluflow.figures.departure_lines import departures
from reluflow.figures.fields import field
from reluflow.figures.functions import function
from reluflow.figures.look import HEIGHT, ROW, WIDTH, sized
from reluflow.figures.loss_lines import loss
from reluflow.figures.margin_lines import margins
from reluflow.figures.neuron_lines import norms, turning
from reluflow.figures.scales import rows_above
from reluflow.figures.spectra import eigen, explained, spectrum
from reluflow.figures.tables import TABLE_WIDTH, verification
from reluflow.store.run_record import Curve, RunRecord


def figure(kind: str, runs: Sequence[RunRecord], choices: Choices = USUAL) -> Figure:
    """A figure of the given kind, one of ``KINDS``, in the present style (see ``look``).

    Raises ReluflowError for a kind that there is none of, and for several runs where only one can be shown.
    """
    if kind not in KINDS:
        raise ReluflowError(f"--kind {kind}: there is no such kind; expected one of {', '.join(KINDS)}")
    if kind != "loss" and len(runs) != 1:
        raise ReluflowError(f"--kind {kind}: found {len(runs)} runs; expected one, several only for loss")
    # what overflows of weights near the largest that a run keeps is not drawn
    with np.errstate(over="ignore", invalid="ignore"):
        made = KINDS[kind](runs, choices)
    if choices.title:
        made.suptitle(choices.title)
    if choices.size is not None:
        made.set_size_inches(choices.size)
    return made


def _empty(height: float = HEIGHT, width: float = WIDTH) -> Figure:
    return Figure(figsize=sized(width, height), layout="constrained")


def curves(runs: Sequence[Curve], choices: Choices) -> Figure:
    """The losses of several runs, of which no more than the curves need be there; of one, as ``figure``."""
    made = _empty()
    axes = made.subplots()
    loss(axes, runs, choices.clock, log=choices.log, theory=choices.theory, at=choices.at)
    made.set_size_inches(sized(WIDTH, HEIGHT + ROW * rows_above(axes)))
    return made


def _neurons(runs: Sequence[RunRecord], choices: Choices) -> Figure:
    made = _empty(1.55 * HEIGHT)
    above, below = made.subplots(2, sharex=True)
    norms(above, runs[0], choices.clock)
    turning(below, runs[0], choices.clock)
    above.set_xlabel("")
    below.get_legend().remove()
    return made


def _directions(runs: Sequence[RunRecord], choices: Choices) -> Figure:
    made = _empty(0.92 * WIDTH, 0.92 * WIDTH)
    directions(made.subplots(), runs[0], choices.at)
    return made


def _function(runs: Sequence[RunRecord], choices: Choices) -> Figure:
    made = _empty(1.1 * HEIGHT)
    function(made.subplots(), runs[0], choices.at)
    return made


def _spectrum(runs: Sequence[RunRecord], choices: Choices) -> Figure:
    made = _empty(1.55 * HEIGHT)
    above, below = made.subplots(2, sharex=True)
    spectrum(above, runs[0], choices.clock)
    explained(below, runs[0], choices.clock)
    above.set_xlabel("")
    return made


def _eigen(runs: Sequence[RunRecord], choices: Choices) -> Figure:
    made = _empty()
    eigen(made.subplots(), runs[0], choices.clock)
    return made


def _angles(runs: Sequence[RunRecord], choices: Choices) -> Figure:
    made = _empty()
    angles(made.subplots(), runs[0], choices.clock)
    return made


def _field(runs: Sequence[RunRecord], choices: Choices) -> Figure:
    made = _empty()
    field(made.subplots(), runs[0], choices.at, choices.circle)
    return made


def _margins(runs: Sequence[RunRecord], choices: Choices) -> Figure:
    made = _empty()
    margins(made.subplots(), runs[0], choices.clock)
    return made


def _departure(runs: Sequence[RunRecord], choices: Choices) -> Figure:
    made = _empty()
    departures(made.subplots(), runs[0], choices.clock)
    return made


def _verify(runs: Sequence[RunRecord], _: Choices) -> Figure:
    made = Figure(figsize=sized(TABLE_WIDTH, HEIGHT, "font.size"), layout="constrained")
    lines = verification(made.subplots(), runs[0], made.get_figwidth())
    made.set_size_inches(sized(TABLE_WIDTH, 0.17 * (lines + 2), "font.size"))
    return made


KINDS: Final[dict[str, Callable[[Sequence[RunRecord], Choices], Figure]]] = {
    "loss": curves,
    "neurons": _neurons,
    "directions": _directions,
    "function": _function,
    "spectrum": _spectrum,
    "eigen": _eigen,
    "angles": _angles,
    "field": _field,
    "margins": _margins,
    "departure": _departure,
    "verify": _verify,
}
