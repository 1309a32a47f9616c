"""``reluflow sweep``: many runs, one table."""

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperGroup

from reluflow.cli import sweep_show
from reluflow.cli.interruption import Interruption
from reluflow.cli.options import Settings
from reluflow.cli.output import fail, guarded, remark, say
from reluflow.cli.sweep_options import (
    AsJson,
    Check,
    Cluster,
    DryRun,
    Jobs,
    Keep,
    Limit,
    Measure,
    Method,
    Out,
    Over,
    Preset,
    Quiet,
    Resume,
    Retry,
    Shard,
    Success,
    TheoryOnly,
    above_zero,
    shard_of,
    share_of,
)  # fmt: skip
from reluflow.cli.sweep_report import SweepProgress, tell, tell_estimate
from reluflow.errors import ExitCode, SweepError, command_line

if TYPE_CHECKING:
    from reluflow.sweep.cluster import Scheduler
    from reluflow.sweep.running import Executor, Numbers, SweepRun
    from reluflow.sweep.running import Shard as Share
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
    preset: Preset,
    over: Over = None,
    out: Out = None,
    settings: Settings = None,
    method: Method = None,
    measure: Measure = None,
    success: Success = None,
    limit: Limit = None,
    check: Check = None,
    keep: Keep = False,
    theory_only: TheoryOnly = False,
    jobs: Jobs = None,
    cluster: Cluster = None,
    shard: Shard = None,
    resume: Resume = False,
    retry: Retry = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Solve a preset at every combination of the values of some axes, and tabulate the runs.

    A failed or overdue run is a row with its reason. Every row is kept as it comes; Ctrl-C, SIGTERM and what
    a cluster warns with end the sweep within seconds, and how to resume is said.
    """
    from reluflow.cli.overrides import Request
    from reluflow.sweep.processes import available
    from reluflow.sweep.running import parse_retry

    changes = Request(preset, settings or [], method).overrides()
    asked = (above_zero(limit, "--limit", "a number of seconds"), theory_only, share_of(check))
    study = _study(preset, over or [], changes, measure, success, *asked)
    share = shard_of(shard, quiet)
    _check_together(study, keep, jobs, cluster)
    again = parse_retry(retry) if retry is not None else ()
    goes_on = resume or retry is not None
    joining = {"may_begin": not goes_on, "may_join": goes_on or share is not None}
    if dry_run:
        study = study if out is None else _opened(out, study, **joining, dry_run=True)
        return tell_estimate(study, *_left(out, study, again, share), jobs or available(), as_json)
    if out is None:
        raise SweepError("--out is missing; expected the folder of the sweep, or --dry-run")
    manner = _Manner(jobs or available(), _scheduler(cluster), keep, quiet)
    study = _opened(out, study, **joining)
    raise typer.Exit(_solve(_run_of(out, study, again, share), manner, as_json))


def _check_together(study: "Study", keep: bool, jobs: int | None, cluster: str | None) -> None:
    """Raise SweepError where options contradict each other."""
    if keep and study.theory_only:
        raise SweepError("--keep is for runs; expected it without --theory-only, which makes none")
    if cluster is not None and jobs is not None:
        raise SweepError("--jobs is for this machine and --cluster for others; expected one of the two")


def _study(
    preset: str,
    over: list[str],
    changes: dict[str, Any],
    measure: list[str] | None,
    success: str | None,
    limit: float | None,
    theory_only: bool,
    check: float | None,
) -> "Study":
    """What is asked for, with every name checked before anything is computed."""
    from reluflow.sweep.running import checked, of_theory
    from reluflow.sweep.study import planned

    names = None if measure is None else [name.strip() for text in measure for name in text.split(",")]
    study = planned(preset, over, changes, names, success, limit, theory_only, check)
    if study.theory_only:
        given = {"measures": names, "success": success, "limit": limit, "check": check}
        study, aside = of_theory(study, [name for name, each in given.items() if each is not None])
        if aside:
            remark(f"{preset}: not used of [sweep], as --theory-only makes no runs: {', '.join(aside)}")
    return checked(study)


def _opened(folder: Path, study: "Study", may_begin: bool, may_join: bool, dry_run: bool = False) -> "Study":
    """The study as it stands in its folder, which is made, or holds the same study already.

    With ``dry_run`` as it would stand there; nothing is written.
    """
    from reluflow.sweep.study import STUDY, begin, grown, is_begun, taken_up

    if is_begun(folder) and not may_join:
        raise SweepError(f"{folder} exists already; expected a new folder, or --resume to go on with a sweep")
    if may_begin and not is_begun(folder):
        if dry_run:
            return study
        try:
            return begin(folder, study)
        except SweepError:
            if not may_join or not (folder / STUDY).exists():  # not that another shard was faster
                raise
    return (grown if dry_run else taken_up)(folder, study)


def _left(
    folder: Path | None, study: "Study", again: tuple[str, ...], share: "Share | None"
) -> tuple["Numbers", int]:
    """The points of a study that are to be solved, by the rows in its folder, and how many rows there are."""
    from reluflow.sweep.rows import read_rows
    from reluflow.sweep.running import to_solve
    from reluflow.sweep.study import STUDY

    rows = read_rows(folder, study) if folder is not None and (folder / STUDY).is_file() else None
    for sentence in rows.troubles if rows is not None else ():
        remark(sentence)
    return to_solve(study, rows, again, share), 0 if rows is None else len(rows.numbers)


def _run_of(folder: Path, study: "Study", again: tuple[str, ...], share: "Share | None") -> "SweepRun":
    from reluflow.sweep.running import SweepRun

    run = SweepRun(folder, study, again, share)
    for sentence in run.troubles:
        remark(sentence)
    return run


def _solve(run: "SweepRun", manner: _Manner, as_json: bool) -> int:
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

    if not (run.folder / STUDY).is_file():
        return f"{run.folder} is gone, and its rows with it"
    words = ["reluflow", "sweep", str(run.folder / STUDY), "--out", str(run.folder), "--resume"]
    words += ["--cluster", manner.scheduler.where] if manner.scheduler is not None else []
    return "resume with: " + command_line([*words, *(["--keep"] if manner.keep else [])])
