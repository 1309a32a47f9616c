"""``reluflow help``: what a command does, and what words, keys and names mean."""

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any

import typer

from reluflow.cli import completion
from reluflow.cli.output import emit, guarded
from reluflow.cli.progress import terminal_width
from reluflow.cli.report import wrapped
from reluflow.errors import ReluflowError


@guarded
def help(
    topic: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TOPIC]",
            help="A command, a word, a key or a section of presets, a method, a loss, a kind of data or of "
            "first weights, a prediction, a setting, a key of the app; or a whole kind: words, keys, app ...",
            autocompletion=completion.topics,
        ),
    ] = None,
) -> None:
    """Say what a command does, or what a word, a key of presets or a name means; without TOPIC what there is.

    The app explains its keys under ?, and here: reluflow help app.
    """
    if not topic:
        emit(_list())
        return
    asked = " ".join(topic)
    texts = [_command(topic), *_meanings(asked), _keys_of_app(asked)]
    told = [text for text in texts if text]
    if not told:
        raise ReluflowError(f"there is no help on {asked!r}{_near(asked)}")
    emit("\n".join(told))


def _list() -> str:
    from reluflow.cli.app import COMMANDS
    from reluflow.cli.topics import APP, TOPICS

    width = terminal_width() - 2
    lines = ["reluflow help TOPIC says what one of these is; the first word of a line lists all of it", ""]
    for kind, found in {"commands": COMMANDS, **TOPICS, APP: ("the keys of the app",)}.items():
        names = "; ".join(found) if kind == "words" else ", ".join(found)
        lines += wrapped(f"  {kind:<13}", names, width)
    return "\n".join(lines) + "\n"


def _meanings(asked: str) -> list[str]:
    from reluflow.cli.topics import TITLES, found

    return [_told(TITLES[kind], some) for kind, some in found(asked).items()]


def _keys_of_app(asked: str) -> str:
    """What a key of the app does, or all of them; "" where there is none of that name."""
    from reluflow.cli.topics import APP

    # by name: the two fronts do not know each other
    keys: dict[str, str] = import_module("reluflow.tui").what_keys_do()
    name = asked if len(asked) == 1 else asked.casefold()  # p and P are two keys
    some = keys if name == APP else {key: meaning for key, meaning in keys.items() if key == name}
    return _told("keys of the app", some) if some else ""


def _told(title: str, meanings: Mapping[str, str]) -> str:
    width, lines = terminal_width() - 2, [f"{title}:"]
    for name, meaning in meanings.items():
        lines += wrapped(f"  {name}  ", meaning, width)
    return "\n".join(lines) + "\n"


def _command(words: list[str]) -> str:
    """The help of a command, or of one in a group, or of all; "" where there is none of that name."""
    from reluflow.cli.app import COMMANDS, program

    asked_for_all = words == ["commands"]
    if words[0] not in COMMANDS and not asked_for_all:
        return ""
    command: Any = typer.main.get_command(program(COMMANDS if asked_for_all else words[:1]))
    context = command.context_class(command, info_name="reluflow", **command.context_settings)
    for word in () if asked_for_all else words:
        inner = getattr(command, "commands", {}).get(word)
        if inner is None:
            return ""
        command, context = inner, inner.context_class(inner, info_name=word, parent=context)
    return f"{command.get_help(context)}\n"


def _near(asked: str) -> str:
    from reluflow.cli.app import COMMANDS
    from reluflow.cli.topics import APP, names
    from reluflow.store.schema import suggestion

    known = dict.fromkeys([*COMMANDS, *names(), APP])
    return suggestion(asked, known) or "; reluflow help lists what there is"
