"""What is loaded when: the engine and `reluflow run` never need the app, and help is quick.

Each case runs in a process of its own, with a finder in front that writes down every module asked for,
found or not, in any thread.
"""

import json
import os
import subprocess
import sys

import pytest

RECORDER = """
import json, sys

class Recorder:
    asked = set()
    def find_spec(self, name, path=None, target=None):
        self.asked.add(name.partition(".")[0])

sys.meta_path.insert(0, Recorder())
code = 0
try:
    exec(sys.argv.pop(1))
except SystemExit as end:
    code = end.code or 0
print(json.dumps(sorted(Recorder.asked)), file=sys.__stderr__)
sys.exit(code)
"""

COMMAND = "sys.argv[0] = 'reluflow'; from reluflow.cli import main; main()"

ENGINE = """
import importlib, pkgutil, reluflow
for module in pkgutil.walk_packages(reluflow.__path__, "reluflow."):
    layer = module.name.split(".")[1]
    if layer not in ("cli", "tui", "__main__"):
        importlib.import_module(module.name)
"""

REGISTRIES = """
from reluflow.data import DATA_KINDS, INITIALISATIONS
from reluflow.flow import METHODS
from reluflow.plot.views import RUN_VIEWS, VIEWS
from reluflow.registry.activations import ACTIVATIONS
from reluflow.registry.losses import LOSSES
from reluflow.store.keys import KEYS
from reluflow.theory import CHAPTERS, PREDICTIONS
for registry in (METHODS, DATA_KINDS, INITIALISATIONS, VIEWS, RUN_VIEWS, CHAPTERS):
    for name, row in registry.rows.items():
        assert name in registry and len(registry)
        print(name, row.help)
print(*ACTIVATIONS, *LOSSES, *(key.id for key in KEYS), *PREDICTIONS)
"""

#: what takes long to import
HEAVY = {"numpy", "scipy", "textual", "plotext", "rich"}
#: which the lowest version of typer that is allowed loads by itself
TYPERS = {"rich"}

PRESET = """
title = "tiny"
[data]
kind = "points"
inputs = [1.0, -1.0]
targets = [1.0, 0.5]
[network]
width = 4
[init]
scale = 1e-2
[stop]
loss = 1e-3
"""


def asked_for(code: str, *arguments: str, cwd=None) -> tuple[set[str], subprocess.CompletedProcess]:
    """Top-level names of all modules that a fresh interpreter asked for while it ran ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", RECORDER, code, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1])), done


def test_the_recorder_sees_what_is_imported():
    asked, _ = asked_for("import tomli_w")
    assert "tomli_w" in asked


def test_the_engine_never_imports_textual():
    """None of its modules, and so not the package, ``simulate`` or the training either."""
    asked, _ = asked_for(ENGINE)
    assert "reluflow" in asked
    assert "textual" not in asked


def test_the_app_never_imports_matplotlib_before_a_figure_is_drawn():
    code = ENGINE.replace('not in ("cli", "tui", "__main__")', '== "tui"')
    asked, _ = asked_for(code)
    assert "textual" in asked
    assert "matplotlib" not in asked


def test_a_headless_run_never_imports_textual(tmp_path):
    (tmp_path / "tiny.toml").write_text(PRESET)
    asked, done = asked_for(COMMAND, "run", "tiny.toml", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["status"] == "converged"
    assert "numpy" in asked
    assert "textual" not in asked


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["tui", "--help"], ["presets"]])
def test_help_and_lists_import_nothing_heavy(arguments):
    asked, done = asked_for(COMMAND, *arguments)
    assert done.stdout
    assert not asked & (HEAVY - TYPERS)


def test_a_command_imports_no_other_commands():
    code = f"{COMMAND.removesuffix('main()')}import sys\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
    code += "print(*(name for name in sys.modules if name.startswith('reluflow.cli.')))"
    names = asked_for(code, "run", "--help")[1].stdout.split()
    assert "reluflow.cli.run" in names
    assert not {"reluflow.cli.sweep", "reluflow.cli.edge", "reluflow.cli.tui"} & set(names)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("run orth", "orthogonal-toy"),
        ("run toy --method ", "lorentz"),
        ("run toy --set data.kind=", "data.kind=gaussian"),
        ("plot runs/toy-1 --kind ", "directions"),
        ("plot runs/toy-1 --style gg", "ggplot"),
        ("tui --marker ", "braille"),
        *(
            pytest.param(*each, marks=pytest.mark.slow)
            for each in (
                ("run toy --set data.", "data.kind="),
                ("run toy --set init.kind=", "init.kind=dominated"),
                ("run toy --set solver.loss=", "solver.loss=half-mse"),
                ("plot runs/toy-1 --time sc", "scaled"),
            )
        ),
    ],
)
def test_completion_imports_nothing_heavy(line, offered, monkeypatch):
    words = ["reluflow", *line.split(" ")]
    monkeypatch.setenv("_RELUFLOW_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    asked, done = asked_for(COMMAND)
    assert offered in done.stdout.split()
    assert not asked & (HEAVY - TYPERS)


def test_names_and_help_of_every_registry_import_nothing_heavy():
    asked, done = asked_for(REGISTRIES)
    assert {"lorentz", "piecewise", "balanced", "mse", "ReLU", "spectrum", "limit"} <= set(
        done.stdout.split()
    )
    assert "data.teacher_width" in done.stdout
    assert not asked & HEAVY


def test_the_app_paints_before_it_imports_scipy_solvers_sweeps_and_what_the_theory_computes():
    code = "import sys, reluflow.tui.launch; print(*(name for name in sys.modules if 'reluflow.' in name))"
    asked, done = asked_for(code)
    names = set(done.stdout.split())
    assert "reluflow.tui.app" in names
    assert "textual" in asked
    assert "scipy" not in asked
    late = (
        "flow.lorentz",
        "theory.alignment",
        "theory.forecast",
        "sweep.opening",
        "sweep.processes",
        "edges",
    )
    assert not [name for name in names for part in late if name.startswith(f"reluflow.{part}")]
