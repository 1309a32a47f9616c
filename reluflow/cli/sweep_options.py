"""Options of ``reluflow sweep``, and how they are read."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from reluflow.cli import completion
from reluflow.cli.output import say
from reluflow.errors import SweepError

if TYPE_CHECKING:
    from reluflow.sweep.running import Shard as Share

#: What may stand in the place of a preset's name.
COMMANDS: Final = ("show", "status", "merge")


def _first_words(incomplete: str) -> list[str]:
    return [*(name for name in COMMANDS if name.startswith(incomplete)), *completion.preset_names(incomplete)]


Preset = Annotated[
    str,
    typer.Argument(
        metavar="PRESET",
        help="A preset's name or file; one with a section [sweep] is a whole study.",
        autocompletion=_first_words,
    ),
]
Over = Annotated[
    list[str] | None,
    typer.Option(
        metavar="AXIS",
        help="What is varied: KEY=V1,V2,...; among the values a:b integers, x:y:Nlin and x:y:Nlog N "
        "numbers, 4^2:4^-13 powers, both ends included; K1=K2=... the same value for both, "
        "K1,K2=(v1,w1),(v2,w2) pairs. May be repeated; stands before the preset's axes of the same keys.",
    ),
]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The folder of the sweep; needed to solve anything.")
]
Method = Annotated[
    str | None,
    typer.Option(metavar="M", help="Same as --set solver.method=M.", autocompletion=completion.methods),
]
Measure = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME,...",
        help="More columns: those of info --columns, numbers of run --json, verify:ROW (as measured), "
        "verify:ROW.predicted, verify:ROW.state.",
    ),
]
Success = Annotated[
    str | None,
    typer.Option(
        metavar="CONDITIONS",
        help="When a run is a success, such as 'loss<=1e-6 rank=2'. Default: where stop.margin is set "
        "that it converged, else a loss of at most stop.loss, or of 1e-6 of the first one.",
    ),
]
Limit = Annotated[
    str | None, typer.Option(metavar="SECONDS", help="For each run; one that takes longer says so.")
]
Check = Annotated[
    str | None,
    typer.Option(
        metavar="SHARE",
        help="Also solve this share of the runs at rtol / 100, and say in columns how far they differ.",
    ),
]
Keep = Annotated[bool, typer.Option("--keep", help="Keep the directory of every run, in DIR/runs.")]
TheoryOnly = Annotated[
    bool,
    typer.Option(
        "--theory-only",
        help="Run nothing: tabulate the theory's escapes, the end and norm of its limit and, on "
        "orthogonal data, the probability of a fit. What [sweep] says of runs is put aside.",
    ),
]
Jobs = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Processes; default: one for each processor.")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Solve on the workers of a Dask scheduler: tcp://HOST:PORT, or its scheduler file. Needs "
        "the extra [cluster].",
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(
        metavar="I/N",
        help="Only the I-th of N shares, from 1; others may be solved into the same folder at the same "
        "time. Default: the task of a SLURM array of even steps, if this is one.",
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Solve what is missing in --out; axes may have got more values.")
]
Retry = Annotated[
    str | None,
    typer.Option(metavar="STATUS,...", help="Also solve again what ended so: failed, wall, ..."),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Only say how many runs are missing in --out, how long and how much, from a sample."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Narrate nothing but errors.")]


def share_of(text: str | None) -> float | None:
    """What --check asks for. Raises SweepError."""
    share = above_zero(text, "--check", "a share of the runs")
    if share is not None and share > 1.0:
        raise SweepError(f'--check is "{text}"; expected a share of the runs, at most 1')
    return share


def above_zero(text: str | None, option: str, what: str) -> float | None:
    """A number above 0, perhaps as a power. Raises SweepError in one sentence."""
    from reluflow.store.powers import power

    if text is None:
        return None
    try:
        number = power(text) if power(text) is not None else float(text)
    except ValueError:
        number = None
    if number is None or not 0.0 < number < float("inf"):
        raise SweepError(f'{option} is "{text}"; expected {what} above 0')
    return number


def shard_of(text: str | None, quiet: bool) -> "Share | None":
    """The share that is asked for, else that of a task of a SLURM array."""
    from reluflow.sweep.running import parse_shard, shard_of_slurm

    if text is not None:
        return parse_shard(text)
    share = shard_of_slurm(os.environ)
    if share is not None and not quiet:
        say(f"reluflow: shard {share.number}/{share.count}, by SLURM_ARRAY_TASK_ID")
    return share
