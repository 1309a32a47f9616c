"""Figures for print of what is on screen. They are drawn in a thread, with matplotlib imported there."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reluflow.errors import ReluflowError, command_line, shell_word
from reluflow.figures.choices import Choices
from reluflow.live.frame import Frame
from reluflow.registry.losses import LOSSES
from reluflow.store.preset import Preset
from reluflow.tui.export import run_command, sweep_command
from reluflow.tui.frozen_runs import FrozenRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reluflow.store.run_record import Curve, RunInMemory
    from reluflow.sweep.columns import Column
    from reluflow.sweep.opening import Sweep
    from reluflow.sweep.study import Study

#: the kind of figure that shows what a view of the neurons shows
OF_VIEWS: Final[Mapping[str, str]] = {
    "directions": "directions",
    "function": "function",
    "bundle": "eigen",
    "field": "field",
    "spectrum": "spectrum",
    "norms": "neurons",
    "norms over time": "neurons",
    "margins over time": "margins",
    "departure over time": "departure",
}
#: matplotlib's settings are those of the process
_drawing: Final = threading.Lock()


@dataclass(frozen=True)
class Drawing:
    """A figure to be drawn: ``name``, its kind; ``write`` writes it, in any thread; raises ReluflowError."""

    name: str
    write: Callable[[Path], None]


@dataclass(frozen=True)
class Behind:
    """A curve behind the run on show: its ``label``, and how much flow time ``later`` it begins."""

    run: FrozenRun
    label: str
    later: float


def usual(presets: Sequence[Preset]) -> Choices:
    """What is chosen where nothing is: losses of labels fall like 1/t for many decades."""
    of_labels = all(LOSSES[preset.values["solver.loss"]].of_labels for preset in presets)
    return Choices("log" if of_labels else "time")


def of_run(kind: str, frame: Frame, choices: Choices, behind: Sequence[Behind] = ()) -> Drawing | None:
    """The run of a frame, with the curves behind it in a figure of the loss; None if nothing is recorded."""
    if frame.history is None or frame.problem is None:
        return None
    return Drawing(kind, lambda path: _write_run(kind, frame, choices, behind, path))


def of_sweep(sweep: "Sweep", **cut: str | None) -> Drawing:
    """A sweep as a map or a curve; ``cut``: as of ``reluflow.figures.sweeps.Cut``."""
    return Drawing("sweep", lambda path: _write_sweep(sweep, cut, path))


def of_range(study: "Study", rows: "Mapping[str, Column]", values: Sequence[str]) -> Drawing:
    """Columns ``values`` over the number of a ``study``, of the ``rows`` (a table) that are solved."""
    return Drawing("sweep", lambda path: _write_range(study, rows, values, path))


def of_directories(folders: Sequence[Path]) -> Drawing | None:
    """The losses of runs that are stored; None if there is none."""
    return Drawing("loss", lambda path: _write_stored(folders, path)) if folders else None


@contextmanager
def _looking() -> "Iterator[None]":
    """While it lasts figures look as those of ``reluflow plot``; one thread at a time."""
    from reluflow.figures.look import look

    with _drawing, look():
        yield


def _write_run(kind: str, frame: Frame, choices: Choices, behind: Sequence[Behind], path: Path) -> None:
    with _looking():
        from reluflow.figures.files import save
        from reluflow.figures.kinds import curves, figure

        run = _in_memory(frame, frame.method if behind else frame.preset.name)
        drawn: Sequence[Curve] = (run, *map(_curve, behind))
        made = curves(drawn, choices) if behind else figure(kind, [run], choices)
        save(made, path, _command(kind, frame, choices, [each.run.preset for each in behind], path), drawn)
        _forget()


def _write_sweep(sweep: "Sweep", cut: Mapping[str, str | None], path: Path) -> None:
    with _looking():
        from reluflow.figures.files import save
        from reluflow.figures.sweeps import Cut, sweep_figure

        made = sweep_figure(sweep, Cut(**cut))
        words = [word for name, value in cut.items() if value for word in (f"--{name}", value)]
        save(made, path, _plot([sweep.path], path, "sweep", words), [sweep])


def _write_range(study: "Study", rows: "Mapping[str, Column]", values: Sequence[str], path: Path) -> None:
    with _looking():
        from reluflow.figures.files import save
        from reluflow.figures.sweeps import Cut, sweep_figure
        from reluflow.sweep.opening import SweepInMemory
        from reluflow.sweep.ranging import NO_RESULT

        with_result = " ".join(f"status!={status}" for status in NO_RESULT)
        folder = Path("sweeps") / path.stem
        sweep = SweepInMemory(folder, study, rows)
        cut = {"x": study.grid.keys[0], "value": ",".join(values), "where": with_result}
        made = sweep_figure(sweep, Cut(**cut))
        words = [word for name, value in cut.items() for word in (f"--{name}", value)]
        try:
            command = f"{sweep_command(study)} --out {shell_word(str(folder))}"
        except ReluflowError:  # its file is gone; the study itself is in the figure
            command = f"reluflow sweep PRESET --out {shell_word(str(folder))}"
        save(made, path, f"{command} && {_plot([folder], path, 'sweep', words)}", [sweep])


def _write_stored(folders: Sequence[Path], path: Path) -> None:
    with _looking():
        from reluflow.figures.files import save
        from reluflow.figures.kinds import figure
        from reluflow.store.run_reader import open_run

        runs = [open_run(folder) for folder in folders]
        choices = usual([run.preset for run in runs])
        save(figure("loss", runs, choices), path, _plot(folders, path, "loss", choices.words("loss")), runs)


def _in_memory(frame: Frame, name: str) -> "RunInMemory":
    from reluflow.store.run_record import RunInMemory

    assert frame.problem is not None
    assert frame.history is not None
    return RunInMemory(Path(name), frame.preset, frame.problem, frame.history, frame.status)


def _curve(behind: Behind) -> "Curve":
    from reluflow.store.run_record import CurveInMemory

    series = {**behind.run.series, "t": behind.run.series["t"] + behind.later}
    return CurveInMemory(Path(behind.label), behind.run.preset, series)


def _command(kind: str, frame: Frame, choices: Choices, others: Sequence[Preset], path: Path) -> str:
    """The command that makes the figure, of the directory of the run or else of one that it runs first."""
    commands, folders = [], []
    for number, preset in enumerate([frame.preset, *others]):
        folder = frame.folder if number == 0 else None
        if folder is None:
            folder = Path("runs") / (path.stem if number == 0 else f"{path.stem}-{number + 1}")
            try:
                commands.append(f"{run_command(preset)} --out {shell_word(str(folder))}")
            except ReluflowError:  # its file is gone; the preset itself is in the figure
                commands.append(f"reluflow run PRESET --out {shell_word(str(folder))}")
        folders.append(folder)
    return " && ".join([*commands, _plot(folders, path, kind, choices.words(kind))])


def _plot(folders: Sequence[Path], path: Path, kind: str, words: Sequence[str]) -> str:
    return command_line(["reluflow", "plot", *map(str, folders), "-o", path.name, "--kind", kind, *words])


def _forget() -> None:
    """Let go of what was worked out of the run on show: the next figure is of a longer one."""
    from reluflow.figures.shown import history_of, landmarks_of

    history_of.cache_clear()
    landmarks_of.cache_clear()
