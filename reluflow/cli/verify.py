"""``reluflow verify``: every prediction of the theory beside what was measured."""

import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reluflow.cli import completion
from reluflow.cli.output import emit, guarded
from reluflow.cli.progress import terminal_width
from reluflow.errors import ExitCode

if TYPE_CHECKING:
    from reluflow.verification import Row


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
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="section.key=value",
            help="Change a value of the preset; may be repeated.",
            autocompletion=completion.settings,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare what the theory predicts with what the run measures. Exit code 1 when a prediction fails."""
    from reluflow.cli.overrides import Request
    from reluflow.errors import PresetError
    from reluflow.store.json_text import to_json
    from reluflow.store.preset import load_preset
    from reluflow.store.run_directory import open_run
    from reluflow.verification import all_hold, read, train
    from reluflow.verification import verify as judge_all

    request = Request(target, settings or [], None)
    if (Path(target) / "run.json").is_file():
        if request.settings:
            raise PresetError(f"--set {request.settings[0]}: {target} is a run; expected a preset with --set")
        measured = read(open_run(target))
    else:
        measured = train(load_preset(target, request.overrides()))
    rows = judge_all(measured)
    holds = all_hold(rows)
    if as_json:
        emit(to_json({"target": target, "holds": holds, "rows": [asdict(row) for row in rows]}))
    else:
        emit(table(rows, terminal_width()))
    raise typer.Exit(ExitCode.DONE if holds else ExitCode.FAILED)


def table(rows: "Sequence[Row]", width: int) -> str:
    """For a person: what applies with its numbers, then what does not and why."""
    lines = [f"{'':8}{'predicted':>14}{'measured':>14}  prediction"]
    for row in (row for row in rows if row.applies):
        verdict = "holds" if row.holds else "FAILS"
        lines.append(f"{verdict:8}{_number(row.predicted):>14}{_number(row.measured):>14}  {row.id}")
        note = f"{row.statement} [{row.source}]" + (f" {row.reason}" if row.reason else "")
        lines += textwrap.wrap(note, max(width - 2, 40), initial_indent=" " * 8, subsequent_indent=" " * 8)
    others = [row for row in rows if not row.applies]
    lines += ["", "does not apply:"] if others else []
    for reason in dict.fromkeys(row.reason for row in others):
        named = ", ".join(row.id for row in others if row.reason == reason)
        lines += textwrap.wrap(
            f"{reason}: {named}", max(width - 2, 40), initial_indent="  ", subsequent_indent="    "
        )
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
