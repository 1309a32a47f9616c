"""What is run, undone and branched off, without an app and without a solver."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import call

import pytest
from stages import Stage
from test_cursor import DONE, PRESET, frame_at

from reluflow.live.frame import Refusal
from reluflow.tui.controllers.parameters import AT_ONCE_SECONDS
from reluflow.tui.frozen_runs import Origin


def test_values_that_are_applied_start_a_run_and_undo_goes_back() -> None:
    stage = Stage()
    parameters = stage.parameters
    parameters.apply({"init.seed": 9})
    assert parameters.present.values["init.seed"] == 9
    assert stage.session.mock_calls == [call.change(parameters.present), call.run()]
    changed = parameters.present
    parameters.undo()
    assert parameters.present is PRESET
    parameters.redo()
    assert parameters.present is changed
    assert [args[0] for name, args, _ in stage.session.mock_calls if name == "change"] == [
        *(changed, PRESET, changed),
    ]
    parameters.redo()
    assert stage.host.said == ["there is nothing to redo"]


def test_values_that_cannot_be_used_are_complained_of_and_change_nothing() -> None:
    stage = Stage()
    stage.parameters.apply({"init.scale": -1.0})
    assert stage.commands == []
    assert stage.parameters.present is PRESET
    (sentence,) = stage.host.complained
    assert "init.scale" in sentence


def test_a_stepped_number_is_run_at_once_if_that_takes_no_time() -> None:
    stage = Stage(replace(DONE, wall_seconds=AT_ONCE_SECONDS))
    stage.parameters.step({"init.seed": 9})
    assert stage.parameters.present.values["init.seed"] == 9
    slow = Stage(replace(DONE, wall_seconds=1.01 * AT_ONCE_SECONDS))
    slow.parameters.step({"init.seed": 9})
    assert slow.parameters.present is PRESET
    assert slow.commands == []


def test_values_that_are_run_already_start_nothing() -> None:
    stage = Stage(replace(DONE, wall_seconds=0.1))
    stage.parameters.step({"init.seed": 9})
    present, asked = stage.parameters.present, list(stage.commands)
    stage.parameters.step({"init.seed": 9})
    stage.parameters.apply({"init.seed": 9})
    assert stage.parameters.present is present
    assert stage.commands == asked


def test_a_stepped_number_keeps_the_cursor_at_its_share_of_the_run() -> None:
    stage = Stage(replace(DONE, wall_seconds=0.1))
    stage.cursor.go_to(15.0)
    share = stage.cursor.share
    stage.parameters.step({"init.seed": 9})
    stage.show(frame_at(60.0, number=2, generation=2, status="converged"))
    assert stage.cursor.share == pytest.approx(share)
    stage.parameters.start(PRESET)
    stage.show(frame_at(30.0, number=3, generation=3, status="converged"))
    assert stage.t == 0.0


def test_a_branch_is_the_present_preset_once_it_is_run() -> None:
    stage = Stage()
    stage.cursor.go_to(12.3)
    stage.show(DONE)
    stage.parameters.branch()
    assert stage.session.mock_calls == [call.branch(DONE, 12.3, ())]
    stage.parameters.follow(DONE)
    assert stage.parameters.present is PRESET
    branch = replace(PRESET, name="branch")
    stage.parameters.follow(replace(DONE, generation=2, preset=branch))
    assert stage.parameters.present is branch
    begun = DONE.history.recorded_at(12.3).t
    assert stage.parameters.origins == {"branch": Origin(PRESET.name, begun)}
    assert stage.host.said == [f"a run of its own from t = {begun:g}; u goes back"]
    stage.parameters.undo()
    assert stage.parameters.present is PRESET


def test_a_branch_of_a_branch_begins_at_a_time_of_the_first_run() -> None:
    stage = Stage()
    for number, t in enumerate((10.0, 5.0), 2):
        stage.cursor.go_to(t)
        stage.show(stage.frame)
        stage.parameters.branch()
        frame = frame_at(30.0, number=number, generation=number, preset=replace(PRESET, name=f"b{number}"))
        stage.parameters.follow(frame)
        stage.show(frame)
    assert stage.parameters.origins["b3"] == Origin(PRESET.name, 15.0)


def test_a_preset_that_is_refused_is_told_of_once_and_what_is_run_is_present_again() -> None:
    stage = Stage()
    stage.parameters.apply({"init.seed": 9})
    refused = Refusal(stage.parameters.present, "it cannot be built")
    for _ in range(2):
        stage.parameters.follow(replace(DONE, refused=refused))
    assert stage.host.complained == ["it cannot be built"]
    assert stage.parameters.present is PRESET
    stage.parameters.undo()
    assert stage.host.said == ["there is nothing to undo"]


def test_the_values_on_file_are_those_that_were_read_or_written_last(tmp_path: Path) -> None:
    stage = Stage()
    stage.parameters.apply({"init.seed": 9})
    assert stage.parameters.saved["init.seed"] == PRESET.values["init.seed"]
    stage.parameters.note_on_file(stage.parameters.present)
    assert stage.parameters.saved["init.seed"] == 9
    moved = replace(stage.parameters.present, folder=tmp_path)
    stage.parameters.replace(moved)
    assert stage.parameters.present is moved
