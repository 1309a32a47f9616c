"""What is set up before any command."""

import os
import sys

from reluflow.cli.leaving import leave_here
from reluflow.training.threads import set_for_this_process


def start() -> None:
    """Run the command that was entered, or complete one."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a title that a terminal cannot show is no reason to stop
            stream.reconfigure(errors="replace")
    set_for_this_process()
    try:
        _run()
    except SystemExit as end:
        leave_here(end.code)
        raise


def _run() -> None:
    from reluflow.cli.app import app

    if os.environ.get("_RELUFLOW_COMPLETE") == "complete_bash" and "COMP_CWORD" in os.environ:
        from reluflow.cli.completion import answer_bash

        answer_bash(lambda: app(prog_name="reluflow"))
    else:
        app(prog_name="reluflow")
