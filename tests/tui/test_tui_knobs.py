"""Numbers that are turned: their neighbours, and the runs that follow them."""

from functools import partial
from typing import Any

import driver
import pytest
from driver import Driver
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key
from textual.widgets import Static

from reluflow.store.schema import KEYS, by_id, parse_text
from reluflow.tui.controllers import parameters
from reluflow.tui.typed_values import stepped
from reluflow.tui.widgets.parameter_field import NumberField, ParameterField

TOY = {"stop.loss": 1e-4}

#: wide enough for the form
explorer = partial(driver.explorer, size=(125, 34))


def field(app: Driver, id: str) -> ParameterField:
    return next(field for field in app.app.query(ParameterField) if field.key.id == id)


@pytest.mark.parametrize(
    ("id", "text", "up", "down"),
    [
        ("init.scale", "1e-06", "1e-05", "1e-07"),
        ("init.seed", "4", "5", "3"),
        ("init.seed", "0", "1", None),
        ("network.width", "60", "61", "59"),
        ("network.width", "1", "2", None),
        ("solver.rtol", "0.1", None, "0.01"),
        ("stop.time", "200.0", "500.0", "100.0"),
        ("stop.time", "7", "10.0", "5.0"),
        ("record.series", "20000", "50000", "10000"),
        ("stop.steps", "", None, None),
        ("init.scale", "x", None, None),
    ],
)
def test_neighbours(id: str, text: str, up: str | None, down: str | None) -> None:
    key = by_id(id)
    assert stepped(key, text, 1) == up
    assert stepped(key, text, -1) == down


@given(st.sampled_from([key for key in KEYS if key.kind in ("int", "float")]), st.data())
def test_a_step_gives_a_value_that_can_be_used_in_the_right_direction(key, data) -> None:
    value = data.draw(st.integers(1, 10**9) if key.kind == "int" else st.floats(1e-100, 1e100))
    for by in (-1, 1):
        text = stepped(key, str(value), by)
        if text is not None:
            assert (parse_text(key, text) - value) * by >= 0


async def turn(app: Driver, id: str, *keys: str) -> None:
    field(app, id).editor.focus()
    await app.drained()
    await app.press(*keys)


async def test_a_turned_knob_solves_anew_at_once_and_the_form_follows() -> None:
    async with explorer(overrides=TOY, form=True) as app:
        before = await app.solved()
        await turn(app, "init.scale", "right", "right", "greater_than_sign", "less_than_sign")
        await app.until(
            lambda: (
                app.frame.generation > before.generation
                and app.frame.over
                and app.frame.preset.values["init.scale"] == 1e-4
            ),
            "the run with the last value",
        )
        assert field(app, "init.scale").text == "0.0001"
        assert app.app.focused is field(app, "init.scale").editor
        assert not field(app, "init.scale").edited
        assert app.frame.history.end < before.history.end
        await app.press("right")
        await app.until(lambda: app.frame.preset.values["init.scale"] == 1e-3, "one more")


async def test_a_step_back_before_its_run_is_shown_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async with explorer(overrides=TOY, form=True) as app:
        before = await app.solved()
        with monkeypatch.context() as unseen:
            unseen.setattr(app.app, "pull", lambda: None)
            await turn(app, "init.scale", "right", "left")
        await app.settled()
        after = await app.solved()
        assert after.generation > before.generation
        assert after.preset.values["init.scale"] == float(field(app, "init.scale").text) == 1e-6


async def test_a_step_made_while_the_run_before_is_shown_is_not_lost() -> None:
    async with explorer(overrides=TOY, form=True) as app:
        await app.solved()
        stepped = field(app, "init.scale")
        assert isinstance(stepped.editor, NumberField)
        stepped.editor.action_step(1)
        await app.app.main.form.load(app.app.parameters.present, app.app.parameters.saved)
        assert stepped.text == "1e-05"
        await app.drained()
        await app.until(lambda: app.frame.preset.values["init.scale"] == 1e-5, "the run with the step")
        assert not stepped.edited


async def test_the_cursor_keeps_its_place_and_the_old_curve_stays_until_there_is_a_new_one() -> None:
    async with explorer(overrides=TOY, form=True) as app:
        old = await app.solved()
        app.app.cursor.playback.clock = "time"
        app.app.cursor.go_to(0.5 * old.history.end)
        app.app.pull()
        await turn(app, "init.scale", "left")
        while not app.session.frame.over or app.session.frame.generation == old.generation:
            app.app.pull()
            shown = app.frame
            assert shown.history.series["t"].size > 1, "the panels must not go blank"
            await app.pilot.pause(0.01)
        app.app.pull()
        assert app.frame.generation > old.generation
        assert app.moment.t == pytest.approx(0.5 * app.frame.history.end)


async def test_a_turn_lays_nothing_out_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    laid: list[str] = []
    update = Static.update

    def noted(static: Static, content: Any = "", *, layout: bool = True) -> None:
        laid.extend([str(content)] if layout else [])
        update(static, content, layout=layout)

    async with explorer(overrides=TOY, form=True) as app:
        await app.solved()
        field(app, "init.scale").editor.focus()
        await app.drained()
        monkeypatch.setattr(Static, "update", noted)
        await app.press("right")
        await app.until(lambda: app.frame.preset.values["init.scale"] == 1e-5 and app.frame.over, "a new run")
        assert field(app, "init.scale").mark == "*"
    assert laid == []


async def test_a_long_run_waits_for_enter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "AT_ONCE_SECONDS", -1.0)
    async with explorer(overrides=TOY, form=True) as app:
        before = await app.solved()
        await turn(app, "init.seed", "right")
        await app.settled()
        assert app.session.frame.generation == before.generation
        assert field(app, "init.seed").edited
        await app.press("enter")
        await app.until(lambda: app.frame.preset.values["init.seed"] == 5, "the new seed")


async def test_while_one_types_the_arrows_move_in_the_text() -> None:
    async with explorer(form=True) as app:
        editor = field(app, "network.width").editor
        assert isinstance(editor, NumberField)
        editor.focus()
        await app.press("1", "left", "left", "5")
        assert editor.value == "5601" or editor.value == "6501"[:4]
        await app.press("escape")
        assert editor.value == "60"


async def test_a_field_that_keeps_its_place_keeps_the_focus_when_a_run_comes() -> None:
    async with explorer(overrides=TOY, form=True) as app:
        await app.solved()
        editor = field(app, "init.seed").editor
        await turn(app, "init.seed", "right")
        await app.until(lambda: app.frame.preset.values["init.seed"] == 5 and app.frame.over, "a new run")
        assert field(app, "init.seed").editor is editor


async def test_signs_of_order_step_a_number_though_a_terminal_sends_them_as_text() -> None:
    async with explorer(overrides=TOY, form=True) as app:
        await app.solved()
        await turn(app, "init.scale")
        for key, sign in (("greater_than_sign", ">"), ("greater_than_sign", ">"), ("less_than_sign", "<")):
            app.app.post_message(Key(key, sign))
            await app.drained()
        assert field(app, "init.scale").text == "1e-05"


async def test_the_next_key_goes_on_from_the_field_that_the_last_one_led_to() -> None:
    async with explorer(overrides=TOY, form=True) as app:
        await turn(app, "data.kind")
        fields = [each.key.id for each in app.app.query(ParameterField)]
        for _ in range(5):
            app.app.post_message(Key("down", None))
        await app.drained()
        assert app.app.focused is field(app, fields[5]).editor


async def test_what_is_undone_before_it_is_shown_does_not_stay_in_the_form() -> None:
    async with explorer(overrides=TOY, form=True) as app:
        await app.solved()
        edited = field(app, "init.scale")
        before = edited.text
        await turn(app, "init.scale", "right")
        assert edited.text != before
        app.app.parameters.undo()
        await app.until(lambda: edited.text == before, "the number before")
        assert edited.mark == " "
        app.app.parameters.redo()
        await app.until(lambda: edited.text != before and not edited.edited, "the number that was undone")
