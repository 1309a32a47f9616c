"""Any keys in any order, at any size: nothing raises and the app is still there."""

import numpy as np
import pytest
from driver import explorer

from reluflow.tui.actions import ACTIONS

KEYS = [key for action in ACTIONS for key in action.keys.split(",") if action.id not in ("quit", "write")]
KEYS += "escape up down left right tab shift+tab enter enter 3 e K J".split()  # noqa: SIM905
KEYS += "pageup less_than_sign x X s d f v".split()  # noqa: SIM905


async def hammer(presses: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    small = {"network.width": 4, "stop.loss": 1e-2, "stop.wall_seconds": 0.5}
    async with explorer(
        overrides=small, running=True, guided=True, remember=True, form=True, theory=True
    ) as app:
        for count in range(presses):
            await app.press(str(random.choice(KEYS)))
            if random.random() < 0.05:
                width, height = random.integers(10, 180), random.integers(5, 60)
                await app.resize(int(width), int(height))
            app.app.pull(0.1)
            assert app.app.is_running, f"gone after {count} keys"
        await app.drained()
        assert app.app.is_running


async def test_random_keys_and_sizes_raise_nothing() -> None:
    await hammer(30, seed=7)


@pytest.mark.slow
async def test_five_thousand_random_keys_and_sizes_raise_nothing() -> None:
    await hammer(5000, seed=11)
