"""Which process writes to a directory, and whether it is still there."""

import os
import platform
import sys
import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Owner:
    """A process of a host. ``started``: when, in ticks of the host's clock, so that a number that is given
    anew is not taken for the old process; 0 where the system does not tell.
    """

    host: str
    process: int
    started: int

    @classmethod
    def this(cls) -> "Owner":
        """This process."""
        process = os.getpid()
        return cls(platform.node(), process, _started(process) or 0)

    @property
    def tag(self) -> str:
        """A name for it, of which ``is_gone`` can tell."""
        return f"{_crc(self.host)}-{self.process}-{self.started}"

    def alive(self) -> bool | None:
        """Whether it is there; None where that cannot be seen from here."""
        if self.host != platform.node() or os.name != "posix":
            return None
        return _is_there(self.process, self.started)


def is_gone(tag: str) -> bool:
    """Whether a process of this host that made a ``tag`` has ended; False wherever that is not certain."""
    host, *numbers = tag.split("-")
    if host != _crc(platform.node()) or len(numbers) != 2 or not all(map(_is_number, numbers)):
        return False
    return os.name == "posix" and not _is_there(int(numbers[0]), int(numbers[1]))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _is_there(process: int, started: int) -> bool:
    if not 0 < process < 2**31:
        return False
    if sys.platform.startswith("linux"):
        found = _started(process)
        return found is not None and (found == started or started == 0)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # of another user
    return True


def _started(process: int) -> int | None:
    """When a process started; None if there is none, or only its exit code is left of it."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            words = file.read().rpartition(b")")[2].split()
        return None if words[0] in (b"Z", b"X") else int(words[19])
    except (OSError, ValueError, IndexError):
        return None


def _crc(text: str) -> str:
    return f"{zlib.crc32(text.encode('utf-8', 'surrogateescape')):08x}"
