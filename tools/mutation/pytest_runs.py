"""pytest in a private copy of the tree, so that neither the checkout nor its caches are touched."""

import importlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_CACHES = (
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    ".import_linter_cache",
    "__pycache__",
)
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".mutants", "*.egg-info", "dist", "runs", *_CACHES)
TOOLS = Path(__file__).resolve().parent.parent
#: Seconds that a whole pytest may take beyond the limits of its tests, which end it in all usual cases.
MARGIN = 300.0
#: Variables that pytest does not get; without the last one, tests would be compiled anew for every line.
LEFT_OUT = ("PYTEST_", "MUTANTS_", "PYTHONDONTWRITEBYTECODE")
#: What tests of this package and their plugins import of others.
SLOW_TO_IMPORT = (
    *("pytest", "pytest_asyncio.plugin", "pytest_cov.plugin", "xdist.plugin", "xdist.looponfail"),
    *(
        "hypothesis",
        "hypothesis.strategies",
        "hypothesis.extra.numpy",
        "hypothesis.internal.conjecture.engine",
    ),
    *("numpy", "scipy.integrate", "scipy.optimize", "scipy.linalg", "scipy.sparse.linalg", "scipy.spatial"),
    *("scipy.interpolate", "scipy.special", "textual.app", "textual.widgets", "textual.pilot"),
)


@dataclass(frozen=True)
class Happened:
    """What a pytest process left: its exit code (negative: killed by a signal), times and failures."""

    code: int
    seconds: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)


@contextmanager
def private_copy(root: Path) -> Iterator[Path]:
    """A copy of the working tree, as it is, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        copy = Path(name).resolve() / "tree"
        shutil.copytree(root, copy, ignore=NOT_COPIED, symlinks=True)
        yield copy


def run_pytest(
    copy: Path,
    words: Sequence[str],
    limits: dict[str, float] | None = None,
    variables: dict[str, str] | None = None,
    output: int = subprocess.DEVNULL,
) -> Happened:
    """Run pytest on a copy; ``limits``: the tests to run, in order, with the seconds that each may take.

    With limits it runs in a fork of this process, which has imported what is slow to import.
    """
    given = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        result, chosen = Path(name) / "result.json", Path(name) / "tests.json"
        given |= {
            "PYTHONPATH": f"{copy}{os.pathsep}{TOOLS}",
            "MUTANTS_RESULT": str(result),
            **(variables or {}),
        }
        words = ["-q", "-p", "mutation.pytest_plugin", "-p", "no:cacheprovider", *words]
        if limits is None:
            code = _in_new_process(words, copy, given, output)
        else:
            chosen.write_text(json.dumps(limits))
            given["MUTANTS_TESTS"] = str(chosen)
            code = _in_fork(words, copy, given, sum(limits.values()) + MARGIN)
        return Happened(code, **json.loads(result.read_text())) if result.exists() else Happened(code)


def _in_new_process(words: Sequence[str], folder: Path, variables: dict[str, str], output: int) -> int:
    """The exit code; nothing of the process's group outlives it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words], cwd=folder, env=variables, stdin=subprocess.DEVNULL,
        stdout=output, stderr=output, start_new_session=True,
    )  # fmt: skip
    try:
        return process.wait()
    finally:
        _end_group(process.pid)
        process.wait()


def _in_fork(words: Sequence[str], folder: Path, variables: dict[str, str], limit: float) -> int:
    """The exit code, which is that of an alarm if the limit is over; nothing of its group outlives it."""
    for module in SLOW_TO_IMPORT:
        with suppress(ImportError):
            importlib.import_module(module)
    process = multiprocessing.get_context("fork").Process(target=_pytest, args=(words, folder, variables))
    process.start()
    assert process.pid is not None
    try:
        process.join(limit)
        return -signal.SIGALRM if process.exitcode is None else process.exitcode
    finally:
        _end_group(process.pid)
        process.kill()
        process.join()


def _pytest(words: Sequence[str], folder: Path, variables: dict[str, str]) -> None:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.path[:0] = [str(folder), str(TOOLS)]
    sys.dont_write_bytecode = False
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    import pytest

    code = int(pytest.main(list(words)))
    os._exit(code)


def _end_group(process: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
