"""What the angles of neurons are measured from."""

from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from reluflow.flow.base import State
from reluflow.network import Array
from reluflow.observe.neurons import TO_PULL, NeuronTable, angles_to, pulls_of
from reluflow.problem import Problem

Kind = Literal["usual", "pull", "line", "neuron"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True)
class Reference:
    """``kind``: "usual" is what ``describe`` measures, "pull" D+ or D- by the sign of a neuron.

    "line": v*, the linear function that fits the data best, which is the teacher where one neuron labelled
    them; "neuron": that of number ``neuron``, as it is at the same time.
    """

    kind: Kind = "usual"
    neuron: int = 0

    def next(self, neuron: int, dimension: int) -> "Reference":
        """The next of the references; "neuron" means the one given."""
        kind = KINDS[(KINDS.index(self.kind) + 1) % len(KINDS)]
        if kind == "pull" and dimension != 2:
            kind = "line"  # the pull is the usual one there
        return Reference(kind, neuron)

    def applied(self, table: NeuronTable, weights: Array, state: State, problem: Problem) -> NeuronTable:
        """A table with angles from here; ``weights`` (m, d) are those of its rows, ``state`` the whole."""
        if self.kind == "usual":
            return table
        if self.kind == "pull":
            return replace(
                table, angle=angles_to(weights, pulls_of(table.sign, problem)), angle_meaning=TO_PULL
            )
        if self.kind == "line":
            return replace(table, angle=angles_to(weights, problem.best_line), angle_meaning="to v*")
        neuron = min(self.neuron, len(state.weights) - 1)
        angle = angles_to(weights, state.weights[neuron])
        return replace(table, angle=angle, angle_meaning=f"to neuron {neuron}")
