"""``reluflow presets``: what there is to run."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from reluflow.cli import completion
from reluflow.cli.output import emit, guarded, remark
from reluflow.cli.usage import Commands
from reluflow.errors import ReluflowError, counted

if TYPE_CHECKING:
    from pathlib import Path

    from reluflow.store.preset import Preset

#: multiplications for which a check draws the data: about a second and a half of them
MOST_WORK: Final = 1e9

app = typer.Typer(
    cls=Commands, rich_markup_mode=None, help="List the presets, show one in full, or check one."
)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback(invoke_without_command=True)
@guarded
def presets(context: typer.Context, as_json: AsJson = False) -> None:
    """List the presets, show one in full, or check one."""
    if context.invoked_subcommand is not None:
        return
    from reluflow.store.json_text import to_json
    from reluflow.store.locations import complaint
    from reluflow.store.preset import list_presets

    homeless, found = complaint(), list_presets()
    if homeless:
        remark(homeless)
    for each in found:
        if each.problem:
            remark(each.problem)
    if as_json:
        emit(to_json({"presets": [vars(each) for each in found]}))
        return
    width = max((len(each.name) for each in found), default=0)
    for each in found:
        words = "(cannot be read)" if each.problem else each.title
        emit(f"{each.name:<{width}}  {words}{'  (yours)' if each.user else ''}\n")


@app.command("show")
@guarded
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="PRESET", help="A preset's name or file.", autocompletion=completion.preset_names
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Print a preset's file, and behind it as comments every value that it leaves to the defaults."""
    from reluflow.store.json_text import to_json
    from reluflow.store.preset import load_preset
    from reluflow.store.toml_text import as_comments

    preset = load_preset(name)
    if not as_json:
        defaults = {id: value for id, value in preset.values.items() if id not in preset.explicit}
        emit(_file_text(preset.path) + as_comments(defaults))
        return
    texts = {text: getattr(preset, text) for text in ("name", "title", "source", "notes", "path")}
    emit(to_json({**texts, "values": preset.values}))


def _file_text(path: "Path | None") -> str:
    """What the file says, with a line end at its end."""
    text = path.read_text(encoding="utf-8") if path is not None else ""
    return text if text.endswith("\n") or not text else text + "\n"


def _check_study(file: str) -> bool:
    """Raise SweepError for axes, measures and conditions in its section [sweep] that cannot be used.

    Returns whether all were looked at: the names of measures are those of a problem, at the first point.
    """
    from reluflow.store.rules import drawing_work
    from reluflow.sweep.running import checked
    from reluflow.sweep.study import planned

    study = planned(file)
    if drawing_work(study.preset_at(0).values) > MOST_WORK:
        return False
    checked(study)
    return True


@app.command("check")
@guarded
def check(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A preset file.", autocompletion=completion.preset_names)
    ],
    as_json: AsJson = False,
) -> None:
    """Read a preset and build its problem; say what is wrong, or what it holds.

    Data that take more than a second or two to draw are not drawn: then the values alone are checked.
    """
    from reluflow.store.json_text import to_json
    from reluflow.store.preset import load_preset
    from reluflow.store.rules import drawing_work, require_drawn_in_time

    try:
        preset = load_preset(file)
        require_drawn_in_time(preset.values, preset.name)
        drawn = drawing_work(preset.values) <= MOST_WORK
        sizes = _sizes_of(preset) if drawn else {}
        if preset.sweep is not None:
            drawn = _check_study(file) and drawn
    except ReluflowError as error:
        if as_json:
            emit(to_json({"preset": file, "usable": False, "problem": str(error)}))
        raise
    if as_json:
        emit(to_json({"preset": file, "usable": True, "problem": None, "drawn": drawn, **sizes}))
    elif drawn:
        held = f"{counted(sizes['samples'], 'sample')} in {counted(sizes['dimension'], 'dimension')}"
        emit(f"{file}: usable; {held}, {counted(sizes['width'], 'neuron')}\n")
    else:
        emit(f"{file}: usable, as far as its values tell; its data take too long to be drawn for a check\n")


def _sizes_of(preset: "Preset") -> dict[str, int]:
    """What the problem of a preset holds, which is built."""
    problem = preset.problem()
    return {"samples": problem.samples, "dimension": problem.dimension, "width": problem.width}
