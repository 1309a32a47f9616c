"""Errors whose message is the one sentence a user reads; no traceback is ever shown for them.

Text from files is shown escaped: no control characters, and sentences that fit on a screen.
"""

import errno
import os
import re
import shlex
import stat
import unicodedata
from collections.abc import Iterable
from enum import IntEnum
from typing import Final

#: no sentence is longer
LONGEST: Final = 300
#: paths and other words without a space are shortened to this
_LONGEST_WORD: Final = 80
_CUT: Final = " ... "
#: By what a path is at fault, not the system: whoever gave it can give another one.
_OF_A_PATH: Final = {
    errno.ENAMETOOLONG: "a name that is too long",
    errno.ELOOP: "a symbolic link that leads to itself",
    errno.ENOTDIR: "a file in the place of a folder",
}
_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFREG: "a file",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class ExitCode(IntEnum):
    """Exit codes of the command line, beside those of signals (``reluflow.signals``)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INTERRUPTED = 130


class ReluflowError(Exception):
    """Something a user can mend. The message says where, what was found and what was expected.

    As text it is one sentence that a terminal can show, whatever a file holds that it speaks of.
    """

    def __str__(self) -> str:
        return one_sentence(super().__str__())


class PresetError(ReluflowError, ValueError):
    """A preset (or a value given with ``--set``) that cannot be used."""


class ProblemError(ReluflowError, ValueError):
    """Arrays that do not make a problem: wrong shapes, NaN or infinity, sizes that do not fit."""


class SolverError(ReluflowError, ValueError):
    """A solver that cannot be used on the problem at hand, or an option it does not know."""


class RunError(ReluflowError):
    """A run directory that cannot be written, opened or resumed."""


class SweepError(ReluflowError, ValueError):
    """An axis, a name or conditions of a sweep that cannot be used, or a sweep's folder that cannot."""


class EdgeError(ReluflowError, ValueError):
    """Two presets between which there is no boundary of outcomes that could be tracked."""


class DamageError(RunError):
    """A file of a run directory that is not as it was written."""


def sentence(error: Exception) -> str:
    """Any error in one sentence."""
    if isinstance(error, ReluflowError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for these sizes; expected smaller ones"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        if is_of_a_path(error):
            found = _OF_A_PATH[error.errno or 0]
            return one_sentence(f"{where}found {found}; expected a path that can be used")
        return one_sentence(f"{where}{error.strerror or error}")
    return one_sentence(f"{type(error).__name__}: {error}")


def is_of_a_path(error: BaseException) -> bool:
    """Whether it is a path that no file or folder can be at."""
    return isinstance(error, OSError) and error.errno in _OF_A_PATH


def found_at(path: str | os.PathLike[str]) -> str:
    """What there is at a path, in words: "a folder", "a named pipe", "nothing of that name"."""
    try:
        return _KINDS.get(stat.S_IFMT(os.stat(path).st_mode), "something that is no file")
    except FileNotFoundError:
        return "a symbolic link to nothing" if os.path.islink(path) else "nothing of that name"
    except OSError as error:
        return _OF_A_PATH.get(error.errno or 0, f"what cannot be looked at ({error.strerror})")
    except ValueError:  # names that no system allows
        return "a name that cannot be one"


def escaped(text: str, kept: str = "") -> str:
    """The text with what could steer a terminal, or cannot be seen, written as TOML and JSON write it.

    Control characters, among them those that turn the direction of writing, become ``\\u001b`` or
    ``\\u202e``; those that are ``kept`` stay.
    """
    if text.isprintable():
        return text
    return "".join(each if _is_plain(each) or each in kept else _written(each) for each in text)


def _is_plain(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _written(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def shell_word(word: str) -> str:
    """The word as a shell reads it; with what cannot be printed in the quotes ``$'...'`` of bash and zsh."""
    if word.isprintable():
        return shlex.quote(word)
    plain = (
        chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\x{byte:02x}"
        for byte in os.fsencode(word)
    )
    return f"$'{''.join(plain)}'"


def command_line(words: Iterable[str]) -> str:
    """A command that a shell takes, in one line, whatever its words hold."""
    return " ".join(map(shell_word, words))


def one_sentence(text: str) -> str:
    """The sentence in one line of at most ``LONGEST`` characters, long paths without their middle."""
    plain = escaped(" ".join(text.split()))
    if len(plain) > LONGEST:
        plain = re.sub(
            rf"\S{{{_LONGEST_WORD + 1},}}", lambda word: shortened(word[0], _LONGEST_WORD, "..."), plain
        )
    return shortened(plain, LONGEST)


def counted(number: int, thing: str) -> str:
    """A number of things: "1 sample", "2 samples"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def shortened(text: str, length: int, cut: str = _CUT) -> str:
    """The text without its middle, for which ``cut`` stands, where it has more characters than ``length``."""
    if len(text) <= length:
        return text
    half = (length - len(cut)) // 2
    return text[:half] + cut + text[-half:]
