"""Neurons are changed by one key and a menu, or from the palette; the run that follows is one of its own."""

import numpy as np
import pytest
from driver import explorer

THREE = {"network.width": 12, "init.scale": 1e-3}


async def test_a_new_neuron_grows_where_the_certificate_says_that_one_could() -> None:
    async with explorer("three-points", overrides=THREE) as app:
        trunk = await app.solved()
        assert "spurious local minimum" in trunk.reason
        await app.press("end", "B")
        assert "add one in the direction where it grows fastest" in app.text
        await app.press("a")
        assert "1e-6" in app.text
        await app.press("enter")
        await app.until(lambda: "-at-" in app.frame.preset.name and app.frame.over, "the branch")
        assert app.frame.problem.width == 13
        assert app.frame.problem.output_weights[-1] == pytest.approx(1e-6)
        assert app.frame.loss < 1e-20
        assert "with add 12 1e-06; u goes back" in app.messages
        await app.press("u")
        await app.until(lambda: app.frame.preset.name == "three-points" and app.frame.over, "the trunk")


async def test_the_palette_changes_the_neuron_under_the_cursor() -> None:
    async with explorer("three-points", overrides=THREE) as app:
        before = (await app.solved()).problem.output_weights
        await app.press("down", "colon", *"flip", "enter")
        await app.until(lambda: "-at-" in app.frame.preset.name, "the branch")
        np.testing.assert_array_equal(np.sign(app.frame.problem.output_weights[1]), -np.sign(before[1]))


async def test_what_cannot_be_done_is_told_and_the_run_stays() -> None:
    async with explorer(overrides={"network.width": 8, "stop.loss": None}) as app:
        await app.solved()
        await app.press("end", "B", "s", *"x", "enter")
        assert "2.23e-308" in app.text
        await app.press("escape")
        assert app.frame.preset.name == "orthogonal-toy"
