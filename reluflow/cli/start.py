"""What is set up before any command."""

import gc
import os
import sys
import warnings
from typing import Final

from reluflow.cli.leaving import leave_here
from reluflow.training.threads import set_for_this_process

#: Objects after which new ones are searched for cycles, and searches after which older ones are. Modules are
#: many objects that stay: searched as often as Python does by itself, they take a tenth of the start.
COLLECTED: Final = (50_000, 10, 10)


def start() -> None:
    """Run the command that was entered, or complete one."""
    gc.set_threshold(*COLLECTED)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a title that a terminal cannot show is no reason to stop
            stream.reconfigure(errors="replace")
    set_for_this_process()
    if not sys.warnoptions:  # warnings are for those who write programs; a user is told in sentences
        warnings.simplefilter("ignore")
    try:
        _run()
    except SystemExit as end:
        leave_here(end.code)
        raise


def _run() -> None:
    from reluflow.cli.app import COMMANDS, program

    completed = "_RELUFLOW_COMPLETE" in os.environ
    app = program(sys.argv[1:2] if not completed and sys.argv[1:2] and sys.argv[1] in COMMANDS else COMMANDS)
    if os.environ.get("_RELUFLOW_COMPLETE") == "complete_bash" and "COMP_CWORD" in os.environ:
        from reluflow.cli.completion import answer_bash

        answer_bash(lambda: app(prog_name="reluflow"))
    else:
        app(prog_name="reluflow")
