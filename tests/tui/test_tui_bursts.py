"""Keys that come faster than what they do: each finds the app as the one before has left it."""

from collections.abc import Iterator

import pytest
from terminal import Terminal, app_command


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    one = Terminal(app_command("orthogonal-toy", "--no-mouse"), (100, 30))
    yield one
    one.close()


#: the key escape, in the one encoding that does not depend on what follows it or when
ESCAPE = "\x1b[27u"

BURSTS = {
    "the palette's first verb, and a key after it": ":\r\r",
    "a preset opened, and a key after it": "o\r\r",
    "the filter": "/\r\r",
    "a panel jumped to, and a key after it": "tas",
    "something copied, and a key after it": "Y\r\r",
    "a page and one over it": f"i?{ESCAPE}{ESCAPE}",
    "a page that takes long, and one over it": f"V?{ESCAPE}{ESCAPE}",
    "a time gone to": "g50%\r\r",
    "questions that are left": ESCAPE.join("?:o/tYgsFi"),
}


#: pages come and go in all of the others as they do in this one
FEW = {what: BURSTS[what] for what in ("a page and one over it",)}


@pytest.mark.parametrize("bursts", [FEW, pytest.param(BURSTS, marks=pytest.mark.slow)], ids=["few", "all"])
def test_keys_find_the_app_as_the_keys_before_have_left_it(
    terminal: Terminal, bursts: dict[str, str]
) -> None:
    """One app, whose start takes longer than most of what is typed."""
    terminal.until(lambda screen: "quit" in screen.text and "playing" in screen.text, "a run")
    # what is typed after a key that erases stays
    terminal.type("g12345\x15678")
    terminal.until(lambda screen: " 678 " in screen.text and "12345" not in screen.text, "the rest")
    terminal.type(ESCAPE)
    terminal.until(lambda screen: " 678 " not in screen.text, "the panels")
    # the palette finds the verb of log time, and the next key pauses
    terminal.type(":over ln\r ")
    terminal.until(lambda screen: "over log time" in screen.text and "paused" in screen.text, "both keys")
    # a time is typed, gone to, and the cursor is there
    terminal.type("g20\r")
    terminal.until(lambda screen: " t 20 " in screen.text, "the time")
    terminal.type("\x1b[H ")
    terminal.until(lambda screen: "playing" in screen.text, "the run")
    # the second of two enters is not one more on the panels, where it would open a page that has no key g
    terminal.type("o\r\rg")
    terminal.until(lambda screen: "50% of the run" in screen.text, "the panels, once a preset is opened")
    terminal.type(ESCAPE)
    terminal.until(lambda screen: "50% of the run" not in screen.text, "the panels")
    for what, keys in bursts.items():
        # whatever is open is left, and then a key does what it does on the panels
        terminal.type(keys * 2 + ESCAPE * 4 + "g")
        terminal.until(lambda screen: "50% of the run" in screen.text, what)
        terminal.type(ESCAPE)
        terminal.until(lambda screen: "50% of the run" not in screen.text, "the panels")
    # where the machine is slow the run took long, and whether to leave it is asked
    terminal.type("qn")
    assert terminal.ended() == 0
