"""Runs beside each other, without an app and without a solver."""

from dataclasses import replace

import numpy as np
import pytest
from stages import Stage
from test_cursor import DONE, PRESET, frame_at

from reluflow.tui.controllers.comparison import WAIT_FOR_FLOW
from reluflow.tui.frozen_runs import MOST, FrozenRun

PROBLEM = PRESET.problem()
SOLVED = replace(DONE, problem=PROBLEM, method="lorentz")


def test_a_frozen_run_takes_the_place_of_an_earlier_part_of_the_same_run() -> None:
    stage = Stage(replace(frame_at(15.0), method="lorentz"))
    drawn: list[int] = []
    stage.comparison.changed = lambda: drawn.append(len(stage.comparison.frozen))
    stage.comparison.freeze()
    stage.show(replace(SOLVED, number=2))
    stage.comparison.freeze()
    (run,) = stage.comparison.frozen
    assert run.series["t"][-1] == 30.0
    assert drawn == [1, 1]
    stage.show(replace(SOLVED, number=3, preset=PRESET.with_values({"init.seed": 9})))
    stage.comparison.freeze()
    assert [run.preset.values["init.seed"] for run in stage.comparison.frozen] == [
        *(PRESET.values["init.seed"], 9),
    ]


def test_no_more_runs_are_kept_than_can_be_told_apart_and_some_are_let_go() -> None:
    stage = Stage(SOLVED)
    for seed in range(MOST + 1):
        stage.show(replace(SOLVED, number=seed + 2, preset=PRESET.with_values({"init.seed": seed})))
        stage.comparison.freeze()
    seeds = [run.preset.values["init.seed"] for run in stage.comparison.frozen]
    assert seeds == list(range(1, MOST + 1))
    stage.comparison.ask_kept()
    stage.host.answer((0, 2))
    assert [run.preset.values["init.seed"] for run in stage.comparison.frozen] == [1, 3]
    stage.comparison.ask_kept()
    stage.host.answer(None)
    assert len(stage.comparison.frozen) == 2


def test_with_nothing_kept_there_is_nothing_to_list() -> None:
    stage = Stage(SOLVED)
    stage.comparison.ask_kept()
    assert stage.host.asked == []
    assert stage.host.said == ["nothing is kept for comparison; f keeps the run on show"]


@pytest.mark.parametrize(
    ("answer", "argument", "key", "value"),
    [
        ("run_other_seed", (), "init.seed", PRESET.values["init.seed"] + 1),
        ("run_other_scale", (-1,), "init.scale", PRESET.values["init.scale"] / 10.0),
        ("run_other_method", (), "solver.method", "polar"),
        ("run_descent", (), "solver.method", "gd"),
    ],
)
def test_a_variant_is_run_beside_what_is_on_show(
    answer: str, argument: tuple[int, ...], key: str, value: object
) -> None:
    stage = Stage(SOLVED)
    getattr(stage.comparison, answer)(*argument)
    assert stage.parameters.present.values[key] == pytest.approx(value)
    (run,) = stage.comparison.frozen
    assert run.preset is PRESET
    (said,) = stage.host.said
    assert said.endswith("beside a (dotted); u goes back")


def test_descent_has_no_descent_beside_it() -> None:
    stage = Stage(replace(SOLVED, method="gd"))
    stage.comparison.run_descent()
    assert stage.commands == []
    assert stage.host.said == ["this is plain descent; u goes back to the flow"]


def test_a_comparison_waits_until_the_run_is_solved_or_takes_too_long() -> None:
    running = replace(SOLVED, status="running", wall_seconds=0.5 * WAIT_FOR_FLOW)
    for later in (replace(running, status="converged"), replace(running, wall_seconds=WAIT_FOR_FLOW)):
        stage = Stage(running)
        stage.comparison.run_other_seed()
        stage.comparison.follow(running)
        assert stage.commands == []
        stage.show(replace(later, number=2))
        stage.comparison.follow(later)
        assert stage.commands == ["change", "run"]
        stage.comparison.follow(later)
        assert stage.commands == ["change", "run"]


def test_a_comparison_is_forgotten_when_another_run_comes_first() -> None:
    running = replace(SOLVED, status="running", wall_seconds=0.0)
    stage = Stage(running)
    stage.comparison.run_other_seed()
    stage.comparison.follow(replace(SOLVED, generation=2))
    stage.comparison.follow(SOLVED)
    assert stage.commands == []


def test_a_cursor_that_stood_still_stands_at_the_same_time_of_the_variant() -> None:
    stage = Stage(SOLVED)
    stage.cursor.go_to(12.0)
    stage.comparison.run_other_seed()
    preset = stage.parameters.present
    stage.show(frame_at(60.0, number=9, generation=2, status="converged", preset=preset))
    assert stage.t == 12.0


def test_a_run_solved_elsewhere_is_kept_too() -> None:
    stage = Stage(SOLVED)
    stage.comparison.add(FrozenRun(PRESET, "polar", {"t": np.zeros(1), "loss": np.ones(1)}))
    assert [run.method for run in stage.comparison.frozen] == ["polar"]
