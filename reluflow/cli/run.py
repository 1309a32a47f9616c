"""``reluflow run``: train without a screen."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reluflow.cli import completion
from reluflow.cli.interruption import BrokenOffError, Interruption
from reluflow.cli.options import Settings
from reluflow.cli.output import emit, fail, guarded, remark, say
from reluflow.cli.own_data import tell_remarks
from reluflow.errors import ExitCode, RunError, counted

if TYPE_CHECKING:
    from reluflow.cli.overrides import Request
    from reluflow.store.preset import Preset
    from reluflow.store.run_directory import RunWriter
    from reluflow.training.training import Training


@guarded
def run(
    preset: Annotated[
        str | None,
        typer.Argument(
            metavar="PRESET",
            help="A preset's name or file; none with --data.",
            autocompletion=completion.preset_names,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Train on the samples of a .csv, .npz or .npy file, or of standard input (-), without a "
            "preset: until 1e-9 of the mean square of the targets is left, at rest, or for 60 seconds.",
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="Begin a new run, from t = 0, with the data and the network of a run directory; --set may "
            "change solver, stop and record.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="With --from: at which of its flow times, solved exactly, or its end. Default: end.",
        ),
    ] = None,
    nudge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHANGE",
            help="With --from: change a neuron first; may be repeated. 'remove J', 'flip J' (its sign), "
            "'scale J FACTOR', 'turn J DEGREES', or 'add J SIZE [K]': a new one, as number J, with "
            "|w| = |a| = SIZE in the direction where it grows K-th fastest. Neurons count from 0.",
        ),
    ] = None,
    settings: Settings = None,
    method: Annotated[
        str | None,
        typer.Option(metavar="M", help="Same as --set solver.method=M.", autocompletion=completion.methods),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The run's directory; default runs/<preset>-<n>.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out, or with this preset's newest.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Then solve the same at rtol / 100, and say how far the two differ."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Narrate nothing but errors.")] = False,
) -> None:
    """Train as a preset says, on a file of samples, or on from a run, and keep it all in a run directory.

    Ctrl-C, SIGTERM and what a cluster warns with (SIGUSR1, SIGUSR2, SIGXCPU) end it within about a second;
    it is saved, and how to resume is said.
    """
    from reluflow.cli.overrides import Request

    _require_one_start(preset, data, source)
    if source is None and (at is not None or nudge):
        fail(
            f"found {'--nudge' if at is None else '--at'} without --from; expected --from RUN", ExitCode.USAGE
        )
    if source is not None and resume:
        fail("found both --from and --resume; expected one of them, or reluflow resume DIR", ExitCode.USAGE)
    request = Request(preset, settings or [], method)
    with ExitStack() as while_read:
        if source is not None:
            from reluflow.cli.going_on import begun

            loaded = begun(request, source, at, nudge or [], while_read)
        else:
            loaded = _load(request, quiet) if data is None else _load_data(request, data, while_read)
        go(loaded, out, resume, as_json, quiet, request.resume_command, check)


def _require_one_start(preset: str | None, data: str | None, source: Path | None) -> None:
    given = {"PRESET": preset, "--data": data, "--from": source}
    found = [name for name, value in given.items() if value is not None]
    if len(found) != 1:
        what = f"both {found[0]} and {found[1]}" if found else "neither PRESET nor --data nor --from"
        fail(f"found {what}; expected one of them", ExitCode.USAGE)


def go(
    loaded: "Preset",
    out: Path | None,
    resume: bool,
    as_json: bool,
    quiet: bool,
    resume_command: Callable[[Path], str],
    check: bool = False,
) -> None:
    """Train, or go on with a run, to the end; it is told, and decides the exit code of the command."""
    from reluflow.cli.resumption import going_on, is_over, left_as_it_is, taken_up
    from reluflow.store.run_directory import open_run

    if resume:
        stored, continued = taken_up(loaded, out)
        if is_over(stored, continued) and not check:
            code = left_as_it_is(stored)
            _tell(stored.summary, as_json)
            raise typer.Exit(code)
        training, written = going_on(stored, continued)
    else:
        training, written = _begun(loaded, out)
    if check:
        from reluflow.training.checking import require_checkable

        require_checkable(training)
    with Interruption() as interruption, _without_warnings() if resume else nullcontext():
        writer = written()
        if not quiet:
            _introduce(loaded, training, writer, resume)
        cut_off = _train(training, writer, interruption, quiet, as_json, resume_command, check)
    summary = open_run(writer.path).summary
    _tell(summary, as_json)
    raise typer.Exit(interruption.code if cut_off else _exit_code(summary))


def _without_warnings() -> AbstractContextManager[None]:
    """Tell nothing of overflow: a checkpoint may hold any numbers, with sums that fit them."""
    import numpy as np

    return np.errstate(all="ignore")


def _load(request: "Request", quiet: bool) -> "Preset":
    from reluflow.store.locations import complaint, shipped_presets, user_presets
    from reluflow.store.preset import load_preset

    assert request.preset is not None
    homeless, loaded = complaint(), load_preset(request.preset, request.overrides())
    remarks, path = [homeless, loaded.unused_sweep], loaded.path
    if path is not None and path.parent == user_presets() and (shipped_presets() / path.name).is_file():
        remarks.append(f"{path} stands in for the preset of that name that comes with the program")
    for each in remarks:
        if each and not quiet:
            remark(each)
    return loaded


def _load_data(request: "Request", data: str, while_read: ExitStack) -> "Preset":
    from reluflow.cli.own_data import data_file
    from reluflow.store.own_data import preset_of_data

    return preset_of_data(while_read.enter_context(data_file(data)), request.overrides())


def _begun(preset: "Preset", out: Path | None) -> "tuple[Training, Callable[[], RunWriter]]":
    """The training, and what makes its directory."""
    from reluflow.store.run_directory import RunWriter, require_absent
    from reluflow.training.training import Training

    if out is not None:
        require_absent(out)
    training = Training.from_preset(preset)
    return training, lambda: RunWriter.create(preset, training.problem, out)


def _introduce(preset: "Preset", training: "Training", writer: "RunWriter", resumed: bool) -> None:
    problem = training.problem
    doing = (
        f"going on in {writer.path} at t = {training.solver.t:.6g}" if resumed else f"writing {writer.path}"
    )
    say(
        f"{preset.name}: {counted(problem.width, 'neuron')}, {counted(problem.samples, 'sample')} in "
        f"{counted(problem.dimension, 'dimension')}, method {training.method}; {doing}"
    )
    if not resumed:
        tell_remarks(preset)


def _train(
    training: "Training",
    writer: "RunWriter",
    interruption: Interruption,
    quiet: bool,
    as_json: bool,
    resume_command: Callable[[Path], str],
    check: bool,
) -> bool:
    """Solve, save and check; returns whether a signal has ended that."""
    from reluflow.cli.loop import Loop
    from reluflow.store.json_text import plain
    from reluflow.store.run_reader import PRESET
    from reluflow.training.saving import Saver

    def how() -> str:
        if not (writer.path / PRESET).is_file():
            return f"{writer.path} is gone, and what was saved of the run with it"
        return f"resume with: {resume_command(writer.path)}"

    loop = Loop(training, Saver(training, writer), interruption, quiet)
    try:
        loop.run()
        checked = not check or loop.check(writer)
    except BrokenOffError:
        fail(
            f"interrupted, broken off in the middle of a step; what was saved before is kept; {how()}",
            interruption.code,
        )
    except RunError as error:
        if training.status != "running":  # it is solved, if not saved
            _tell(plain(writer.summary_of(training)), as_json)
        fail(f"{error}; {how()}", ExitCode.FAILED)
    finally:
        writer.close()
    if training.status == "interrupted":
        say(f"reluflow: interrupted and saved; {how()}")
    return training.status == "interrupted" or not checked


def _tell(summary: dict[str, Any], as_json: bool) -> None:
    from reluflow.cli.progress import terminal_width
    from reluflow.cli.report import report
    from reluflow.store.json_text import to_json

    emit(to_json(summary) if as_json else report(summary, terminal_width() - 2))


def _exit_code(summary: dict[str, Any]) -> ExitCode:
    return ExitCode.DONE if summary["reached_goal"] else ExitCode.FAILED
