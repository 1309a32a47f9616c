"""The reference of the command line in Markdown, made from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import typer.main

from reluflow.cli.app import app


def cli_reference() -> str:
    """A section for every command: its usage, what it does, its arguments and options."""
    root = typer.main.get_command(app)
    return "\n".join(
        line for name, command in _commands("reluflow", root) for line in _section(name, command)
    )


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", {})
    yield from ((name, each) for each in inner.values() if each.hidden)  # stands for the group itself
    if not any(each.hidden for each in inner.values()):
        yield name, command
    for word, each in inner.items():
        if not each.hidden:
            yield from _commands(f"{name} {word}", each)


def _section(name: str, command: Any) -> Iterator[str]:
    parameters = [each for each in command.params if not getattr(each, "hidden", False)]
    places = [each for each in parameters if each.param_type_name == "argument"]
    options = [each for each in parameters if each.param_type_name == "option" and each.name not in _SHELL]
    words = [_place(each) for each in places] + ["[OPTIONS]"] * bool(options)
    words += ["COMMAND"] * bool(getattr(command, "commands", None))
    yield from ("", f"## `{name}`", "", "```text", " ".join([name, *words]), "```", "")
    yield from (" ".join(part.split()) + "\n" for part in _help(command).split("\n\n") if part.strip())
    if places or options:
        yield from ("| argument or option | what it is |", "|---|---|")
        yield from (f"| `{_place(each)}` | {_cell(each)} |" for each in places)
        yield from (f"| {_option(each)} | {_cell(each)} |" for each in options)
        yield ""


#: options of every program made with typer
_SHELL = ("install_completion", "show_completion", "help")


def _help(command: Any) -> str:
    return str(command.help or "").replace("\b", "").split("\f")[0].replace("<", "&lt;")


def _place(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    name = name.strip("[].") + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar or option.type.name.upper()}"
    names = ", ".join(f"`{name}{value}`" for name in (*option.opts, *option.secondary_opts))
    return names.replace("|", r"\|")


def _cell(parameter: Any) -> str:
    words = " ".join(str(parameter.help or "").split()).replace("|", r"\|").replace("<", "&lt;")
    default = parameter.default
    told = default not in (None, False, True, [], ()) and not callable(default)
    return words + (f" Default: `{default}`." if told and f"{default}" not in words else "")
