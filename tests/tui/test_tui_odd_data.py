"""Equal rows, rows of zeros, one sample: every panel, view and page of the app is built of them."""

from pathlib import Path

import driver
import pytest
from odd_data import ODD, write_odd

from reluflow.plot.views import VIEWS
from reluflow.tui.page_source import KINDS
from reluflow.tui.screens.inspector import Inspector
from reluflow.tui.screens.verify import VerifyPage


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "a row of zeros" else pytest.mark.slow) for name in ODD]
)
async def test_everything_is_shown(name: str, tmp_path: Path) -> None:
    async with driver.explorer(str(write_odd(tmp_path, name)), size=(100, 34), form=True, theory=True) as app:
        await app.solved()
        await app.press("home", "n", "end")
        for _ in VIEWS:
            await app.press("n")
        await app.press("l", "l", "l", "y", "y", "y", "S", "G", "D", "E", "enter")
        assert isinstance(app.app.screen, Inspector)
        for _ in KINDS:
            await app.press("down", "tab")
        await app.press("escape", "V")
        assert isinstance(app.app.screen, VerifyPage)
        await app.until(lambda: "does not apply" in app.text or "holds" in app.text, "the predictions")
        await app.press("escape")
        assert "broke down" not in app.messages
        assert "Error" not in app.messages
