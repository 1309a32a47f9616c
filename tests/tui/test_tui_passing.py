"""Messages in passing come and go, and timers go off, however late the app gets to them."""

from itertools import count

import pytest
from driver import SMALL, explorer
from textual_private import clock_of_timers, give_way_to_all

from reluflow.tui.terminal.passing import PassingMessage


def test_of_a_message_that_is_late_some_time_is_left() -> None:
    """A timer of Textual's hangs the app for a negative one."""
    late = PassingMessage("too late", timeout=-1.0)
    assert late.has_expired
    assert late.time_left > 0.0
    assert not PassingMessage("in time", timeout=60.0).has_expired


async def test_what_the_app_says_is_such_a_message_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async with explorer(overrides=SMALL) as app:
        monkeypatch.setattr(app.app, "NOTIFICATION_TIMEOUT", -0.01)
        monkeypatch.setattr(PassingMessage, "has_expired", property(lambda _: False))
        app.app.say("said too late")
        await app.until(lambda: "said too late" in app.messages, "the message")
        await app.until(lambda: not app.messages, "its end")


async def test_a_message_that_is_on_screen_is_not_shown_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with explorer(overrides=SMALL) as app:
        monkeypatch.setattr(app.app, "NOTIFICATION_TIMEOUT", 60.0)
        for _ in range(3):
            app.app.say("said often")
            app.app.say("said as well")
            await app.drained()
        assert app.messages.splitlines() == ["said often", "said as well"]
        app.app.complain("said often")
        await app.drained()
        assert app.messages.splitlines() == ["said often", "said as well", "said often"]


async def test_a_message_that_has_gone_is_shown_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with explorer(size=(100, 30), overrides=SMALL) as app:
        monkeypatch.setattr(app.app, "NOTIFICATION_TIMEOUT", 60.0)
        for _ in range(2):
            app.app.say("said again")
            await app.until(lambda: "said again" in app.text, "the message")
            app.app.clear_notifications()
            await app.until(lambda: "said again" not in app.text, "its end")


@pytest.mark.parametrize("part", ["app", "screen", "page"])
async def test_a_timer_whose_time_is_up_as_it_begins_goes_off(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with explorer(overrides=SMALL) as app:
        await app.press("V")
        pump = {"app": app.app, "screen": app.app.main, "page": app.app.screen}[part]
        gone_off: list[str] = []
        with monkeypatch.context() as patched:
            # another program has the processor between any two looks at the clock
            clock_of_timers(patched, map(float, count()).__next__)
            pump.set_timer(0.5, lambda: gone_off.append("once"))
            await give_way_to_all()
        await app.until(lambda: gone_off, "its end")
        await app.drained()
        assert gone_off == ["once"]
