"""Hostile files: a result or one sentence, in little time and memory. ``fuzzing`` says what is asked of each.

RELUFLOW_FUZZ sets how many of each kind are tried, RELUFLOW_FUZZ_SEED where to begin. Seeds are printed.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fuzzing.py")
FIRST = int(os.environ.get("RELUFLOW_FUZZ_SEED", "0"))

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs fork and RLIMIT_AS")


def faults(numbers):
    """How many of each kind are tried, in one process, which imports all there is."""
    words = [word for kind, number in numbers.items() for word in (kind, str(FIRST), str(FIRST + number))]
    done = subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True)
    print(done.stdout, done.stderr)
    return done.returncode


def test_a_few_hostile_files():
    assert faults({"presets": 8, "sizes": 4, "directories": 2}) == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["presets", "sizes", "directories"])
def test_many_hostile_files(kind):
    assert faults({kind: int(os.environ.get("RELUFLOW_FUZZ", "300"))}) == 0
