"""Runs beside runs: frozen curves, plain descent, branches, and going back to the parameters before."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from driver import Driver, explorer

from reluflow.errors import PresetError
from reluflow.live import branching
from reluflow.live.frame import Frame
from reluflow.plot.loss_curve import curve_of
from reluflow.store.preset import load_preset
from reluflow.tui.frozen_runs import (
    MOST,
    FrozenRun,
)
from reluflow.tui.undo import UndoHistory
from reluflow.tui.variants import (
    descent_preset,
    other_method,
    other_scale,
    other_seed,
    sensible_rate,
)
from reluflow.tui.widgets.loss_panel import LossPanel

TOY = {"stop.loss": 1e-4}


async def another(app: Driver, **values: object) -> Frame:
    """Run with other values; the frame when that run is over."""
    before = app.session.frame.generation
    app.app.parameters.start(app.app.parameters.present.with_values(values))
    await app.until(lambda: app.frame.generation > before and app.frame.over, "another run")
    return app.frame


def told(app: Driver) -> str:
    """What the app has said so far, whatever became of the lines on screen."""
    return app.messages


async def test_f_keeps_the_curve_behind_the_next_one_and_says_what_differs() -> None:
    async with explorer(overrides=TOY) as app:
        await app.solved()
        await app.press("f")
        assert "a the same" in app.text
        await another(app, **{"init.scale": 1e-3, "network.width": 30})
        assert "a width 60, scale 1e-6" in app.text
        await app.press("f")
        assert "b the same" in app.text


async def test_capital_f_lists_the_curves_and_lets_go_of_them() -> None:
    async with explorer(overrides=TOY) as app:
        await app.press("F")
        assert "nothing is kept" in app.text
        await app.solved()
        await app.press("f")
        await another(app, **{"init.seed": 5})
        await app.press("f", "F")
        assert "Runs kept" in app.text
        assert "a  seed 4" in app.text
        await app.press("x", "escape")
        assert [run.preset.values["init.seed"] for run in app.app.comparison.frozen] == [5]
        await app.press("F", "X")
        assert app.app.comparison.frozen == ()
        assert "behind:" not in app.text


async def test_the_list_of_curves_is_moved_in_also_where_there_is_no_room_for_it() -> None:
    async with explorer(overrides={"stop.steps": 2}) as app:
        for _ in range(3):
            await app.solved()
            await app.press("N")
        await app.press("F", "down")
        await app.resize(4, 3)
        await app.press("pagedown", "up", "end", "up")
        # the second of three
        await app.press("x", "escape")
        assert [run.preset.values["init.seed"] for run in app.app.comparison.frozen] == [4, 6]


@pytest.mark.slow
async def test_of_many_curves_the_last_ones_are_kept() -> None:
    async with explorer(overrides={"stop.steps": 2}) as app:
        for _ in range(MOST + 2):
            await app.solved()
            seed = app.frame.preset.values["init.seed"]
            await app.press("N")
            await app.until(lambda seed=seed: app.frame.preset.values["init.seed"] != seed, "the next seed")
        assert [run.preset.values["init.seed"] for run in app.app.comparison.frozen] == list(
            range(6, 6 + MOST)
        )


async def test_a_run_kept_again_takes_the_place_of_what_was_kept_of_it() -> None:
    async with explorer() as app:
        await app.halted_at(2)
        await app.press("f")
        early = app.app.comparison.frozen[0]
        await app.solved()
        await app.press("f")
        (run,) = app.app.comparison.frozen
        assert run.series["t"].size > early.series["t"].size


async def test_curves_belong_to_their_preset_and_a_branch_lies_over_its_parent() -> None:
    async with explorer(overrides={"init.scale": 1e-3}) as app:
        await app.solved()
        await app.press("f")
        app.app.cursor.go_to(5.0)
        app.app.pull()
        await app.press("b")
        await app.until(lambda: "-at-" in app.frame.preset.name, "the branch")
        start = app.app.parameters.origins[app.frame.preset.name].t
        assert 0.0 < start <= 5.0
        parent = app.app.comparison.frozen[0].series
        await app.solved()
        panel = app.app.query_one(LossPanel)
        (kept,) = panel.behind(app.frame.preset).values()
        shifted = curve_of(kept.series, False, begun=kept.comes_from.t - start)
        branch = curve_of(app.frame.history.series, False)
        # the same loss at the same time, as far as both were recorded
        times = np.linspace(0.1, 10.0, 20)
        assert np.interp(times, shifted.x, shifted.high) == pytest.approx(
            np.interp(times, branch.x, branch.high), abs=0.02
        )
        assert shifted.x[-1] == pytest.approx(parent["t"][-1] - start)
        app.app.parameters.start(load_preset("first-steps"))
        await app.until(lambda: app.frame.preset.name == "first-steps", "another preset")
        assert "behind:" not in app.text


async def test_d_runs_plain_descent_beside_the_flow() -> None:
    async with explorer(overrides={"network.width": 8, "stop.time": 2.0}, running=True) as app:
        await app.press("d")
        await app.until(lambda: app.frame.method == "gd" and app.frame.over, "descent")
        assert app.app.comparison.frozen[0].method == "lorentz"
        assert app.app.comparison.frozen[0].series["t"][-1] == pytest.approx(2.0)
        assert app.frame.preset.values["solver.learning_rate"] == 0.002
        assert "learning_rate 2e-3, beside a (dotted)" in told(app)
        assert "a lorentz" in app.text
        await app.press("d")
        assert len(app.app.comparison.frozen) == 1
        await app.press("u")
        await app.until(lambda: app.frame.method == "lorentz", "the flow again")


@pytest.mark.parametrize(
    ("key", "id", "value", "label"),
    [
        ("N", "init.seed", 5, "a seed 4"),
        pytest.param("a", "init.scale", 1e-7, "a scale 1e-6", marks=pytest.mark.slow),
        pytest.param("A", "init.scale", 1e-5, "a scale 1e-6", marks=pytest.mark.slow),
        ("m", "solver.method", "polar", "a lorentz"),
    ],
)
async def test_one_key_runs_another_solver_seed_or_scale_beside_this_run(
    key: str, id: str, value: object, label: str
) -> None:
    async with explorer(overrides={**TOY, "network.width": 8}, running=True) as app:
        await app.until(lambda: app.frame.over, "a whole run")
        await app.press(key)
        await app.until(lambda: app.frame.preset.values.get(id) == value and app.frame.over, "the variant")
        assert label in app.text
        assert app.app.comparison.frozen[0].series["loss"][-1] <= 1e-4
        assert "beside a (dotted)" in told(app)
        app.app.cursor.go_to(7.0)
        app.app.pull()
        await app.press(key)
        await app.until(lambda: len(app.app.comparison.frozen) == 2 and app.frame.over, "one more")
        await app.until(lambda: app.moment.t == 7.0, "the same time")
        await app.press("u")
        await app.until(lambda: app.frame.preset.values.get(id) == value, "the one before")


def test_what_cannot_be_varied_says_so_in_one_sentence() -> None:
    preset = load_preset("orthogonal-toy")
    keys = {
        "init.kind": "file",
        "init.path": "w.npz",
        "init.seed": None,
        "init.scale": None,
        "init.norm": None,
    }
    read = preset.with_values({**keys, "network.width": None})
    for variant in (other_seed, partial(other_scale, by=1)):
        with pytest.raises(PresetError, match="orthogonal-toy: its weights are"):
            variant(read)
    assert other_method(preset, "rk45").values["solver.method"] == "lorentz"


def test_descent_gets_a_sensible_rate_where_the_preset_has_none() -> None:
    preset = load_preset("orthogonal-toy", {"solver.learning_rate": None, "network.width": 20})
    problem = preset.problem()
    rate = sensible_rate(problem)
    assert descent_preset(preset, problem).values["solver.learning_rate"] == rate
    assert 1e-3 < rate < 0.1
    assert f"{rate:.0e}" == f"{rate:.6e}".replace(".000000", "")


async def test_b_starts_a_run_from_the_state_at_the_cursor(own_folder: Path) -> None:
    async with explorer(overrides=TOY) as app:
        history = (await app.solved()).history
        app.app.cursor.go_to(20.0)
        app.app.pull()
        await app.press("b")
        await app.until(lambda: "-at-" in app.frame.preset.name and app.frame.over, "the branch")
        saddle = history.recorded_at(20.0)
        assert app.frame.preset.name.startswith("orthogonal-toy-at-")
        np.testing.assert_array_equal(app.frame.problem.weights, saddle.weights)
        assert app.frame.history.loss_at(0.0) == pytest.approx(0.25, abs=0.01)
        assert len(list((own_folder / "config" / "branches").glob("*.toml"))) == 1
        await app.press("u")
        await app.until(lambda: app.frame.preset.name == "orthogonal-toy" and app.frame.over, "the trunk")


def test_branches_do_not_pile_up(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branching, "MOST_KEPT", 3)
    preset = load_preset("orthogonal-toy", {"network.width": 4})
    state = Frame(preset)
    problem = preset.problem()
    from reluflow.flow.base import State

    state = State(1.5, problem.weights, problem.output_weights)
    names = [branching.branch(preset, state).name for _ in range(5)]
    assert names[:3] == ["orthogonal-toy-at-1.5", "orthogonal-toy-at-1.5-2", "orthogonal-toy-at-1.5-3"]
    kept = sorted(path.suffix for path in branching.branch_folder().iterdir())
    assert kept == 3 * [".npz"] + 3 * [".toml"]


async def test_u_and_capital_u_go_through_the_parameters() -> None:
    async with explorer(overrides=TOY) as app:
        await app.press("u")
        assert "nothing to undo" in app.text
        await app.solved()
        for seed in (5, 6):
            await another(app, **{"init.seed": seed})
        seeds = []
        for key in ("u", "u", "U", "U"):
            before = app.session.frame.generation
            await app.press(key)
            await app.until(lambda g=before: app.frame.generation > g and app.frame.over, "a run")
            seeds.append(app.frame.preset.values["init.seed"])
        assert seeds == [5, 4, 5, 6]
        await app.press("U")
        assert "nothing to redo" in app.text


def test_a_new_change_forgets_what_was_undone() -> None:
    a, b, c = (load_preset("orthogonal-toy", {"init.seed": seed}) for seed in (1, 2, 3))
    history = UndoHistory(a)
    history.add(b)
    assert history.undo() is a
    history.add(c)
    assert history.redo() is None
    assert history.undo() is a
    assert history.undo() is None


def test_labels_name_another_preset_or_the_values_that_differ() -> None:
    toy, other = load_preset("orthogonal-toy"), load_preset("first-steps")
    frozen = FrozenRun(toy, "lorentz", {})
    assert frozen.label(Frame(other, method="lorentz")) == "orthogonal-toy"
    assert frozen.label(Frame(toy, method="gd")) == "lorentz"
    assert frozen.label(Frame(toy.with_values({"init.scale": 1e-9}), method="lorentz")) == "scale 1e-6"
