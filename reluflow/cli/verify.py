"""``reluflow verify``: every prediction of the theory beside what was measured."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from reluflow.cli import completion
from reluflow.cli.options import Settings
from reluflow.cli.output import emit, guarded
from reluflow.cli.progress import terminal_width
from reluflow.errors import ExitCode, command_line

if TYPE_CHECKING:
    from reluflow.observe.measured import Measured
    from reluflow.store.preset import Preset
    from reluflow.training.training import Training
    from reluflow.verification import Comparison


@guarded
def verify(
    target: Annotated[
        str,
        typer.Argument(
            metavar="PRESET_OR_RUN",
            help="A preset, which is trained first, or a run directory.",
            autocompletion=completion.preset_names,
        ),
    ],
    settings: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not show how the training goes.")] = False,
) -> None:
    """Compare what the theory predicts with what the run measures. Exit code 1 when a prediction fails."""
    from reluflow.cli.target import opened
    from reluflow.store.json_text import to_json
    from reluflow.store.preset import Preset
    from reluflow.training.measuring import read
    from reluflow.verification import all_hold, table_rows
    from reluflow.verification import verify as judge_all

    found = opened(target, settings or [])
    if isinstance(found, Preset):
        measured, preset, words = _trained(found, quiet), found, _words(target, settings or [])
    else:
        measured, preset, words = read(found), found.preset, [str(found.path / "preset.toml")]
    # what a preset that was edited by hand says is not how the run was solved, and may take any time
    known = isinstance(found, Preset) or not found.faults
    rows = judge_all(measured, _comparison(measured, preset, words, quiet) if known else None)
    holds = all_hold(rows)
    if as_json:
        emit(to_json({"target": target, "holds": holds, "rows": [asdict(row) for row in rows]}))
    else:
        emit("".join(f"{line.text}\n" for line in table_rows(rows, terminal_width() - 2)))
    raise typer.Exit(ExitCode.DONE if holds else ExitCode.FAILED)


def _words(target: str, settings: list[str]) -> list[str]:
    """A preset as named on the command line, but for what belongs to its method."""
    from reluflow.store.schema import by_id

    words = [target]
    for setting in settings:
        key = by_id(setting.partition("=")[0].strip(), "--set")
        if key.id != "solver.method" and not key.dormant:
            words += ["--set", setting]
    return words


def _comparison(measured: "Measured", preset: "Preset", words: list[str], quiet: bool) -> "Comparison | None":
    """What to hold a run by another method than the flow's own solver against."""
    from reluflow.flow import DEFAULT_METHOD
    from reluflow.training.measuring import train_flow
    from reluflow.verification import Comparison

    method = preset.values.get("solver.method", DEFAULT_METHOD)
    if method == DEFAULT_METHOD:
        return None
    command = command_line(["reluflow", "verify", *words, "--set", f"solver.method={DEFAULT_METHOD}"])

    def flow() -> "Measured":
        with _progress(quiet) as look:
            return train_flow(measured, preset, look)

    return Comparison(method, flow, command)


def _trained(preset: "Preset", quiet: bool) -> "Measured":
    """The preset's run, with its progress on stderr."""
    from reluflow.training.measuring import train

    with _progress(quiet) as look:
        return train(preset, look)


@contextmanager
def _progress(quiet: bool) -> "Iterator[Callable[[Training], None]]":
    """What shows on stderr how a training goes."""
    from reluflow.cli.progress import Progress

    shown: list[Progress] = []

    def look(training: "Training") -> None:
        if not shown:
            shown.append(Progress(training, quiet))
        shown[0].show()

    try:
        yield look
    finally:
        for progress in shown:
            progress.close()
