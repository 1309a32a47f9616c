"""The app comes back as it was left."""

from pathlib import Path

from driver import explorer

from reluflow.store.last_session import read_session
from reluflow.tui.launch import open_on
from reluflow.tui.widgets.loss_panel import LossPanel
from reluflow.tui.widgets.neuron_view import NeuronView

TOY = {"stop.loss": 1e-4, "network.width": 12}


async def test_what_was_on_screen_comes_back(own_folder: Path) -> None:
    async with explorer(overrides=TOY, size=(100, 30), running=True, remember=True) as app:
        await app.solved()
        await app.press("f")
        app.app.parameters.start(app.app.parameters.present.with_values({"init.seed": 5}))
        await app.until(lambda: app.frame.preset.values["init.seed"] == 5 and app.frame.over, "a run")
        app.app.cursor.go_to(20.0)
        await app.press("down", "down", "l", "y", "n", "c", "plus", "p", "1")
        app.app.pull()
        left = app.app.persistence.last_session()
        await app.press("q")
    opening = open_on(None)
    assert opening.last == left
    assert opening.complaints == ()
    again = {**TOY, "init.seed": opening.preset.values["init.seed"]}
    async with explorer(overrides=again, size=(100, 30), running=True, last=opening.last) as app:
        await app.solved()
        await app.until(lambda: app.app.comparison.frozen, "the curve behind")
        assert app.moment.t == 20.0
        assert not app.moment.playing
        assert (app.moment.clock, app.moment.speed) == (left.clock, left.speed) == ("time", 5.0)
        assert app.app.table.cursor == 2
        loss = app.app.query_one(LossPanel)
        assert (loss.time, loss.scale, loss.has_focus) == ("log", "all", True)
        assert app.app.query_one(NeuronView).view == "function"
        assert app.shown("#parameters")
        assert "seed 4" in app.text

        def shown() -> tuple[object, ...]:
            session = app.app.persistence.last_session()
            return session.view, session.t, session.neuron

        await app.until(lambda: shown() == (left.view, left.t, left.neuron), "all that was on screen")
        now = app.app.persistence.last_session()
        assert [preset.values for preset in now.frozen] == [preset.values for preset in left.frozen]


async def test_how_the_table_was_arranged_comes_back(own_folder: Path) -> None:
    async with explorer(overrides=TOY, size=(120, 40), running=True, remember=True) as app:
        await app.solved()
        await app.press("end", "S", "I", "slash", *"+ norm>1e-3", "enter", "G", "J", "D", "D", "D")
        neuron = app.app.table.cursor
        await app.press("2", *"nnnnnnn")
        view = app.app.query_one(NeuronView).view
        heading = next(line for line in app.lines if "─ neurons" in line)
        assert "+ norm>1e-3, a line a group" in heading
        assert f"angle to neuron {neuron}" in heading
        await app.press("q")
    last = open_on(None).last
    async with explorer(overrides=TOY, size=(120, 40), running=True, last=last) as app:
        await app.solved()
        assert heading in app.lines
        assert app.app.table.cursor == neuron
        assert app.app.query_one(NeuronView).view == view


async def test_choices_that_mean_nothing_are_left_out() -> None:
    async with explorer(overrides=TOY) as app:
        table = app.app.table
        before = table.choices()
        table.adopt({"sort": "size", "reverse": 1, "filter": "norm~3", "angle": [2], "angle_neuron": -4})
        assert table.choices() == before


async def test_a_session_is_kept_while_the_app_runs_and_only_when_something_is_new(own_folder: Path) -> None:
    async with explorer(overrides=TOY, remember=True) as app:
        await app.solved()
        await app.press("home")
        await app.app.persistence.keep()
        file = own_folder / "config" / "session.toml"
        first = file.stat().st_mtime_ns
        await app.app.persistence.keep()
        assert file.stat().st_mtime_ns == first
        await app.press("end")
        await app.app.persistence.keep()
        session, _ = read_session()
        assert session.t == app.moment.t > 0.0


async def test_an_app_that_is_not_to_remember_leaves_no_file(own_folder: Path) -> None:
    async with explorer(overrides=TOY) as app:
        await app.press("end")
    assert not (own_folder / "config" / "session.toml").exists()


def test_fresh_leaves_the_last_session_alone(own_folder: Path) -> None:
    (own_folder / "config").mkdir()
    file = own_folder / "config" / "session.toml"
    file.write_text("nonsense")
    assert open_on(None, fresh=True).complaints == ()
    assert file.read_text() == "nonsense"
    opening = open_on(None)
    assert "is kept as session.toml.unusable-1" in opening.complaints[0]
    assert opening.preset.name == "orthogonal-toy"
