"""What the theory says of a point without a run: escapes, end and norm of the limit, probability of a fit."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from reluflow.network import log_variation_norm
from reluflow.problem import Problem
from reluflow.store.preset import Preset
from reluflow.theory.jump_process import sharp_process
from reluflow.theory.limit_process import general_limit
from reluflow.theory.orthogonal_assumptions import ASSUMED
from reluflow.theory.orthogonal_fit import fit_probability
from reluflow.theory.orthogonal_formulas import least_orthogonal

#: More pairs of a neuron and a sample than this are not followed to the limit, unless data are orthogonal.
MOST_PAIRS: Final = 200_000
#: A limit that ends below this share of its first loss fits.
FITS: Final = 1e-9
#: Starts on which a sample is seen by a random neuron, of a random sign, with probability 1/2.
_RANDOM: Final = ("balanced", "dominated")


@dataclass(frozen=True)
class Predicted:
    """``escapes``: flow times at the scale of the start. ``loss`` and ``norm``: of the limit's end.

    ``starts_at``: its first loss, stated as the problem's. ``fit_probability``: of a random start on these
    data; None where it is not known. ``setting``: which theory it is.
    """

    escapes: tuple[float, ...]
    loss: float
    norm: float
    starts_at: float
    fit_probability: float | None
    setting: str

    @property
    def fits(self) -> bool:
        """Whether the limit ends at a fit."""
        return self.loss <= FITS * self.starts_at

    def row(self) -> dict[str, Any]:
        """The cells of a row, by name."""
        return {
            "status": "predicted",
            "reason": self.setting,
            "success": self.fits,
            "loss": self.loss,
            "variation_norm": self.norm,
            "saddles": len(self.escapes),
            "escape_times": ";".join(map(repr, self.escapes)),
            "fit_probability": self.fit_probability,
        }


def predict(preset: Preset, problem: Problem | None = None) -> Predicted | str:
    """The prediction for a preset, or why there is none. Raises what building its problem raises."""
    problem = preset.problem() if problem is None else problem
    if problem.slope != 0.0:
        return "the limit is known for the ReLU only, not for a slope below zero"
    if problem.of_labels:
        return f"the limit is known for the square loss only, not for {problem.loss}"
    if problem.weight_decay != 0.0:
        return "the limit is known without weight decay only"
    if abs(least_orthogonal(problem.inputs)[0]) <= ASSUMED.orthogonal:
        return _orthogonal(preset, problem)
    if problem.width * problem.samples > MOST_PAIRS:
        return f"{problem.width} neurons on {problem.samples} samples are too many for the limit process"
    return _general(problem)


def _orthogonal(preset: Preset, problem: Problem) -> Predicted:
    """The jumps at the scale of the start, and the probability of a fit."""
    process = sharp_process(problem.inputs, problem.targets, problem.weights, problem.output_weights)
    probability = None
    if preset.values["init.kind"] in _RANDOM and not preset.values.get("init.paired"):
        signs = [int(np.count_nonzero(sign * problem.targets > 0.0)) for sign in (1, -1)]
        probability = fit_probability(problem.width, *signs)
    factor = problem.speed
    return Predicted(
        tuple(float(jump.time) / problem.speed for jump in process.jumps),
        factor * process.final_loss,
        process.norm,
        factor * process.start_loss,
        probability,
        "orthogonal inputs: the jump process at the scale of the start",
    )


def _general(problem: Problem) -> Predicted | str:
    """The limit of vanishing scale; its times are those of the limit, times ln(1/scale) of the start."""
    limit = general_limit(problem.inputs, problem.targets, problem.weights, problem.output_weights)
    if limit.trouble:
        return limit.trouble
    if not limit.escapes:
        return "no neuron grows from this start"
    start = log_variation_norm(problem.weights, problem.output_weights)
    log_scale = 0.5 * (float(np.log(limit.norm)) - start)
    factor = problem.speed
    return Predicted(
        tuple(float(escape.time) * log_scale / problem.speed for escape in limit.escapes),
        factor * limit.final_loss,
        limit.norm,
        factor * limit.start_loss,
        None,
        "the limit of vanishing scale, its times multiplied by ln(1/scale)",
    )
