"""The command line: stdout is data, stderr is narration, exit codes are those of ``errors.ExitCode``.

One file a command. Nothing heavy is imported before a command runs: ``--help`` and completion are quick.
"""

import os
import sys

from reluflow.errors import ExitCode
from reluflow.threads import set_for_this_process


def main() -> None:
    """Entry point of ``reluflow`` and of ``python -m reluflow``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a title that a terminal cannot show is no reason to stop
            stream.reconfigure(errors="replace")
    set_for_this_process()
    try:
        from reluflow.cli.app import app

        if os.environ.get("_RELUFLOW_COMPLETE") == "complete_bash" and "COMP_CWORD" in os.environ:
            from reluflow.cli.completion import answer_bash

            answer_bash(lambda: app(prog_name="reluflow"))
        else:
            app(prog_name="reluflow")
    except KeyboardInterrupt:  # before a command could see to it
        sys.exit(ExitCode.INTERRUPTED)
