"""Usage errors in one sentence, where typer would print four lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer
from typer.core import TyperGroup

from reluflow.cli.output import fail, give_up_reader, give_up_stdout
from reluflow.errors import ExitCode

#: more letters than a first sentence has
_WHOLE: Final = 1000
#: typer has its own copy of click, older versions of typer have click's: the base class of what is public
UsageError: Any = typer.BadParameter.__base__


class Commands(TyperGroup):
    """A group of commands that says in one sentence what is wrong with the words that were entered."""

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **options: Any) -> Any:
        if not options.get("resilient_parsing"):  # as where words are completed
            _require_words(args)
        with _in_one_sentence():
            return super().make_context(info_name, args, *more, **options)

    def invoke(self, *args: Any, **options: Any) -> Any:
        with _in_one_sentence():
            return super().invoke(*args, **options)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands with their whole first sentences, which would be cut off after some words."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, each.get_short_help_str(_WHOLE)) for name, each in named if each and not each.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def _require_words(args: list[str]) -> None:
    """End the command where a word is empty, as of a variable that is not set: as a path it is the folder."""
    for before, word in zip(["", *args], args, strict=False):
        option = word.removesuffix("=") if word.startswith("--") and word.endswith("=") else ""
        if not word or option:
            named = option or (before if before.startswith("-") else "")
            where = f"{named}: " if named else ""
            fail(f"{where}found an empty word; expected a name or a value", ExitCode.USAGE)


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # a reader of the help has gone away, as in ``| head``
        give_up_reader()
    except OSError as error:  # commands see to their own; this is one of the help
        give_up_stdout(error)
    except UsageError as error:
        found = error.format_message().rstrip(". ")
        if "\n" in found:  # the help, in place of a command that is missing
            raise
        path = error.ctx.command_path.strip() if error.ctx is not None else "reluflow"
        inner = path.partition(" ")[2]
        where = f"{inner}: " if inner else ""
        found = found.replace(". Did you mean", ", did you mean")
        more = f" (see {path} --help)" if found.endswith("?") else f"; see {path} --help"
        fail(f"{where}{found[:1].lower()}{found[1:]}{more}", ExitCode.USAGE)
