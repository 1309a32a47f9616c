"""How much memory this process can still have, what training takes of it, and what need not be kept."""

import ctypes
import gc
import os
import sys
from contextlib import suppress
from typing import Final

from reluflow.errors import ProblemError, counted

#: so much of it is for arrays; the rest is for what is done with them, and for others
SHARE: Final = 0.8
#: bytes of memory that a machine is taken to have which does not tell
UNTOLD: Final = 2.0**33
#: glibc's number of the option for how many arenas there may be (malloc.h)
_M_ARENA_MAX: Final = -8
#: New objects after which they are searched for cycles, and searches after which older ones and the oldest
#: are, in a process that stays.
_COLLECTED: Final = (2_000, 10, 5)

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]


def room() -> float:
    """Bytes that arrays may take: a share of this machine's memory, or of what a limit leaves of it."""
    return SHARE * min(_present(), _left())


def give_back() -> None:
    """Give back what the C library keeps of memory that was freed, where it can be asked to (glibc).

    What a large run has held is else kept for ever, because small things that were made meanwhile lie between
    its pieces.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def share_one_arena() -> None:
    """Let all threads allocate from one arena, where the C library has several (glibc).

    Each thread else gets one of its own, and what a short one has freed there is kept for the next: some
    megabytes for every few of them. Threads of Python rarely allocate at the same time.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def collect_often() -> None:
    """Search for cycles of objects that nobody uses more often, and no longer among those that are there now.

    A page of an app that was closed is such cycles. Searched for as seldom as commands do it (or as Python
    does), those of thousands of pages wait together, and what is made meanwhile lies between them, so that
    their memory is never given back. Modules, which are most of what is there at the start, stay anyway.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECTED)


def working_memory(samples: int, dimension: int, width: int, others: int = 0) -> int:
    """Bytes that training needs, roughly: weights and pre-activations about ten times over.

    ``others`` are rows of as many numbers as an input that are drawn once: a teacher's neurons, and samples
    that are held out. Five copies of them are made at most.
    """
    trained = width * (dimension + samples + 1) + samples * (samples + dimension)
    return 8 * (10 * trained + 5 * others * dimension)


def require_memory(samples: int, dimension: int, width: int, where: str, others: int = 0) -> None:
    """Raise ProblemError, with the estimate, if the sizes cannot fit in the memory there is."""
    needed = working_memory(samples, dimension, width, others)
    if needed > (most := room()):
        beside = f", beside {others} teacher neurons and held-out samples," if others else ""
        raise ProblemError(
            f"{where}: {counted(width, 'neuron')} on {counted(samples, 'sample')} in "
            f"{counted(dimension, 'dimension')}{beside} need about "
            f"{needed / 1e9:.3g} GB; expected at most {most / 1e9:.3g} GB, 80 % of what this process may have"
        )


def _present() -> float:
    if not hasattr(os, "sysconf"):  # Windows
        return UNTOLD
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _left() -> float:
    """What the limit on the address space leaves, which `ulimit -v` and batch systems set."""
    if resource is None:
        return float("inf")
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return float("inf") if limit == resource.RLIM_INFINITY else max(float(limit - _taken()), 0.0)


def _taken() -> int:
    """Bytes of address space in use, as far as the system tells."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
