"""What the papers predict, from a problem alone; nothing here sees a run except through ``Prediction``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reluflow.registry import Entry, Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from reluflow.problem import Problem
    from reluflow.theory.prediction import Prediction


@dataclass(frozen=True)
class Chapter(Entry):
    """Predictions that belong together. ``home``: the function that makes all of them for a problem.

    ``rows``: what each of them says in one line, by its id, in the order in which they are made.
    """

    rows: Mapping[str, str]


#: Every prediction, in the order of the table.
CHAPTERS: "Final[Registry[Chapter, Callable[[Problem], list[Prediction]]]]" = Registry(
    {
        "orthogonal": Chapter(
            "reluflow.theory.orthogonal:predictions",
            "pairwise orthogonal inputs",
            {
                "orthogonal/first-escape-leading": "leading time of the first escape, ln(1/scale)/|D|",
                "orthogonal/second-escape-leading": "the same of the second",
                "orthogonal/first-escape": "time of the first escape at the scale of the start",
                "orthogonal/second-escape": "the same of the second",
                "orthogonal/saddle-loss": "loss on the plateau between the two",
                "orthogonal/least-norm": "the final variation norm is the least that fits",
                "orthogonal/final-direction": "where the neurons of each sign point in the end",
                "orthogonal/final-loss": "loss in the end: that of the samples that no neuron sees",
                "orthogonal/fit": "how many samples are fitted, and how probable it is that all are",
                "orthogonal/final-norm": "the final variation norm is that of the limit process",
                "orthogonal/final-rate": "rate at which ln(loss) falls in the end",
            },
        ),
        "correlated": Chapter(
            "reluflow.theory.correlated:predictions",
            "one neuron as teacher and correlated inputs",
            {
                "correlated/live": "how many neurons see some sample in the end",
                "correlated/minus-die": "neurons with a < 0 end seeing no sample, and do not grow",
                "correlated/one-way": "neurons with a > 0 only gain samples, those with a < 0 only lose them",
                "correlated/half-time": "time at which half of the loss is left",
                "correlated/loss-curve": "the loss is that of one bundle, down to 1e-6 of the first",
                "correlated/turn-order": "the bundle turns along one eigenvector after another",
                "correlated/final-rate": "rate at which ln(loss) falls in the end",
                "correlated/widest-angle": "largest angle between live neurons in the end",
                "correlated/nuclear-norm": "nuclear norm of the hidden weights in the end",
                "correlated/parameter-norm": "|theta|^2 in the end",
                "correlated/least-norm": "whether the rank-one network has the least norm that fits",
            },
        ),
        "symmetric": Chapter(
            "reluflow.theory.symmetric:predictions",
            "symmetric data: x beside -x with targets y and -y",
            {
                "symmetric/loss-curve": "the loss is that of two bundles that grow to the best line",
                "symmetric/half-time": "time at which the loss has come half the way to that of the line",
                "symmetric/final-rate": "rate at which ln(loss) falls in the end",
                "symmetric/end": "the network ends as the best line",
            },
        ),
        "lazy": Chapter(
            "reluflow.theory.lazy:predictions",
            "a start so large that the network moves as if it were linear in its parameters",
            {
                "lazy/loss-curve": "the loss is that of the tangent kernel at the start",
                "lazy/kernel-change": "the tangent kernel hardly changes",
                "lazy/final-function": "the function ends as the kernel's interpolant from the first one",
            },
        ),
        "minimum-norm": Chapter(
            "reluflow.theory.minimum_norm:predictions",
            "the least variation norm that fits, on small data",
            {
                "minimum-norm/bound": "no network that fits has a norm below the certified least one",
                "minimum-norm/corners": "with one input, corners of a fit of least norm, against those",
            },
        ),
        "general": Chapter(
            "reluflow.theory.general:predictions",
            "any data",
            {
                "general/sign-flips": "no output weight changes its sign, where |a_j| >= |w_j|",
                "general/out-of-reach": "the loss that is left where output weights have one sign for ever",
                "general/conservation": "a_j^2 - |w_j|^2 does not change",
                "general/pair-law": "a_i a_j - <w_i, w_j> stays while two neurons see the same samples",
                "early/aligned": "how many neurons have aligned before the first escape",
                "early/sign-changes": "how many output weights have changed their sign by then",
                "general/first-escape": "time of the first escape from a small start",
                "general/rest": "where a run comes to rest no live small neuron can grow",
                "general/perturbations": "no small random change lowers the loss of a spurious local minimum",
                "general/two-piece": "past a number of samples the end is a least-squares fit of two pieces",
            },
        ),
        "labels": Chapter(
            "reluflow.theory.labels:predictions",
            "classification, with labels +1 and -1",
            {
                "labels/smoothed-margin": "the smoothed margin never falls once the data are fitted",
                "labels/alignment-time": "when every neuron has come to see one class alone, or nothing",
                "labels/one-class": "every live neuron sees exactly one class",
                "labels/loss-rate": "the loss falls at least like 1/t",
                "labels/stable-rank": "the stable rank of the hidden weights is at most 2",
                "labels/bundle-direction": "neurons point where one bundle a sign does",
                "labels/max-margin-angle": "the angle to the largest margin falls like 1/ln(1/L)",
                "labels/max-margin": "the margin stays below that of the best linear classifier",
                "labels/rank": "the hidden weights come to rank two or less",
            },
        ),
        "decay": Chapter(
            "reluflow.theory.decay_rows:predictions",
            "weight decay",
            {
                "decay/imbalance": "a_j^2 - |w_j|^2 falls like exp(-2 lambda t)",
                "decay/balance-of-rates": "|D_j| = lambda for every neuron that is left at rest",
                "decay/optimum": "the objective at rest, against the certified best one of any width",
            },
        ),
        "limit": Chapter(
            "reluflow.theory.limit:predictions",
            "the limit of vanishing scale, for any inputs that are not orthogonal",
            {
                "limit/first-escape": "time of the first escape, T ln(1/scale) + c",
                "limit/second-escape": "the same of the second",
                "limit/third-escape": "the same of the third",
                "limit/plateaus": "losses on the plateaus between escapes",
                "limit/final-loss": "loss in the end",
                "limit/final-norm": "variation norm in the end",
            },
        ),
    }
)
#: What every prediction says, by its id.
PREDICTIONS: Final[Mapping[str, str]] = {
    id: help for chapter in CHAPTERS.rows.values() for id, help in chapter.rows.items()
}


#: Chapters that hold for every loss, and what of them does not.
OF_ANY_LOSS: Final = ("general", "labels", "decay")
#: The chapter about weight decay, which is the one that holds with it.
WITH_DECAY: Final = "decay"
OF_SQUARES: Final = ("general/out-of-reach", "general/two-piece")


def all_predictions(problem: "Problem") -> "list[Prediction]":
    """Every prediction there is for a problem, also those that say why they do not apply."""
    return [row for name, chapter in CHAPTERS.rows.items() for row in _rows(name, chapter, problem)]


def _rows(name: str, chapter: Chapter, problem: "Problem") -> "list[Prediction]":
    """Those of a chapter; where it is about other flows or losses, they say so and are not computed."""
    from reluflow.theory.prediction import not_computed

    if problem.weight_decay and name != WITH_DECAY:
        other = "it speaks of the flow without weight decay"
        return [not_computed(id, statement, other) for id, statement in chapter.rows.items()]
    if not problem.of_labels:
        return CHAPTERS[name](problem)
    square = f"it speaks of the square loss, not of the {problem.loss} one"
    if name not in OF_ANY_LOSS:
        return [not_computed(id, statement, square) for id, statement in chapter.rows.items()]
    return [row.not_applying(square) if row.id in OF_SQUARES else row for row in CHAPTERS[name](problem)]
