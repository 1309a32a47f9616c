"""The form: what is typed is checked, applied, restored and marked."""

import gc
import weakref
from functools import partial

import driver
import pytest
from driver import Driver
from textual.widgets import Input

from reluflow.store.preset import load_preset
from reluflow.tui.typed_values import text_of
from reluflow.tui.widgets.parameter_field import ChoiceField, ParameterField
from reluflow.tui.widgets.parameter_form import ParameterForm

#: wide enough for the form
explorer = partial(driver.explorer, size=(125, 34))


def field(app: Driver, id: str) -> ParameterField:
    return next(field for field in app.app.query(ParameterField) if field.key.id == id)


def mark(app: Driver, id: str) -> str:
    return field(app, id).mark


def sentence(app: Driver) -> str:
    return app.app.query_one(ParameterForm).sentence


async def enter(app: Driver, id: str, text: str) -> None:
    """Type over the field's text."""
    editor = field(app, id).editor
    assert isinstance(editor, Input)
    editor.focus()
    editor.value = ""
    await app.drained()
    await app.press(*text)
    assert editor.value == text


async def test_the_form_has_the_keys_that_apply_and_no_others() -> None:
    async with explorer(form=True) as app:
        shown = {field.key.id for field in app.app.query(ParameterField)}
        assert {"data.inputs", "network.width", "init.scale", "solver.method", "stop.loss"} <= shown
        assert not {"data.samples", "init.path", "data.knots"} & shown
        assert field(app, "network.width").text == "60"


async def test_a_value_that_cannot_be_used_gets_a_sentence_and_is_not_applied() -> None:
    async with explorer(form=True) as app:
        before = await app.halted_at(1)
        await enter(app, "init.scale", "-1")
        assert "init.scale is -1" in sentence(app)
        assert "expected a number above 0" in sentence(app)
        assert mark(app, "init.scale") == "!"
        await app.press("enter")
        await app.drained()
        assert app.session.frame.generation == before.generation


async def test_values_that_do_not_fit_together_get_a_sentence_too() -> None:
    async with explorer(form=True) as app:
        await enter(app, "data.targets", "[1.0, 2.0, 3.0]")
        assert "targets" in sentence(app)
        assert "expected" in sentence(app)


async def test_enter_starts_a_run_with_what_was_typed() -> None:
    async with explorer(form=True) as app:
        before = await app.halted_at(1)
        await enter(app, "init.scale", "1e-3")
        assert mark(app, "init.scale") == ">"
        await enter(app, "network.width", "7")
        await app.press("enter")
        await app.until(
            lambda: app.frame.generation > before.generation and app.frame.history is not None, "a new run"
        )
        assert app.frame.problem.width == 7
        assert app.frame.preset.values["init.scale"] == 1e-3
        assert mark(app, "init.scale") == "*"
        assert mark(app, "init.kind") == " "


async def test_escape_leaves_the_field_as_it_was() -> None:
    async with explorer(form=True) as app:
        await enter(app, "init.scale", "1e-3")
        await app.press("escape")
        assert field(app, "init.scale").text == "1e-06"
        assert mark(app, "init.scale") == " "
        assert app.app.focused is app.app.query_one("#neurons")


async def test_a_field_that_is_left_shows_the_beginning_of_its_value() -> None:
    async with explorer(form=True) as app:
        await enter(app, "data.targets", "[0.75, -0.3125, -0.3125, 0.4375, 0.25]")
        editor = field(app, "data.targets").editor
        assert editor.scroll_offset.x > 0
        await app.press("down")
        await app.drained()
        assert editor.scroll_offset.x == 0


async def test_a_choice_turns_and_brings_its_keys_with_it() -> None:
    async with explorer(form=True) as app:
        editor = field(app, "init.kind").editor
        assert isinstance(editor, ChoiceField)
        editor.focus()
        await app.press("left")
        assert field(app, "init.kind").text == "file"
        shown = {field.key.id for field in app.app.query(ParameterField)}
        assert "init.path" in shown
        assert "network.width" not in shown
        assert "init.path is missing" in sentence(app)
        await app.press("right")
        assert field(app, "network.width").text == "60"


async def test_up_and_down_go_from_field_to_field_and_stay_inside() -> None:
    async with explorer(form=True) as app:
        await app.press("p")
        assert app.app.focused is field(app, "data.kind").editor
        await app.press("down", "down")
        assert app.app.focused is field(app, "data.targets").editor
        assert sentence(app).startswith("data.targets: the targets")
        await app.press("up", "up", "up")
        assert app.app.focused is field(app, "data.kind").editor


async def test_in_a_narrow_terminal_the_form_folds() -> None:
    async with explorer(size=(80, 24), form=True) as app:
        assert not app.shown("#parameters")
        await app.press("p")
        await app.drained()
        assert app.shown("#parameters")
        assert "apply" in app.lines[-1]
        await app.press("escape")
        assert not app.shown("#parameters")
        assert "quit" in app.lines[-1]


async def test_keys_of_the_app_are_letters_in_a_field() -> None:
    async with explorer(form=True) as app:
        await app.halted_at(1)
        await enter(app, "data.targets", "rsq.l ")
        assert app.app.screen is app.app.screen_stack[0]
        assert app.app.is_running


def test_values_are_written_as_they_are_typed() -> None:
    assert text_of(None) == ""
    assert text_of(True) == "true"
    assert text_of(1e-20) == "1e-20"
    assert text_of(((1.0, 2.0), (-0.5, 0.0))) == "[[1.0, 2.0], [-0.5, 0.0]]"


@pytest.mark.slow
async def test_fields_that_are_gone_are_held_by_nothing() -> None:
    async with explorer(form=True) as app:
        gone = []
        for method in ("lorentz", "gd") * 2:
            gone.append(weakref.ref(field(app, "network.width").editor))
            await app.app.query_one(ParameterForm).load(load_preset("orthogonal-toy", change(method)), {})
            await app.drained()
        assert field(app, "network.width").editor is not gone[-1]()
        gc.collect()
        assert [editor() for editor in gone[:2]] == [None, None]


def change(method: str) -> dict[str, object]:
    """To a method, whose keys are other ones for descent."""
    return {"solver.method": method} | ({"solver.learning_rate": 0.1} if method == "gd" else {})
