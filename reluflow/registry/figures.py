"""The kinds of figures that ``reluflow plot`` makes, with what each shows; drawing them needs matplotlib."""

from collections.abc import Mapping
from typing import Final, Literal

#: time as it is, its logarithm, or time over ln(1/scale)
Clock = Literal["time", "log", "scaled"]
#: what the clocks are called on the command line
CLOCKS: Final[Mapping[str, Clock]] = {"linear": "time", "log": "log", "scaled": "scaled"}
#: What is shown, by kind. All but sweep are of a run: ``reluflow.figures.kinds`` draws them.
FIGURES: Final[Mapping[str, str]] = {
    "loss": "the loss over time: of one run with its plateaus S1, S2, ... and circles at the escapes that "
    "theory predicts from its start (on data of no special setting the first alone, when three quarters "
    "are done of what the first neurons to grow take away), and where they are recorded the loss on "
    "held-out samples and the objective; of several runs a line each",
    "neurons": "|w_j| and the direction of each neuron over time, by the sign of a_j, without those that "
    "see no sample at the start",
    "directions": "each neuron at its angle, the larger the further out, where two coordinates do not "
    "hold all in the plane that holds most; the lines are the ways from the start, the crosses samples",
    "function": "of inputs with one coordinate h(x), the samples and a star at each neuron's kink, a_j "
    "|w_j| high; of two coordinates a map of h with level lines",
    "spectrum": "the largest singular values of the hidden weights, and the share of |W|^2 that the first "
    "1, 2, ... of them explain, over time",
    "eigen": "what is left to learn, |v* - v| along each eigenvector of X'X, over time: v is the sum of "
    "a_j w_j over the neurons with a_j > 0 that see a sample at the start, v* the teacher or else the "
    "best linear fit",
    "angles": "angles over time: the largest and the mean between neurons of one sign that see a sample "
    "at the start, and from v, as in eigen, to the teacher and to gamma = X'y, where small neurons are "
    "drawn first",
    "field": "the growth rate of a small neuron over its direction, a curve for each sign, diamonds at "
    "its extremal directions, dotted lines at the kinks of samples, and the neurons where they are",
    "margins": "for labels: the normalised margin, smoothed and not, and the accuracy, over time",
    "departure": "how far tangent kernel, activations and parameters have gone from the start, over time: "
    "what tells rich training from lazy",
    "verify": "the predictions of the theory beside what the run measures, as a table",
    "sweep": "of a sweep's folder: the median of a number with quartiles over what is varied, a map, or a "
    "table",
}
