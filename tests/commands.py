"""Calling the command line: inside this process, or as a shell would."""

import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

from typer import Typer
from typer.testing import CliRunner

from reluflow.cli.app import COMMANDS, app, program
from reluflow.signals import ENDING

COMMAND = [sys.executable, "-m", "reluflow"]
#: a run that ends within a second
FAST = ["--set", "network.width=8", "--set", "init.scale=1e-3", "--set", "stop.loss=0.3"]

#: Says that signals are seen to, which is the first thing that happens.
MARKED = f"""
import os, signal, sys
usual, seen = signal.signal, []
def marking(number, handler):
    done = usual(number, handler)
    seen.append(number)
    if len(seen) == {len(ENDING)}:
        os.write(1, b"begun\\n")
    return done
signal.signal = marking
sys.argv[0] = "reluflow"
from reluflow.cli import main
main()
"""
#: what is done about them is the same, so that it is tried with those above, and seldom with these
OTHERS = [[number] for number in ENDING if number not in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
SIGNALS = (
    [[signal.SIGINT], [signal.SIGINT, signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP]]
    if hasattr(signal, "SIGHUP")
    else []
)


def spent(process):
    """Seconds of the processor's time that a process has used; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def spent_by_those_that_ended():
    """Seconds of the processor's time that child processes had used which have ended by now."""
    used = os.times()
    return used.children_user + used.children_system


@cache
def alone(name) -> Typer:
    """The command line with one command, as a process has it: typer makes all there are for every call."""
    return program([name])


def call(*words):
    return CliRunner().invoke(alone(words[0]) if words[:1] and words[0] in COMMANDS else app, list(words))


def shell(*words, **options):
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=60, **options)


def one_sentence(text):
    return text.startswith("reluflow: ") and text.count("\n") == 1 and "Traceback" not in text
