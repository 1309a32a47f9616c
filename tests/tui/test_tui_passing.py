"""Messages in passing come and go, and timers go off, however late the app gets to them."""

from itertools import count

import pytest
from driver import SMALL, explorer
from textual_private import clock_of_timers, give_way_to_all

from reluflow.tui.terminal.passing import PassingMessage
from reluflow.tui.terminal.private import MessageRack


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


async def test_the_place_of_a_message_that_was_late_to_go_does_not_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a busy machine its time is over, and the next message comes, before it is taken away."""
    async with explorer(size=(100, 30), overrides=SMALL) as app:
        monkeypatch.setattr(app.app, "NOTIFICATION_TIMEOUT", 60.0)
        app.app.say("the first")
        await app.until(lambda: "the first" in app.text, "the first message")
        with monkeypatch.context() as late:
            late.setattr(PassingMessage, "has_expired", property(lambda each: each.message == "the first"))
            app.app.say("the second")
            await app.until(lambda: "the second" in app.text, "the second message")
        (place,) = app.app.screen.query(MessageRack).first().children
        await place.remove()
        await app.drained()
        assert app.text.splitlines()[-1].rstrip().endswith("q quit")


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


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (60, 20)])
async def test_a_message_hides_no_picture_table_or_field(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands in place of the keys at the foot, and what it needs beyond these the panels give up."""
    async with explorer(size=size, overrides=SMALL) as app:
        monkeypatch.setattr(app.app, "NOTIFICATION_TIMEOUT", 60.0)
        main = app.app.main
        panels = (main.status, main.loss, main.view, main.table, main.form, main.card, main.timeline)
        heights = [panel.size.height for panel in panels]
        app.app.say("one line")
        await app.until(lambda: "one line" in app.text.splitlines()[-1], "the message")
        assert [panel.size.height for panel in panels] == heights
        app.app.complain("words that wrap " * 18 + "to their end")
        await app.until(lambda: "to their end" in app.text, "the second message")
        rack = main.query_one(MessageRack).region
        assert 2 <= rack.height <= 6
        assert not any(panel.region.overlaps(rack) for panel in panels if panel.region.area)
        app.app.clear_notifications()
        await app.until(lambda: "to their end" not in app.text, "their end")
        assert [panel.size.height for panel in panels] == heights
        assert "help" in app.text.splitlines()[-1]


async def test_a_message_of_several_sentences_is_seen_whole() -> None:
    async with explorer(size=(80, 24), overrides=SMALL) as app:
        app.app.complain("It begins " + "with words that wrap " * 19 + "and comes to its end")
        await app.until(lambda: "to its end" in app.text, "the message")
        assert "It begins" in app.text
        app.app.complain("Another one begins " + "with words that wrap " * 200 + "and is at its end")
        await app.until(lambda: "at its end" in app.text, "the message")
        assert "Another one begins" in app.text
