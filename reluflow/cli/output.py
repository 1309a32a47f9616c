"""Data to stdout, narration to stderr, and sentences instead of tracebacks."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Final, NoReturn, ParamSpec, TextIO, TypeVar

import typer

from reluflow.errors import ExitCode, ReluflowError, escaped, is_of_a_path, one_sentence, sentence

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

#: what the command that runs has remarked on: the same is not told again where it ends by it
_remarked: Final[set[str]] = set()
#: what it has found damaged
_damaged: Final[list[str]] = []


def emit(text: str) -> None:
    """Write data to stdout, escaped. A reader that has gone away (``| head``) is no error."""
    if sys.stdout is None:
        return  # closed by whoever started us
    try:
        sys.stdout.write(escaped(text, kept="\n\t"))
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError as error:
        give_up_stdout(error)


def give_up_reader() -> NoReturn:
    """End the command in order, as nobody reads on."""
    _discard(sys.stdout)
    raise typer.Exit(ExitCode.DONE)


def give_up_stdout(error: OSError) -> NoReturn:
    """End the command, as stdout takes nothing any more."""
    _discard(sys.stdout)
    fail(f"stdout cannot be written ({error.strerror})", ExitCode.FAILED)


def say(text: str) -> None:
    """Narrate on stderr, in one line. Where nobody listens any more, the work goes on all the same."""
    write_raw(escaped(text) + "\n")


def remark(text: str) -> None:
    """Narrate one sentence, which may be as long as any: with its beginning it still fits on a screen."""
    _remarked.add(text)
    say(one_sentence(f"reluflow: {text}"))


def remark_damage(text: str) -> None:
    """Narrate what is damaged of what the command answers from: whatever it answers, it ends with 2."""
    _damaged.append(text)
    if text not in _remarked:
        remark(text)


def write_raw(text: str) -> None:
    """Write to stderr what steers the terminal on purpose."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)


def fail(text: str, code: int) -> NoReturn:
    """End the command with one sentence and an exit code."""
    remark(text)
    raise typer.Exit(code)


def guarded(command: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """The command, ending with a sentence and an exit code for everything that a user can run into."""

    @wraps(command)
    def shielded(*args: _Arguments.args, **options: _Arguments.kwargs) -> _Result:
        _remarked.clear()
        _damaged.clear()
        try:
            result = command(*args, **options)
        except typer.Exit as end:
            if _damaged and end.exit_code in (ExitCode.DONE, ExitCode.FAILED):
                raise typer.Exit(ExitCode.USAGE) from None
            raise
        except ReluflowError as error:
            if str(error) in _remarked:
                raise typer.Exit(ExitCode.USAGE) from None
            fail(str(error), ExitCode.USAGE)
        except (MemoryError, OSError) as error:
            fail(sentence(error), ExitCode.USAGE if is_of_a_path(error) else ExitCode.FAILED)
        if _damaged:
            raise typer.Exit(ExitCode.USAGE)
        return result

    return shielded


def _discard(stream: TextIO) -> None:
    """Send what is still buffered nowhere, so that closing the stream at exit does not fail again."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
