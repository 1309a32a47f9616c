"""Saving, opening and leaving, without an app and without a disc full of runs."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import call

import pytest
from stages import Stage
from test_cursor import DONE, PRESET, frame_at

from reluflow.live.frame import Frame, Notice
from reluflow.tui import catalogue
from reluflow.tui.controllers import opening as opening_module
from reluflow.tui.controllers.opening import Opening
from reluflow.tui.controllers.saving import QUICK_SECONDS, Saving, texts_of
from reluflow.tui.screens.save_preset import SaveRequest


class SavingStage(Stage):
    def __init__(self, frame: Frame = DONE) -> None:
        super().__init__(frame)
        self.left = 0
        self.saving = Saving(self.session, self.cursor, self.parameters, self.host, self._leave)

    def _leave(self) -> None:
        self.left += 1

    def hear(self, number: int, text: str = "saved", *, failed: bool = False, **frame: object) -> bool:
        """A frame with a notice."""
        return self.saving.follow(replace(self.frame, note=Notice(number, text, failed), **frame))


def test_a_preset_is_saved_with_the_state_at_the_cursor_if_that_is_wanted() -> None:
    stage = SavingStage()
    stage.cursor.go_to(12.3)
    for with_state, state in ((True, DONE.history.recorded_at(12.3)), (False, None)):
        stage.saving.ask_preset()
        stage.host.answer(SaveRequest("mine", with_state, overwrite=True, texts={"title": "mine"}))
        assert stage.session.mock_calls[-1] == call.save_preset("mine", state, True, {"title": "mine"})
    stage.saving.ask_preset()
    stage.host.answer(None)
    assert len(stage.session.mock_calls) == 2


def test_texts_of_other_data_are_not_kept() -> None:
    stage = SavingStage()
    stage.parameters.apply({"init.seed": 9})
    assert stage.parameters.has_data_of_file
    assert texts_of(stage.parameters.present, True)["title"] == PRESET.title != ""
    stage.parameters.apply({"data.targets": [1.0, 2.0]})
    assert not stage.parameters.has_data_of_file
    assert set(texts_of(stage.parameters.present, False).values()) == {""}


@pytest.mark.parametrize("failed", [False, True])
def test_a_saved_preset_is_on_file_and_one_that_failed_is_not(failed: bool) -> None:
    stage = SavingStage()
    stage.parameters.apply({"init.seed": 9})
    stage.saving.save_preset(SaveRequest("mine", False, overwrite=False))
    assert stage.hear(1, failed=failed, preset=stage.parameters.present) is not failed
    assert (stage.parameters.saved["init.seed"] == 9) is not failed
    assert (stage.host.said, stage.host.complained) == ((["saved"], []), ([], ["saved"]))[failed]
    assert stage.hear(1) is False, "it is told once"
    assert len(stage.host.said) + len(stage.host.complained) == 1


def test_a_run_written_elsewhere_has_its_preset_there(tmp_path: Path) -> None:
    stage = SavingStage()
    moved = replace(PRESET, folder=tmp_path)
    stage.saving.write_run()
    assert stage.commands == ["save_run"]
    assert stage.hear(1, preset=moved) is False
    assert stage.parameters.present is moved


def test_leaving_asks_only_where_much_would_be_lost() -> None:
    for frame in (DONE, replace(DONE, unsaved=True, wall_seconds=QUICK_SECONDS)):
        stage = SavingStage(frame)
        stage.saving.quit()
        assert (stage.left, stage.host.asked) == (1, [])
    stage = SavingStage(replace(DONE, unsaved=True, wall_seconds=1.01 * QUICK_SECONDS))
    stage.saving.quit()
    assert stage.left == 0
    stage.host.answer("leave")
    assert stage.left == 1


@pytest.mark.parametrize("status", ["running", "converged"])
def test_who_stays_has_the_solver_go_on_if_it_was_at_work(status: str) -> None:
    stage = SavingStage(replace(frame_at(30.0), unsaved=True, status=status))
    stage.saving.quit()
    stage.host.answer("stay")
    assert stage.left == 0
    assert stage.commands == (["halt", "run"] if status == "running" else ["halt"])


@pytest.mark.parametrize("failed", [False, True])
def test_who_saves_on_leaving_stays_if_that_fails(failed: bool) -> None:
    stage = SavingStage(replace(DONE, unsaved=True))
    stage.saving.quit()
    stage.host.answer("save")
    assert stage.commands == ["halt", "save_run"]
    assert stage.left == 0
    stage.hear(1, failed=failed)
    assert stage.left == (0 if failed else 1)
    assert stage.saving.farewell == (None if failed else "saved")


def test_opening_plays_a_preset_from_its_start_and_complains_of_what_is_not_there() -> None:
    stage = Stage()
    opening = Opening(stage.cursor, stage.parameters, stage.host)
    opening.ask()
    stage.host.answer("first-steps")
    assert stage.parameters.present.name == "first-steps"
    assert stage.cursor.playback.playing
    assert stage.commands == ["change", "run"]
    opening.open("no-such-preset")
    opening.open(None)
    assert stage.commands == ["change", "run"]
    (sentence,) = stage.host.complained
    assert "no-such-preset" in sentence


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (DONE, "a run; a later stop lets it go on from there"),
        (replace(DONE, status="halted"), "a run; h goes on from there"),
        (replace(DONE, resumable=False), "a run"),
        (replace(DONE, error="damaged"), "a run"),
    ],
)
def test_a_run_is_said_to_go_on_only_where_it_can(frame: Frame, said: str) -> None:
    stage = Stage()
    opening = Opening(stage.cursor, stage.parameters, stage.host)
    opening.greet("a run", of_run=True)
    opening.follow(replace(frame, busy="building the problem"))
    assert stage.host.said == []
    opening.follow(frame)
    opening.follow(frame)
    assert stage.host.said == [said]


@pytest.mark.parametrize("deleted", [True, False])
def test_a_run_that_was_left_behind_is_opened_or_deleted_or_left(
    deleted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, discarded = Stage(), []
    monkeypatch.setattr(opening_module, "discard", lambda path: discarded.append(path) or deleted)
    opening = Opening(stage.cursor, stage.parameters, stage.host)
    run = SimpleNamespace(
        path=tmp_path / "gone", unfinished=True, summary={}, status="interrupted", arrays={}, faults=[]
    )
    for answer in ("later", None, "discard"):
        opening.offer([run])
        stage.host.answer(answer)
    assert discarded == [run.path]
    assert stage.host.said == (["deleted"] if deleted else [])
    assert [text.partition(" could")[0] for text in stage.host.complained] == (
        [] if deleted else [str(run.path)]
    )
    opening.offer([run])
    stage.host.answer("take up")
    assert "gone" in stage.host.complained[-1], "there is no such run"
    assert stage.commands == []
    said = len(stage.host.said)
    opening.follow(DONE)
    assert len(stage.host.said) == said, "there is nothing to be said of it"


@pytest.mark.parametrize(("fault", "goes_on"), [([], True), (["damaged"], False)])
def test_a_run_that_was_left_behind_is_offered_to_go_on_only_if_it_is_intact(
    fault: list[str], goes_on: bool, tmp_path: Path
) -> None:
    run = SimpleNamespace(
        path=tmp_path, unfinished=True, summary={}, status="interrupted", arrays={}, faults=fault
    )
    assert catalogue.goes_on(run) is goes_on
