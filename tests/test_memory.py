"""What the C library keeps of memory."""

import ctypes
import subprocess
import sys

import pytest

#: Allocates in four threads at the same time, and tells how many arenas there are.
ARENAS = """
import ctypes, sys, threading
from reluflow.data.memory import share_one_arena
if "share" in sys.argv:
    share_one_arena()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
together = threading.Barrier(4)
def work():
    together.wait()
    held = [bytes(5000) for _ in range(100)]
    together.wait()
threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
stream = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stream)
libc.fflush(stream)
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "malloc_info"),
    reason="needs glibc",
)
def test_threads_share_one_arena():
    arenas = [
        subprocess.run([sys.executable, "-c", ARENAS, word], capture_output=True, text=True).stdout.count(
            "<heap nr="
        )
        for word in ("share", "usual")
    ]
    assert arenas[0] == 1 < arenas[1]


#: Opens pages of cycles, closes the oldest of a few, and tells how many there were at most at a time.
PAGES = """
import gc, sys
from collections import deque
from reluflow.cli.start import COLLECTED
from reluflow.data.memory import collect_often
class Page:
    count = most = 0
    def __init__(self):
        self.parts = [[self] for _ in range(100)]
        Page.count += 1
        Page.most = max(Page.most, Page.count)
    def __del__(self):
        Page.count -= 1
gc.set_threshold(*COLLECTED)
if "often" in sys.argv:
    collect_often()
opened = deque(maxlen=1000)
for _ in range(30_000):
    opened.append(Page())
print(Page.most)
"""


def test_closed_pages_do_not_wait_together():
    most = [
        int(subprocess.run([sys.executable, "-c", PAGES, word], capture_output=True, text=True).stdout)
        for word in ("often", "usual")
    ]
    assert 3 * most[0] < most[1]
