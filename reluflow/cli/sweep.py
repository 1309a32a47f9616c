"""``reluflow sweep``: many runs, one table."""

import os
import shlex
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from reluflow.cli import completion, sweep_show
from reluflow.cli.interruption import Interruption
from reluflow.cli.options import Settings
from reluflow.cli.output import fail, guarded, say
from reluflow.cli.sweep_report import SweepProgress, tell, tell_estimate
from reluflow.errors import ExitCode, SweepError

if TYPE_CHECKING:
    from reluflow.sweep.cluster import Scheduler
    from reluflow.sweep.running import Executor, Shard, SweepRun
    from reluflow.sweep.study import Study

#: The command that a sweep is begun with; its name is left out.
_BEGIN: Final = "begin"


class _Sweeps(TyperGroup):
    """``reluflow sweep PRESET ...`` beside ``reluflow sweep show DIR``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = [_BEGIN, *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return "" if name == _BEGIN else name, command, rest


_MORE: Final = (
    "reluflow sweep show DIR groups and draws the rows, reluflow sweep status DIR says how far it is, "
    "reluflow sweep merge DIR DIR --out DIR puts folders of one study together; each has its own --help."
)

app = typer.Typer(cls=_Sweeps, rich_markup_mode=None, help="Many runs over axes of values, in one table.")


@dataclass(frozen=True)
class _Manner:
    """How a sweep is carried out, which changes nothing in its table."""

    jobs: int
    scheduler: "Scheduler | None"
    keep: bool
    quiet: bool

    @property
    def place(self) -> str:
        """Where it is solved, in words."""
        return f"{self.jobs} process(es)" if self.scheduler is None else f"cluster {self.scheduler.where}"


app.command("show")(sweep_show.show)
app.command("status")(sweep_show.status)
app.command("merge")(sweep_show.merge)


@app.command(_BEGIN, hidden=True, epilog=_MORE)
@guarded
def begin(
    preset: Annotated[
        str,
        typer.Argument(
            metavar="PRESET",
            help="A preset's name or file; one with a section [sweep] is a whole study.",
            autocompletion=completion.preset_names,
        ),
    ],
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AXIS",
            help="What is varied: KEY=V1,V2,...; among the values a:b integers, x:y:Nlin and x:y:Nlog N "
            "numbers, 4^2:4^-13 powers, both ends included; K1=K2=... the same value for both, "
            "K1,K2=(v1,w1),(v2,w2) pairs. May be repeated; stands before the preset's axes of the same keys.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder of the sweep; needed to solve anything.")
    ] = None,
    settings: Settings = None,
    method: Annotated[
        str | None,
        typer.Option(metavar="M", help="Same as --set solver.method=M.", autocompletion=completion.methods),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...",
            help="More columns: those of info --columns, numbers of run --json, verify:ROW (as measured), "
            "verify:ROW.predicted, verify:ROW.state.",
        ),
    ] = None,
    success: Annotated[
        str | None,
        typer.Option(
            metavar="CONDITIONS",
            help="When a run is a success, such as 'loss<=1e-6 rank=2'. Default: a loss of at most "
            "stop.loss, or of 1e-6 of the first one.",
        ),
    ] = None,
    limit: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="For each run; one that takes longer says so.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the directory of every run, in DIR/runs.")
    ] = False,
    theory_only: Annotated[
        bool,
        typer.Option(
            "--theory-only",
            help="Run nothing: tabulate the theory's escapes, the end and norm of its limit and, on "
            "orthogonal data, the probability of a fit.",
        ),
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Processes; default: one for each processor.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Solve on the workers of a Dask scheduler: tcp://HOST:PORT, or its scheduler file. Needs "
            "the extra [cluster].",
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Only the I-th of N shares, from 1; others may be solved into the same folder at the same "
            "time. Default: the task of a SLURM array, if this is one.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Solve what is missing in --out; axes may have got more values.")
    ] = False,
    retry: Annotated[
        str | None,
        typer.Option(metavar="STATUS,...", help="Also solve again what ended so: failed, wall, ..."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many runs, how long and how much, from a sample.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Narrate nothing but errors.")] = False,
) -> None:
    """Solve a preset at every combination of the values of some axes, and tabulate the runs.

    A failed or overdue run is a row with its reason. Every row
    is kept as it comes; Ctrl-C, SIGTERM and SIGHUP end the sweep within seconds, and how to resume is said.
    """
    from reluflow.cli.overrides import Request
    from reluflow.sweep.processes import available
    from reluflow.sweep.running import checked, parse_retry
    from reluflow.sweep.study import planned

    changes = Request(preset, settings or [], method).overrides()
    names = None if measure is None else [name.strip() for text in measure for name in text.split(",")]
    study = checked(planned(preset, over or [], changes, names, success, _seconds(limit), theory_only))
    if keep and study.theory_only:
        raise SweepError("--keep is for runs; expected it without --theory-only, which makes none")
    share = _shard(shard, quiet)
    if cluster is not None and jobs is not None:
        raise SweepError("--jobs is for this machine and --cluster for others; expected one of the two")
    if dry_run:
        tell_estimate(study, share, jobs or available(), as_json)
        return
    if out is None:
        raise SweepError("--out is missing; expected the folder of the sweep, or --dry-run")
    again = parse_retry(retry) if retry is not None else ()
    manner = _Manner(jobs or available(), _scheduler(cluster), keep, quiet)
    goes_on = resume or retry is not None
    study = _opened(out, study, may_begin=not goes_on, may_join=goes_on or share is not None)
    raise typer.Exit(_solve(_run_of(out, study, again, share), manner, as_json))


def _seconds(text: str | None) -> float | None:
    from reluflow.store.powers import power

    if text is None:
        return None
    try:
        seconds = power(text) if power(text) is not None else float(text)
    except ValueError:
        seconds = None
    if seconds is None or not 0.0 < seconds < float("inf"):
        raise SweepError(f'--limit is "{text}"; expected a number of seconds above 0')
    return seconds


def _shard(text: str | None, quiet: bool) -> "Shard | None":
    """The share that is asked for, else that of a task of a SLURM array."""
    from reluflow.sweep.running import parse_shard, shard_of_slurm

    if text is not None:
        return parse_shard(text)
    share = shard_of_slurm(os.environ)
    if share is not None and not quiet:
        say(f"reluflow: shard {share.number}/{share.count}, by SLURM_ARRAY_TASK_ID")
    return share


def _opened(folder: Path, study: "Study", may_begin: bool, may_join: bool) -> "Study":
    """The study as it stands in its folder, which is made, or holds the same study already."""
    from reluflow.sweep.study import STUDY, begin, is_begun, taken_up

    if is_begun(folder) and not may_join:
        raise SweepError(f"{folder} exists already; expected a new folder, or --resume to go on with a sweep")
    if may_begin and not is_begun(folder):
        try:
            return begin(folder, study)
        except SweepError:
            if not may_join or not (folder / STUDY).exists():  # not that another shard was faster
                raise
    return taken_up(folder, study)


def _run_of(folder: Path, study: "Study", again: tuple[str, ...], share: "Shard | None") -> "SweepRun":
    from reluflow.sweep.running import SweepRun

    run = SweepRun(folder, study, again, share)
    for sentence in run.troubles:
        say(f"reluflow: {sentence}")
    return run


def _solve(run: "SweepRun", manner: _Manner, as_json: bool) -> ExitCode:
    """Solve what is missing, and tell how it went."""
    began, before = time.monotonic(), run.tally.rows
    progress = SweepProgress(manner.quiet)
    with closing(run), Interruption() as interruption:
        executor = _executor(run, manner)
        if not manner.quiet:
            grid = run.study.grid
            say(
                f"{run.study.preset.name}: {grid.size} points over {', '.join(grid.keys)}; "
                f"{len(run.todo)} runs to solve on {manner.place}, into {run.folder}"
            )
        try:
            run.solve(executor, lambda: interruption.name is not None, progress.show)
        except SweepError as error:
            progress.close()
            fail(f"{error}; {_how(run, manner)}", ExitCode.FAILED)
        finally:
            progress.close()
    tell(run, run.tally.rows - before, time.monotonic() - began, as_json)
    if interruption.name is not None and run.tally.rows < run.tally.points:
        say(f"reluflow: interrupted by {interruption.name}; every row is kept; {_how(run, manner)}")
        return interruption.code
    return ExitCode.DONE


def _scheduler(where: str | None) -> "Scheduler | None":
    if where is None:
        return None
    from reluflow.sweep.cluster import Scheduler

    return Scheduler(where)


def _executor(run: "SweepRun", manner: _Manner) -> "Executor":
    """Who solves the points."""
    from reluflow.sweep.running import RUNS

    keep = run.folder / RUNS if manner.keep else None
    if manner.scheduler is not None:
        from reluflow.sweep.cluster import Cluster

        return Cluster(run.study, manner.scheduler, keep)
    from reluflow.sweep.processes import Processes

    return Processes(run.study, manner.jobs, keep)


def _how(run: "SweepRun", manner: _Manner) -> str:
    """The command that goes on with a sweep."""
    from reluflow.sweep.study import STUDY

    words = ["reluflow", "sweep", str(run.folder / STUDY), "--out", str(run.folder), "--resume"]
    words += ["--cluster", manner.scheduler.where] if manner.scheduler is not None else []
    return "resume with: " + shlex.join([*words, *(["--keep"] if manner.keep else [])])
