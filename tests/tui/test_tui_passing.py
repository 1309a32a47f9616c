"""Messages in passing come and go, however late they are shown."""

import pytest
from driver import SMALL, explorer

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
