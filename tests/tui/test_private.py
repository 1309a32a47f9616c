"""What is used of Textual's private parts is as it was when it was tested: this fails on an upgrade.

Then read what has changed in the parts named here, see that ``terminal/private.py`` and what stands on it
still do what they say, run the tests of the app, and write the new digests down.
"""

import ast
import importlib
import inspect
import pkgutil
import tomllib
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
from textual._compositor import ChopsUpdate, Compositor
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets._toast import ToastRack

import reluflow.tui
from reluflow.tui.terminal.private import TESTED_WITH

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: the beginning of the digest of the source of each part
PARTS = {
    App._handle_exception: "baea2e7f88e7",
    App._close_messages_no_wait: "f5db7e8fd40a",
    App._print_error_renderables: "6e6be4034677",
    App._on_notify: "65e0eaed1e22",
    App._refresh_notifications: "9f3bd1575e51",
    App.panic: "9c4a264c909e",
    App.exit: "d8c06b817ac8",
    App.run_async: "821674591dfc",
    App._process_messages: "7934609529be",
    App.on_event: "3dbf14d69491",
    App._display: "4b78dff6669a",
    Screen._refresh_layout: "889715478130",
    Screen._compositor_refresh: "7a40efe56381",
    Screen.set_focus: "56cfb5778970",
    MessagePump.set_timer: "37c0f402f0b1",
    Timer._run: "60c942a84c1a",
    Compositor.render_partial_update: "888dccc892d8",
    Compositor.visible_widgets.fget: "6eddec5f2716",
    Compositor.cuts.fget: "205385a66fda",
    ChopsUpdate.render_segments: "4c1cdb567e0b",
    XTermParser.parse: "a5834ad1def8",
    XTermParser.feed: "a2ae8e648629",
    XTermParser.tick: "44606084ad3b",
    ToastRack: "27050db32888",
    LinuxDriver.__init__: "671887bbf938",
    LinuxDriver._run_input_thread: "d2ef22cc2c97",
    LinuxDriver.run_input_thread: "d796af6d69db",
    LinuxDriver._sigtstp_application: "26c3c19ce181",
    LinuxDriver._sigcont_application: "1d7463a74df1",
    LinuxDriver._get_terminal_size: "7e80e59356c6",
    LinuxDriver._query_in_band_window_resize: "6281785be6a9",
    LinuxDriver.start_application_mode: "7c41f5ba11a8",
    LinuxDriver.disable_input: "6154c5a7c174",
    LinuxDriver.stop_application_mode: "9a7e99c8d4bd",
    LinuxDriver.suspend_application_mode: "20cef4924da3",
    LinuxDriver.resume_application_mode: "f223590ce241",
    LinuxDriver.write: "b78a34033db5",
    LinuxDriver._enable_bracketed_paste: "2820fcfabcd6",
    LinuxDriver._disable_line_wrap: "d8561f5764e6",
    LinuxDriver._enable_mouse_support: "cf01052c1f34",
    Driver.process_message: "af9cb0baaf15",
}


def digest(part: object) -> str:
    return sha256(inspect.getsource(part).encode()).hexdigest()[:12]  # type: ignore[arg-type]


def test_the_dependency_is_pinned_to_the_release_that_was_tested() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"textual=={TESTED_WITH}" in project["project"]["dependencies"]
    assert version("textual") == TESTED_WITH


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__qualname__)
def test_a_part_is_as_it_was_tested(part: object) -> None:
    assert digest(part) == PARTS[part]


def modules() -> list[ModuleType]:
    """All of the app but the one that is allowed to."""
    found = pkgutil.walk_packages(reluflow.tui.__path__, "reluflow.tui.")
    names = [each.name for each in found if each.name != "reluflow.tui.terminal.private"]
    return [importlib.import_module(name) for name in names]


def private_names(cls: type) -> set[str]:
    """The private names of the classes of Textual that a class comes from."""
    bases = [base for base in cls.__mro__ if base.__module__.partition(".")[0] == "textual"]
    return {name for base in bases for name in vars(base) if name.startswith("_") and name[1] != "_"}


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__)
def test_nothing_else_of_the_app_uses_private_parts_of_textual(module: ModuleType) -> None:
    tree = ast.parse(inspect.getsource(module))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [name for name in imported if name.startswith("textual") and "._" in name]
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            private = private_names(getattr(module, node.name))
            named = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
            defined = {part.name for part in node.body if isinstance(part, FUNCTIONS)}
            assert not private & (named | defined), node.name
