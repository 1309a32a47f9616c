"""Fields of the form that others take the place of, while they are clicked on or themselves laid out."""

import asyncio

from driver import Driver, explorer
from textual_private import press_mouse

from reluflow.store.preset import load_preset
from reluflow.tui.screens.go_to import GoTo
from reluflow.tui.widgets.parameter_field import NumberField, ParameterField
from reluflow.tui.widgets.parameter_form import FieldList


def fields(app: Driver) -> FieldList:
    return app.app.main.query_one(FieldList)


def editor(app: Driver) -> NumberField:
    """One in which one types."""
    return app.app.main.query(NumberField).first()


async def test_a_click_on_a_field_that_is_just_removed_takes_no_key_away() -> None:
    async with explorer(size=(125, 34), form=True) as app:
        await app.press("4")
        clicked = editor(app)
        removed = fields(app).remove_children()
        # what is painted where the mouse is has not been painted anew
        press_mouse(app.app, *clicked.region.offset)
        await removed
        await app.drained()
        assert app.app.main.focused is not clicked
        await app.press("g")
        assert isinstance(app.app.screen, GoTo)


async def test_a_field_that_is_removed_before_the_mouse_is_let_go_lets_go_of_it() -> None:
    async with explorer(size=(125, 34), form=True) as app:
        clicked = editor(app)
        await app.pilot.mouse_down(clicked)
        assert app.app.mouse_captured is clicked
        await fields(app).remove_children()
        await app.drained()
        assert app.app.mouse_captured is None


async def test_two_presets_at_once_leave_one_field_for_each_number_of_the_second() -> None:
    async with explorer(size=(125, 34), form=True) as app:
        form = app.app.main.form
        first, second = load_preset("neuron-centred"), load_preset("grokking")
        await asyncio.gather(form.load(first, first.values), form.load(second, second.values))
        await app.drained()
        shown = [field.key.id for field in app.app.main.query(ParameterField)]
        assert len(shown) == len(set(shown))
        assert "data.centred" not in shown
        assert "solver.weight_decay" in shown
