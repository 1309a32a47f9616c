"""The page of predictions in the whole app, and the table that it shares with the command line."""

import threading

import driver
import pytest
from driver import SMALL

from reluflow.errors import SolverError
from reluflow.frame import Frame
from reluflow.store.preset import load_preset
from reluflow.tui.screens import verify as page
from reluflow.tui.screens.verify import VerifyPage, judged
from reluflow.verification import Row, table_rows

ROWS = [
    Row("last_loss", "The loss ends at zero.", "Theorem 3", True, "", 0.0, 1e-12, 1e-6, True),
    Row("first_jump", "The first jump is on time.", "Theorem 1", True, "", 2.0, 3.5, 0.1, False),
    Row("one_bundle", "There is one bundle.", "Lemma 2", False, "the inputs differ", None, None, 0.1, None),
    Row("two_bundles", "There are two.", "Lemma 2", False, "the inputs differ", None, None, 0.1, None),
]


def test_the_table_tells_each_verdict_by_a_word() -> None:
    lines = table_rows(ROWS, 80)
    assert [line.text.split() for line in lines if line.kind in ("holds", "fails")] == [
        ["holds", "0", "1e-12", "last_loss"],
        ["FAILS", "2", "3.5", "first_jump"],
    ]
    assert [line.text for line in lines if line.kind == "idle"] == [
        "does not apply:",
        "  the inputs differ",
        "      one_bundle, two_bundles",
    ]
    assert all(line.text.startswith(line.verdict) for line in lines)


def test_the_table_keeps_to_its_width() -> None:
    long = [
        Row("a", "Words " * 60, "b", applies, "c " * 90, 1.0, 1.0, 0.1, True) for applies in (True, False)
    ]
    assert max(len(line.text) for line in table_rows(long, 60)) <= 60


async def test_the_run_on_show_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Frame] = []

    def recorded(frame: Frame) -> list[Row] | str:
        asked.append(frame)
        return judged(frame)

    monkeypatch.setattr(page, "judged", recorded)
    async with driver.explorer(overrides=SMALL) as app:
        frame = await app.solved()
        await app.press("V")
        await app.until(lambda: "predicted" in app.text, "the table")
        assert asked[0].history is frame.history
        assert "orthogonal-toy" in app.lines[0]
        assert any(line.split()[:1] == ["holds"] for line in app.lines)
        assert "does not apply" not in app.lines[1]
        await app.press("end")
        assert "predicted" not in app.text
        await app.press("home", "down", "up")
        assert "predicted" in app.lines[1]
        await app.press("escape")
        assert not isinstance(app.app.screen, VerifyPage)


async def test_verdicts_have_their_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "judged", lambda frame: ROWS)
    async with driver.explorer(overrides=SMALL) as app:
        await app.press("V")
        await app.until(lambda: "predicted" in app.text, "the table")
        styles = {
            segment.text: segment.style.color
            for strip in app.app.screen._compositor.render_strips()
            for segment in strip
            if segment.style is not None
        }
        assert len({styles[word] for word in ("holds", "FAILS", "does not apply:")}) == 3


async def test_the_app_goes_on_while_it_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slow(frame: Frame) -> list[Row] | str:
        go_on.wait(driver.DEADLINE)
        return "too late"

    monkeypatch.setattr(page, "judged", slow)
    async with driver.explorer(overrides=SMALL) as app:
        try:
            await app.press("V")
            assert "computing ..." in app.text
            await app.press("escape")
            assert not isinstance(app.app.screen, VerifyPage)
            await app.press("V")
        finally:
            go_on.set()
        await app.until(lambda: "too late" in app.text, "the sentence")


def test_what_cannot_be_measured_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> list[Row]:
        raise SolverError("the data has no order; expected one")

    preset = load_preset("orthogonal-toy")
    assert judged(Frame(preset)) == "there is no run to measure yet"
    monkeypatch.setattr(page, "of_history", refuse)
    frame = Frame(preset, problem=preset.problem(), history=object())  # type: ignore[arg-type]
    assert judged(frame) == "the run so far cannot be measured: the data has no order; expected one"
