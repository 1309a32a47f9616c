"""Runs that are killed at any instant go on to the very same end, and nothing is left over.

RELUFLOW_KILLS sets how many runs of each method are killed and resumed, RELUFLOW_FUZZ_SEED where to begin.
Seeds are printed; see ``killing``.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killing.py")
FIRST = int(os.environ.get("RELUFLOW_FUZZ_SEED", "0"))

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs fork and pidfd")


def faults(method, number):
    words = [sys.executable, SCRIPT, method, str(FIRST), str(FIRST + number)]
    done = subprocess.run(words, capture_output=True, text=True)
    print(done.stdout, done.stderr)
    return done.returncode


@pytest.mark.parametrize("method", [pytest.param("gd", marks=pytest.mark.slow), "lorentz"])
def test_a_few_kills(method):
    assert faults(method, 1) == 0


@pytest.mark.slow
@pytest.mark.parametrize("method", ["gd", "lorentz"])
def test_many_kills(method):
    assert faults(method, int(os.environ.get("RELUFLOW_KILLS", "25"))) == 0
