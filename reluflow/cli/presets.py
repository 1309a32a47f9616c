"""``reluflow presets``: what there is to run."""

from typing import Annotated

import typer

from reluflow.cli import completion
from reluflow.cli.output import emit, guarded, say
from reluflow.errors import ReluflowError

app = typer.Typer(rich_markup_mode=None, help="List the presets, show one in full, or check one.")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback(invoke_without_command=True)
@guarded
def presets(context: typer.Context, as_json: AsJson = False) -> None:
    """List the presets, show one in full, or check one."""
    if context.invoked_subcommand is not None:
        return
    from reluflow.store.json_text import to_json
    from reluflow.store.preset import list_presets

    found = list_presets()
    for each in found:
        if each.problem:
            say(f"reluflow: {each.problem}")
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
    """Print a preset in full, with every value that its file leaves to the defaults."""
    from reluflow.store.json_text import to_json
    from reluflow.store.preset import load_preset

    preset = load_preset(name)
    if not as_json:
        emit(preset.to_toml())
        return
    texts = {text: getattr(preset, text) for text in ("name", "title", "source", "notes", "path")}
    emit(to_json({**texts, "values": preset.values}))


@app.command("check")
@guarded
def check(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A preset file.", autocompletion=completion.preset_names)
    ],
    as_json: AsJson = False,
) -> None:
    """Read a preset and build its problem; say what is wrong, or what it holds."""
    from reluflow.store.json_text import to_json
    from reluflow.store.preset import load_preset

    try:
        problem = load_preset(file).problem()
    except ReluflowError as error:
        if as_json:
            emit(to_json({"preset": file, "usable": False, "problem": str(error)}))
        raise
    sizes = {"samples": problem.samples, "dimension": problem.dimension, "width": problem.width}
    if as_json:
        emit(to_json({"preset": file, "usable": True, "problem": None, **sizes}))
    else:
        emit(
            f"{file}: usable; {problem.samples} samples in {problem.dimension} dimensions, "
            f"{problem.width} neurons\n"
        )
