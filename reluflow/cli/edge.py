"""``reluflow edge``: what lies between two outcomes."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reluflow.cli import completion
from reluflow.cli.interruption import Interruption
from reluflow.cli.output import emit, fail, guarded, remark, say
from reluflow.cli.progress import terminal_width
from reluflow.cli.report import wrapped
from reluflow.errors import ExitCode

if TYPE_CHECKING:
    from reluflow.sweep.edges.kinks import Kink
    from reluflow.sweep.edges.saddles import Escape, Saddle
    from reluflow.sweep.edges.tracking import Bisection, Edge


@guarded
def edge(
    one: Annotated[
        str,
        typer.Argument(
            metavar="PRESET_A", help="A preset's name or file.", autocompletion=completion.preset_names
        ),
    ],
    other: Annotated[
        str,
        typer.Argument(
            metavar="PRESET_B",
            help="Another one, which differs in one number or in its start alone, and ends differently.",
            autocompletion=completion.preset_names,
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write; it may not exist yet.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Narrate nothing but errors.")] = False,
) -> None:
    """Find the boundary between two outcomes by bisection, and follow it to the saddle or kink on it.

    Runs go on until they fit or rest. DIR gets edge.json, the saddle's network, and side-a.toml and
    side-b.toml, which start on both sides of the boundary. Exit code 1 if it leads to neither.
    """
    from reluflow.store.json_text import to_json
    from reluflow.store.preset import load_preset
    from reluflow.sweep.edges.outcomes import StoppedError
    from reluflow.sweep.edges.tracking import edge_between
    from reluflow.sweep.edges.writing import require_absent, told, write

    presets = load_preset(one), load_preset(other)
    if presets[0].name == presets[1].name:  # runs of one preset: they are called what was typed
        presets = replace(presets[0], name=one), replace(presets[1], name=other)
    require_absent(out)
    for preset in presets:
        if preset.unused_sweep and not quiet:
            remark(preset.unused_sweep)

    def look(bisection: "Bisection") -> None:
        if not quiet:
            say(_narrated(bisection))

    with Interruption() as interruption:
        try:
            found = edge_between(*presets, look, lambda: interruption.name)
        except StoppedError as stopped:
            fail(f"interrupted by {stopped}; nothing was written", interruption.code)
        write(out, found, presets)
    if as_json:
        emit(to_json({**told(found, presets), "out": out}))
    else:
        width = terminal_width() - 2
        lines = [wrapped(f"{label:<12}", words, width) for label, words in _words(found, out)]
        emit("".join(f"{line}\n" for each in lines for line in each))
    raise typer.Exit(ExitCode.FAILED if found.kind == "moving" else ExitCode.DONE)


def _narrated(bisection: "Bisection") -> str:
    return (
        f"from t = {bisection.began:.6g}: {bisection.halvings} halvings to a gap of {bisection.gap:.2g}; the "
        f"two sides part at t = {bisection.parted:.6g}, loss {bisection.loss:.6g}"
    )


def _words(found: "Edge", out: Path) -> list[tuple[str, str]]:
    """Labels and words."""
    one, other = found.outcomes
    lines = [
        ("path", f"{found.path}, the boundary at {found.at:.12g}"),
        ("outcomes", f"{one.words} / {other.words}"),
    ]
    for each in found.bisections:
        what = f"gap {each.gap:.2g} at t = {each.began:.6g}, parted at t = {each.parted:.6g}"
        lines.append(("bisection", f"{what}, at the rate {each.rate:.5g}"))
    if found.kink is not None:
        lines.append(("kink", _of_kink(found.kink)))
    if found.saddle is not None:
        lines += _of_saddle(found.saddle)
    if found.kind == "moving":
        last = found.bisections[-1]
        lines.append(
            (
                "no rest",
                f"the boundary still moves at t = {last.parted:.6g} (loss {last.loss:.6g}), after "
                f"{len(found.bisections)} bisections; side-a.toml and side-b.toml go on from there",
            )
        )
    return [*lines, ("written", str(out))]


def _of_kink(kink: "Kink") -> str:
    return (
        f"neuron {kink.neuron} at the kink of sample {kink.sample + 1}, t = {kink.t:.6g}: it leaves with "
        f"velocity {kink.v_on:.4g} where it sees the sample and {kink.v_off:.4g} where it does not; the two "
        f"sides part at the rate {kink.rate:.3g}, while no neuron grows faster than {kink.bound:.3g}: no "
        "saddle lies there"
    )


def _of_saddle(saddle: "Saddle") -> list[tuple[str, str]]:
    neurons = ", ".join(map(str, saddle.deciding))
    return [
        ("saddle", f"loss {saddle.loss:.9g}; {saddle.kind}: {saddle.reason}"),
        ("certificate", f"Gamma_all = {saddle.gamma_all}, the rate at which a new neuron could grow"),
        ("rate", f"{saddle.rate:.6g}, at which both sides depart from the boundary"),
        ("decided by", f"neuron(s) {neurons}"),
        *(
            (f"side {name}", "; ".join(_of_escape(each) for each in escapes))
            for name, escapes in zip("ab", saddle.escapes, strict=True)
        ),
    ]


def _of_escape(escape: "Escape") -> str:
    if escape.direction is None:
        return f"neuron {escape.neuron} does not grow"
    direction = ", ".join(f"{value:.4g}" for value in escape.direction[:6])
    more = ", ..." if escape.direction.size > 6 else ""
    return f"neuron {escape.neuron} grows at the rate {escape.rate:.6g} in the direction ({direction}{more})"
