"""The field of growth rates: reached by n and by L, on the circle that was chosen, and kept."""

from driver import explorer

from reluflow.plot.circles import CircleChoice


async def test_l_draws_the_field_on_a_circle_that_follows_the_cursor() -> None:
    async with explorer("neuron-centred-10", (110, 34), overrides={"network.width": 8}) as app:
        await app.solved()
        await app.press("L", *"D+ q", "enter")
        assert "'q' is no direction" in app.text
        await app.press("end", "ctrl+u", *"x2 pca1", "enter")
        assert "through x2 pca1" in app.text
        before = app.text
        await app.press("end")
        assert "through x2 pca1" in app.text
        assert app.text != before
        view = app.app.main.view
        kept = view.choices()
        assert (kept["view"], kept["circle"]) == ("field", "x2 pca1")
        view.draw_circle(CircleChoice())
        await app.press("L")
        assert "x2 pca1" in app.text
        await app.press("escape")
        view.adopt(kept)
        await app.drained()
        assert "through x2 pca1" in app.text
        view.adopt({**kept, "circle": "from another version"})
        assert str(view.circle) == "x2 pca1"


async def test_the_field_is_one_of_the_views() -> None:
    async with explorer(overrides={"network.width": 8}) as app:
        await app.solved()
        await app.press("n", "n", "n")
        assert "─ field ─" in app.text
        assert "extremal" in app.text
