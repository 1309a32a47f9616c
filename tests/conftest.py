"""Fixtures for all tests. BLAS gets one thread: the arrays are small and the machines are shared."""

import compileall
import gc
import importlib
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

# pytest spends half of the time of collection on rewriting assertions, which it keeps only with bytecode
sys.dont_write_bytecode = False

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402 - it is rewritten as well

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "tui"))
# the terminal and the slow line that the benchmark measures with
sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

# nohup, and a shell that starts something in the background, have signals ignored, which commands inherit
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for name in ("SIGTERM", "SIGHUP"):
    if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, name), signal.SIG_DFL)

# Nothing that tests write is to outlast a loss of power, and a run waits for the disc twenty times.
os.fsync = lambda handle: None

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")

# Every app that is closed leaves cycles of some ten thousand objects, and the modules and tests are many
# more: collected as often as Python does by itself, they take a third of the time of the app's tests. Those
# that wait to be collected take some 60 MB at most.
gc.set_threshold(1_000_000, 10, 10)


@pytest.fixture(scope="session")
def runs_for_figures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run directories that tests of figures read, and none changes."""
    from figure_runs import made_in

    return made_in(tmp_path_factory.mktemp("runs"))


def pytest_configure(config) -> None:
    """Compile the package once, before the processes that share the tests begin.

    Tests start hundreds of processes, each of which would compile what it imports where Python was told to
    write no bytecode, as is usual in containers.
    """
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(Path(__file__).parent.parent / "reluflow", quiet=2)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Wait for what is still computed though nobody waits for it, as a forecast of an app that was left.

    Compiled code that comes back to an interpreter which is being torn down aborts the process: "terminate
    called without an active exception" of HiGHS, in place of the exit code. The program itself ends without
    tearing it down (``reluflow.cli.leaving``).
    """
    patience, until = sys.modules.get("reluflow.flow.patience"), time.monotonic() + 60.0
    while patience is not None and patience.is_unfinished() and time.monotonic() < until:
        time.sleep(0.02)
    # pytest collects five times before it ends, and Python when it does, over all that is there
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Have each of the processes that share the tests rewrite some modules, which the others then find.

    In a fresh checkout that is half of the time of collection, and each would do all of it.
    """
    one = getattr(session.config, "workerinput", None)
    if one is None or session.config.args != session.config.getini("testpaths"):
        return
    modules = sorted(Path(__file__).parent.rglob("test_*.py"))
    for module in modules[int(one["workerid"].removeprefix("gw")) :: one["workercount"]]:
        # what is wrong with a module, or missing for it, is told when its tests are collected
        with suppress(Exception, pytest.skip.Exception):
            importlib.import_module(module.stem)


def pytest_collection_finish() -> None:
    """Leave what stays until the end, the modules and the tests, out of all later collections."""
    gc.collect()
    gc.freeze()
