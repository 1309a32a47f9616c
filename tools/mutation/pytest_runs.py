"""pytest in a private copy of the tree, so that neither the checkout nor its caches are touched."""

import json
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
    """Run pytest on a copy; ``limits``: the tests to run, in order, with the seconds that each may take."""
    given = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MUTANTS_"))
    }
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        result, chosen, limit = Path(name) / "result.json", Path(name) / "tests.json", None
        given |= {
            "PYTHONPATH": f"{copy}{os.pathsep}{TOOLS}",
            "MUTANTS_RESULT": str(result),
            **(variables or {}),
        }
        if limits is not None:
            chosen.write_text(json.dumps(limits))
            given["MUTANTS_TESTS"] = str(chosen)
            limit = sum(limits.values()) + MARGIN
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "mutation.pytest_plugin",
            "-p",
            "no:cacheprovider",
        ]
        code = _finished([*command, *words], copy, given, output, limit)
        return Happened(code, **json.loads(result.read_text())) if result.exists() else Happened(code)


def _finished(
    command: list[str], folder: Path, variables: dict[str, str], output: int, limit: float | None
) -> int:
    """The exit code; nothing of the process's group outlives it."""
    process = subprocess.Popen(
        command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        start_new_session=True,
    )  # fmt: skip
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        return -signal.SIGALRM
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
