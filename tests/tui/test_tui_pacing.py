"""No more pictures than the terminal takes, in no more bytes than they need."""

import re

from driver import SMALL, explorer
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color, ColorSystem
from rich.style import Style
from terminal import Link, Terminal, app_command
from textual.widgets import Input

from reluflow.tui.terminal.ink import compact
from reluflow.tui.terminal.pacing import PACING, Pacer

# --- the count of open questions ---


def asked(times: int) -> Pacer:
    pacer = Pacer()
    assert all(pacer.ask() for _ in range(times))
    return pacer


def test_two_questions_may_be_open() -> None:
    assert not asked(PACING.most_open - 1).congested
    pacer = asked(PACING.most_open)
    assert pacer.congested
    assert pacer.answered()
    assert not pacer.congested


def test_who_waits_hears_of_every_answer_and_of_nothing_else() -> None:
    heard: list[int] = []
    pacer = Pacer(lambda: heard.append(1))
    assert not pacer.answered()
    assert not heard
    pacer.ask()
    assert pacer.answered()
    assert len(heard) == 1


def test_a_terminal_that_never_answers_is_asked_no_more_and_waited_for_no_more() -> None:
    pacer = asked(PACING.most_open)
    pacer.give_up()
    assert not pacer.congested
    assert not pacer.ask()
    assert not pacer.congested


def test_a_late_first_answer_brings_pacing_back() -> None:
    pacer = asked(PACING.most_open)
    pacer.give_up()
    assert pacer.answered()
    assert [pacer.ask() for _ in range(PACING.most_open)] == [True] * PACING.most_open
    assert pacer.congested


def test_answers_lost_on_the_way_are_forgiven() -> None:
    pacer = asked(PACING.most_open)
    pacer.answered()
    pacer.ask()
    pacer.give_up()
    assert not pacer.congested
    assert pacer.ask()


def test_on_leaving_there_are_no_more_questions_until_the_terminal_is_back() -> None:
    pacer = Pacer()
    pacer.finish()
    assert not pacer.ask()
    pacer.start()
    assert pacer.ask()


# --- fewer bytes for the same picture ---

_TOKEN = re.compile(r"\x1b\[([\d;]*)([mH])|([^\x1b])")
styles = st.builds(
    Style,
    color=st.none() | st.integers(0, 255).map(Color.from_ansi),
    bgcolor=st.none() | st.integers(0, 255).map(Color.from_ansi) | st.just(Color.parse("#102030")),
    bold=st.none() | st.booleans(),
    dim=st.none() | st.booleans(),
    italic=st.none() | st.booleans(),
    underline=st.none() | st.booleans(),
    reverse=st.none() | st.booleans(),
)
texts = st.text(st.sampled_from("ab  ⣀"), max_size=4) | st.sampled_from(
    ["\r\n", "\x1b[3;2H", "\r\n\x1b[1;5H"]
)


def cells(text: str) -> dict[tuple[int, int], tuple[str, frozenset[str]]]:
    """What a terminal shows: at each place the character and all that can be seen of its style."""
    shown: dict[tuple[int, int], tuple[str, frozenset[str]]] = {}
    style: dict[str, str] = {}
    row = column = 0
    for numbers, kind, sign in (token.groups() for token in _TOKEN.finditer(text)):
        if kind == "m":
            style = restyled(style, numbers)
        elif kind == "H":
            row, column = (int(part) for part in numbers.split(";"))
        elif sign in "\r\n":
            row, column = (row, 0) if sign == "\r" else (row + 1, column)
        else:
            seen = set(style.items())
            if sign == " " and not {"4", "7"} & set(style):
                seen = {(name, value) for name, value in seen if name == "back"}
            shown[row, column] = (sign, frozenset(f"{name}={value}" for name, value in seen))
            column += 1
    assert not style, "a style is left"
    return shown


def restyled(style: dict[str, str], numbers: str) -> dict[str, str]:
    style = dict(style)
    parts = iter((numbers or "0").split(";"))
    for part in parts:
        if part == "0":
            style.clear()
        elif part == "22":
            style.pop("1", None)
            style.pop("2", None)
        elif part in ("38", "48"):
            kind = next(parts)
            colour = [kind, *(next(parts) for _ in range(1 if kind == "5" else 3))]
            style["front" if part == "38" else "back"] = ";".join(colour)
        elif len(part) == 1:
            style[part] = "on"
        else:
            back = part.startswith(("4", "10"))
            style["back" if back else "front"] = part
    return style


@given(st.lists(st.tuples(texts, styles), max_size=12))
def test_the_screen_is_the_same(pieces: list[tuple[str, Style]]) -> None:
    text = "".join(style.render(piece, color_system=ColorSystem.TRUECOLOR) for piece, style in pieces)
    short = compact(text)
    assert cells(short) == cells(text)
    assert len(short) <= len(text)


def test_neighbours_of_one_style_need_it_once() -> None:
    assert compact("\x1b[38;5;9mab\x1b[0m\x1b[38;5;9mc\x1b[0m") == "\x1b[38;5;9mabc\x1b[0m"
    assert compact("\x1b[1;38;5;9ma\x1b[0m\x1b[38;5;9m \x1b[0m") == "\x1b[1;38;5;9ma \x1b[0m"
    assert compact("no style") == "no style"


# --- the app on such terminals ---


def test_a_terminal_that_answers_nothing_is_served_all_the_same() -> None:
    terminal = Terminal(app_command("orthogonal-toy"), answers=False)
    try:
        terminal.until(lambda screen: "solver done" in screen.text, "the end of the run")
        terminal.type("l")
        terminal.until(lambda screen: "over log time" in screen.text, "what the key does")
        terminal.type("q")
        assert terminal.ended() == 0
    finally:
        terminal.close()


async def test_a_terminal_that_comes_to_rest_while_the_app_leaves_is_not_painted() -> None:
    async with explorer(overrides=SMALL) as app:
        assert app.app.is_running
    assert not app.app.screen_stack
    app.app.repaint()


async def test_no_cursor_blinks() -> None:
    """A line to type in that blinks would write to the terminal twice a second, though nothing happens."""
    async with explorer(size=(130, 40), form=True) as app:
        await app.press("4", "down", "down")
        assert not any(line.cursor_blink for line in app.app.query(Input))
        for key in ("g", "colon", "o", "slash", "s"):
            await app.press("escape", "escape", "3", key)
            assert not app.app.screen.query_one(Input).cursor_blink, key


def test_no_answer_is_left_for_the_shell() -> None:
    """On a slow line the last answers come after the key that ends the app."""
    app = " ".join(app_command("orthogonal-toy"))
    shell = ["bash", "-c", f"{app}; read -r -s -t 1 -n 1 rest; echo code=$? rest=${{#rest}}"]
    terminal = Terminal(shell, link=Link(None, 0.15))
    try:
        terminal.until(lambda screen: "playing" in screen.text, "a picture")
        terminal.type("q")
        terminal.until(lambda screen: "code=" in screen.text, "the shell")
        assert "rest=0" in terminal.screen.text
        assert not terminal.screen.alternate
    finally:
        terminal.close()


def test_nothing_is_painted_while_the_terminal_is_behind() -> None:
    terminal = Terminal(app_command("orthogonal-toy"))
    screen = terminal.screen
    try:
        terminal.until(lambda screen: "solver done" in screen.text, "the end of the run")
        screen.answers = False
        begun = screen.questions
        terminal.until(lambda screen: screen.questions >= begun + PACING.most_open, "open questions")
        terminal.quiet(0.3)
        terminal.type("l")
        terminal.quiet(0.3)
        assert screen.questions == begun + PACING.most_open
        assert "over log time" not in screen.text
        screen.answers = True
        terminal.type("\x1b[1;1R" * PACING.most_open)
        terminal.until(lambda screen: "over log time" in screen.text, "what the key does")
        terminal.until(lambda screen: screen.questions > begun + 2 * PACING.most_open, "more pictures")
    finally:
        terminal.close()
