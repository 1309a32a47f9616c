"""``reluflow diff``: what two runs differ in."""

from dataclasses import asdict, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reluflow.cli.output import emit, guarded
from reluflow.cli.progress import terminal_width
from reluflow.cli.report import wrapped
from reluflow.cli.target import opened_run

if TYPE_CHECKING:
    from reluflow.observe.difference import Difference
    from reluflow.store.run_directory import Run


@guarded
def diff(
    one: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    other: Annotated[Path, typer.Argument(metavar="RUN", help="Another one.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what differs in the presets of two runs, and when and where the runs part.

    Losses are compared at the times that either run recorded, up to the end of the shorter one, as numbers
    also where they are different losses, which is said; events one neuron after the other.
    """
    from reluflow.store.json_text import to_json

    runs = opened_run(one), opened_run(other)
    keys, found = preset_differences(*runs), compared(*runs)
    if as_json:
        emit(
            to_json(
                {"runs": [one, other], "presets": keys, **asdict(found), "escape_shift": found.escape_shift}
            )
        )
        return
    width = terminal_width() - 2
    lines = [wrapped(f"{label:<11}", words, width) for label, words in _words(keys, found, runs)]
    emit("".join(f"{line}\n" for each in lines for line in each))


def preset_differences(one: "Run", other: "Run") -> dict[str, list[Any]]:
    """The values of the keys in which two presets differ, None where one is not set; of files the content."""
    from reluflow.store.continuation import comparable
    from reluflow.store.schema import KEYS

    presets = one.preset, other.preset
    return {
        key.id: [each.values.get(key.id) for each in presets]
        for key in KEYS
        if comparable(presets[0], key) != comparable(presets[1], key)
    }


def compared(one: "Run", other: "Run") -> "Difference":
    """What two recorded runs differ in. Raises RunError if one has recorded nothing yet."""
    import numpy as np

    from reluflow.observe.difference import difference, loss_at
    from reluflow.observe.plateaus import escapes_of, find_saddles

    until = min(run.t[-1] for run in (one, other))
    times = np.unique(np.concatenate([run.t for run in (one, other)]))
    times = times[times <= until]
    losses = loss_at(one.t, one.loss, times), loss_at(other.t, other.loss, times)
    settled = one.status == "converged", other.status == "converged"
    found = difference(times, losses, settled, (one.events, other.events))
    # the escapes that the runs themselves report: a curve that is cut off has others
    whole = [
        escapes_of(find_saddles(run.series, is_settled))
        for run, is_settled in zip((one, other), settled, strict=True)
    ]
    known = [[t for t in escapes if t <= until] for escapes in whole]
    return replace(found, escapes=tuple((first, second) for first, second in zip_longest(*known)))


def _words(
    keys: dict[str, list[Any]], found: "Difference", runs: tuple["Run", "Run"]
) -> list[tuple[str, str]]:
    from reluflow.store.schema import show

    lines = [(id, f"{show(values[0])} / {show(values[1])}") for id, values in keys.items()]
    lines = [("presets", f"{id}: {words}") for id, words in lines] or [("presets", "the same")]
    lines.append(("compared", f"up to t = {found.until:.6g}"))
    if "solver.loss" in keys:
        names = " and ".join(map(str, keys["solver.loss"]))
        words = f"numbers of two losses, {names}, each over its own flow time: they measure different things"
        lines.append(("losses", words))
    lines.append(("loss", f"differs by {found.loss:.3g} of it at most, at t = {found.loss_at:.6g}"))
    parted = "nowhere" if found.parted_at is None else f"at t = {found.parted_at:.6g}"
    lines.append(("part", f"{parted} (where the losses differ by 1e-3)"))
    for one, other in found.escapes:
        lines.append(("escape", f"{_time(one)} / {_time(other)}{_shift(one, other)}"))
    silent = [
        f"the {place} run, by {run.summary.get('method')},"
        for place, run in zip(("first", "second"), runs, strict=True)
        if not len(run.events)
    ]
    event = found.first_event
    if silent:
        has = "have" if len(silent) > 1 else "has"
        lines.append(("event", f"not compared: {' and '.join(silent)} {has} none in the log"))
    elif event is not None:
        what = f"{event.one or 'nothing'} / {event.other or 'nothing'}"
        lines.append(("event", f"the first that differs: neuron {event.neuron} at t = {event.t:.6g}: {what}"))
    return lines


def _time(t: float | None) -> str:
    return "-" if t is None else f"{t:.8g}"


def _shift(one: float | None, other: float | None) -> str:
    return "" if one is None or other is None else f", shifted by {other - one:.3g}"
