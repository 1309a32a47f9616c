"""The page of predictions in the whole app, and the table that it shares with the command line."""

import threading

import driver
import pytest
from driver import SMALL
from textual_private import strips_of

from reluflow.errors import SolverError
from reluflow.live.frame import Frame
from reluflow.store.preset import load_preset
from reluflow.training.training import Training
from reluflow.tui.screens import verify as page
from reluflow.tui.screens.verify import VerifyPage, judged
from reluflow.verification import Row, State, table_rows


def row(name: str, statement: str, source: str, state: State, reason: str = "", **numbers: float) -> Row:
    """A row of the table in the given state."""
    judged = state in ("holds", "fails")
    return Row(
        name,
        statement,
        source,
        judged,
        reason,
        numbers.get("predicted"),
        numbers.get("measured"),
        numbers.get("tolerance", 0.1),
        state == "holds" if judged else None,
        state,
    )


ROWS = [
    row("last_loss", "It ends at zero.", "Theorem 3", "holds", predicted=0.0, measured=1e-12, tolerance=1e-6),
    row("first_jump", "The first jump is on time.", "Theorem 1", "fails", predicted=2.0, measured=3.5),
    row("one_bundle", "There is one bundle.", "Lemma 2", "does not apply", "the inputs differ"),
    row("two_bundles", "There are two.", "Lemma 2", "does not apply", "the inputs differ"),
    row("late_jump", "The last jump is on time.", "Theorem 2", "not yet", "the scale is too large"),
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
    assert [line.text for line in lines if line.kind == "not yet"] == [
        "not yet:",
        "  the scale is too large",
        "      late_jump",
    ]
    assert all(line.text.startswith(line.verdict) for line in lines)


def test_the_table_keeps_to_its_width() -> None:
    states: tuple[State, ...] = ("holds", "fails", "not yet", "does not apply")
    long = [row("a", "Words " * 60, "b", state, "c " * 90) for state in states]
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


async def test_no_key_is_cut_at_the_top_however_long_the_title(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "judged", lambda frame: ROWS)
    async with driver.explorer(size=(80, 24), overrides=SMALL) as app:
        monkeypatch.setattr(page, "title_of", lambda frame: "predictions for " + "x" * 40)
        await app.press("V")
        await app.until(lambda: "predicted" in app.text, "the table")
        assert any("esc leaves  up/down scroll" in line for line in app.lines[:2])
        await app.press("end")
        assert any("esc leaves  up/down scroll" in line for line in app.lines[:2])
        assert "reluflow verify trains" in app.text


async def test_verdicts_have_their_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "judged", lambda frame: ROWS)
    async with driver.explorer(overrides=SMALL) as app:
        await app.press("V")
        await app.until(lambda: "predicted" in app.text, "the table")
        styles = {
            segment.text: segment.style.color
            for strip in strips_of(app.app.screen)
            for segment in strip
            if segment.style is not None
        }
        assert len({styles[word] for word in ("holds", "FAILS", "not yet:", "does not apply:")}) == 4


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


def finished(method: str, width: int) -> Frame:
    """The frame of a run of the toy by some method that is over."""
    values = {"network.width": width, "init.scale": 1e-3, "solver.method": method}
    if method == "gd":
        values["solver.learning_rate"] = 0.2
    preset = load_preset("orthogonal-toy", values)
    training = Training.from_preset(preset)
    while training.status == "running":
        training.advance(1.0)
    history = training.recorder.history
    return Frame(preset, status=training.status, method=method, history=history, problem=training.problem)


def test_descent_that_breaks_a_law_of_the_flow_is_at_fault() -> None:
    rows = judged(finished("gd", 20))
    assert not isinstance(rows, str)
    law = next(row for row in rows if row.id == "general/conservation")
    assert law.state == "fails"
    assert "the method gd is at fault, by 0.0" in law.reason
    assert law.reason.endswith("compare: the key m solves this problem by lorentz beside this run")
    flow = judged(finished("lorentz", 20))
    assert not isinstance(flow, str)
    assert all(row.state != "fails" for row in flow)
