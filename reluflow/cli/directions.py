"""``reluflow directions``: where the small neurons of a network are drawn, and how many go to each place."""

import textwrap
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reluflow.cli import completion
from reluflow.cli.options import Settings
from reluflow.cli.output import emit, guarded
from reluflow.cli.progress import terminal_width
from reluflow.errors import counted

if TYPE_CHECKING:
    from reluflow.flow.base import State
    from reluflow.store.preset import Preset
    from reluflow.store.run_directory import Run
    from reluflow.theory.directions import Direction, Directions

#: directions that are listed unless all are asked for
FASTEST = 20
#: directions of at most so many coordinates are written out
COORDINATES = 8
#: samples are named in at most so many runs of numbers
RUNS = 8


@guarded
def directions(
    target: Annotated[
        str,
        typer.Argument(
            metavar="PRESET_OR_RUN",
            help="A preset, of which the start is looked at, or a run directory.",
            autocompletion=completion.preset_names,
        ),
    ],
    settings: Settings = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="The state of a run at this flow time (the last one recorded by then), or its end. Default: "
            "the start.",
        ),
    ] = None,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help=f"List more than the fastest {FASTEST}, and what only random neurons come to."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the extremal directions of small neurons, with their basins and how many neurons go to each."""
    from reluflow.cli.target import opened
    from reluflow.store.json_text import to_json
    from reluflow.theory.directions import directions as find

    given = opened(target, settings or [])
    state = _state(given, target, at)
    problem = given.problem() if callable(given.problem) else given.problem
    found = find(problem, state)
    if as_json:
        emit(to_json({"target": target, **described(found)}))
    else:
        emit("".join(f"{line}\n" for line in lines(found, target, every, terminal_width() - 2)))


def _state(given: "Preset | Run", target: str, at: str | None) -> "State | None":
    """The state asked for, None for the start. Raises PresetError in one sentence."""
    from reluflow.errors import PresetError
    from reluflow.observe.measured import state_at
    from reluflow.store.preset import Preset

    if at is None:
        return None
    if isinstance(given, Preset):
        raise PresetError(f"--at {at}: {target} is a preset, of which there is only a start; expected a run")
    snapshots = given.snapshots
    last = float(snapshots.t[-1])
    try:
        time = last if at == "end" else float(at)
    except ValueError:
        time = -1.0
    if not 0.0 <= time <= last:
        raise PresetError(
            f"--at {at}: expected 'end', or a flow time from 0 to {last:.6g} where {target} ends"
        )
    return state_at(snapshots, time)


def described(found: "Directions") -> dict[str, Any]:
    """For ``--json``; rates are per unit of flow time, samples and neurons are counted from 0."""
    parts = asdict(found)
    rows = parts.pop("found")
    parts["gamma_all"] = [found.gamma_all.low, found.gamma_all.high]
    parts["directions"] = [{**row, "direction": row["direction"].tolist()} for row in rows]
    return parts


def lines(found: "Directions", target: str, every: bool, width: int) -> list[str]:
    """The listing for a person, in ``width`` cells."""
    when = f"t = {found.t:.6g}" if found.t > 0.0 else "t = 0, the start"
    head = [f"{target} at {when}: {100.0 * found.left:.3g} % of the loss of a network of zeros is left."]
    if found.fitted:
        return [*head, "Nothing that is left can be fitted, and nothing pulls on small neurons."]
    shown = [one for one in found.found if one.maximum or one.neurons][:FASTEST]
    table = [f"{'sign':>4}{'rate':>13}{'basin':>13}{'neurons':>9}{'aligned':>9}{'escape':>12}"]
    for one in found.found if every else shown:
        table += _row(one, width)
    more = 0 if every else len(found.found) - len(shown)
    table += [f"  ... and {more} more (--all lists them)"] if more else []
    return [*head, "", *table, "", *(line for text in _notes(found) for line in textwrap.wrap(text, width))]


def _row(one: "Direction", width: int) -> list[str]:
    basin = f"{100.0 * one.basin:.0f} +- {100.0 * one.basin_error:.1f} %"
    escape = "-" if one.escape is None else f"{one.escape:.6g}"
    numbers = f"{'+' if one.sign > 0 else '-':>4}{one.rate:>13.6g}{basin:>13}{len(one.neurons):>9}"
    details = [f"sees {_samples(one.active)}"]
    if one.kinks:
        details.append(f"on the kink of {_samples(one.kinks)}")
    if len(one.direction) <= COORDINATES:
        details.append("at (" + ", ".join(f"{x:.4g}" for x in one.direction) + ")")
    if not one.maximum:
        details.append("not a local maximum: only neurons that never see some orthogonal sample come here")
    wrapped = textwrap.wrap("; ".join(details), width, initial_indent=" " * 7, subsequent_indent=" " * 9)
    return [f"{numbers}{one.aligned:>9}{escape:>12}", *wrapped]


def _samples(numbers: tuple[int, ...]) -> str:
    """Numbers from 0 as people count, from 1: 1-3, 6; only how many where that gets long."""
    runs = [[k for _, k in group] for _, group in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    if len(runs) > RUNS:
        return f"{len(numbers)} samples"
    words = (f"{run[0] + 1}" if len(run) == 1 else f"{run[0] + 1}-{run[-1] + 1}" for run in runs)
    return ", ".join(words) or "no sample"


def _notes(found: "Directions") -> list[str]:
    """What the numbers mean, how sure they are, and what the other neurons do."""
    from reluflow.theory.directions import RULES

    maxima = sum(one.maximum for one in found.found)
    if found.exact:
        sure = f"{maxima} extremal direction(s): exact, none is missing."
    else:
        sure = (
            f"{maxima} extremal direction(s) found by {found.drawn} random neurons of each sign: there are "
            "too many activation cones to visit them all, and directions with small basins may be missing."
        )
    return [
        sure,
        f"rate: growth of |a| and |w| there. basin: share of {found.drawn} random neurons of that sign that "
        "go there. neurons: those of this network that do. aligned: its small ones of that sign within "
        f"{RULES.aligned:g} degrees by now. "
        "escape: flow time at which they would be large if nothing else changed. Samples are counted from 1.",
        f"Gamma_all, the fastest growth of any neuron, is {found.gamma_all}; Gamma_available, that of this "
        f"network's, is {found.gamma_available:.6g}."
        + (f" The weight decay, {found.decay:g}, is not taken off these rates." if found.decay else ""),
        *_others(found),
    ]


def _others(found: "Directions") -> list[str]:
    from reluflow.theory.decayed_rest import EQUAL

    parts = [
        (found.large, "have grown already"),
        (found.idle, "feel no pull (they see no sample that is left to fit)"),
        (found.fading, "come to rest without growing"),
    ]
    words = ", ".join(f"{count} {what}" for count, what in parts if count)
    texts = [f"Of {counted(found.followed, 'neuron')} {words}."] if words else []
    level = (1.0 + EQUAL) * found.decay
    stays = found.gamma_available <= level
    if stays and found.decay and found.gamma_all.low <= level:
        texts.append(
            "No neuron could grow against the weight decay: if it is at rest, this is a global minimum of "
            "the objective."
            if found.gamma_all.high <= level
            else "No neuron of this network can grow against the weight decay; whether another one could is "
            "not certain."
        )
    elif stays and found.at_origin:
        texts.append(
            "No neuron of this network can grow: if it is at rest, its flow stays there. But it is a saddle "
            "of the loss, no local minimum: neurons at the origin or shrinking to it for ever "
            f"({found.at_origin} of {found.followed}) are escape routes."
        )
    elif stays:
        texts.append(
            "No neuron of this network can grow, and none is at the origin: if it is at rest, this is a "
            "spurious local minimum, where its flow stays."
        )
    if found.followed < found.width:
        texts.append(f"Only the first {found.followed} of {found.width} neurons were followed.")
    return texts
