"""What is written piece by piece gives the picture that is painted as a whole."""

from collections.abc import Callable

import pytest
from rich.console import Console
from rich.segment import Segment
from terminal import Screen, Terminal, app_command
from textual.strip import Strip

from reluflow.tui.terminal.painting import SpansUpdate


def has(words: str) -> Callable[[Screen], bool]:
    return lambda screen: words in screen.text


@pytest.mark.slow
def test_after_any_keys_the_screen_is_as_if_painted_anew() -> None:
    terminal = Terminal(app_command("nonorthogonal-five-points"), size=(120, 40))
    try:
        terminal.until(has("solver done"), "the end of the run")
        begun = terminal.screen.frames
        terminal.until(lambda screen: screen.frames > begun + 5, "some pictures")
        terminal.type(" ?")
        terminal.until(has("  Keys"), "the help")
        terminal.type("\x1b")
        terminal.until(lambda screen: "  Keys" not in screen.text, "the panels")
        terminal.type("ln" + "j" * 15 + "zzzzy[\x1b[Dc")
        terminal.until(has("by time"), "what the last key does")
        terminal.quiet(0.5)
        pieces = terminal.screen.text
        for columns in (119, 120):
            terminal.resize(columns, 40)
            terminal.until(lambda screen: has("by time")(screen) and has("quit")(screen), "the screen")
            terminal.quiet(0.5)
        assert terminal.screen.text == pieces
    finally:
        terminal.close()


def test_a_row_is_written_from_its_first_changed_cell_to_its_last() -> None:
    strips = {0: Strip([Segment("abcdef")]), 6: None, 8: Strip([Segment("ghij")])}
    update = SpansUpdate([strips, strips], [(0, 2, 4), (1, 5, 9)], [[6, 8, 12], [6, 8, 12]])
    written = update.render_segments(Console(color_system=None))
    assert written == "\x1b[1;3Hcd\x1b[2;6Hf\x1b[2;9Hg"
    screen = Screen(12, 2)
    screen.feed(written.encode())
    assert screen.lines == ["  cd", "     f  g"]
