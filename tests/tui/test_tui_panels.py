"""The table sorted, filtered and grouped; events by key and pointer; theory in the loss panel."""

import re
from types import SimpleNamespace

import driver
import numpy as np
import pytest
from driver import SMALL, Driver
from rich.console import Console
from textual import events
from textual.geometry import Offset, Region
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input
from textual_private import ChopsUpdate, LayoutUpdate, collect_updates, forget_what_was_painted

from reluflow.plot.glyphs import BRAILLE
from reluflow.tui.app import Explorer
from reluflow.tui.controllers.theory import Marks
from reluflow.tui.widgets.neuron_table import NeuronTable
from reluflow.tui.widgets.neuron_view import NeuronView
from reluflow.tui.widgets.timeline import Timeline


class Terminal:
    """Cells that are written to where an update moves the cursor."""

    def __init__(self, width: int, height: int) -> None:
        self._cells = [[" "] * width for _ in range(height)]

    @property
    def lines(self) -> list[str]:
        return ["".join(line) for line in self._cells]

    def write(self, update: object) -> None:
        if not isinstance(update, ChopsUpdate | LayoutUpdate):
            return
        x = y = 0
        for piece in re.split(r"(\x1b\[[0-9;?]*[A-Za-z])", update.render_segments(Console())):
            moved = re.fullmatch(r"\x1b\[(\d+);(\d+)H", piece)
            if moved:
                y, x = int(moved[1]) - 1, int(moved[2]) - 1
            elif not piece.startswith("\x1b"):
                for sign in piece.replace("\n", ""):
                    if y < len(self._cells) and x < len(self._cells[y]):
                        self._cells[y][x] = sign
                    x += 1


def rows(app: Driver) -> list[list[str]]:
    """The lines of the table, heads first."""
    region = app.app.query_one(NeuronTable).region
    return [line[region.x : region.right].split() for line in app.lines[region.y + 1 : region.bottom]]


def numbers(app: Driver) -> list[int]:
    return [int(row[0]) for row in rows(app)[1:] if row and row[0].isdigit()]


async def test_the_table_is_sorted_by_one_column_after_another() -> None:
    async with driver.explorer(overrides=SMALL, size=(120, 40)) as app:
        await app.solved()
        table = app.app.table
        assert numbers(app) == list(range(8))
        await app.press("S")
        assert "norm↓" in rows(app)[0]
        norms = [float(row[3]) for row in rows(app)[1:9]]
        assert norms == sorted(norms, reverse=True)
        first = table.cursor
        await app.press("I")
        assert "norm↑" in rows(app)[0]
        assert [float(row[3]) for row in rows(app)[1:9]] == norms[::-1]
        assert table.cursor == first, "the cursor stays on its neuron"
        await app.press("S")
        assert "growth↓" in rows(app)[0]


async def test_the_cursor_goes_along_the_lines_and_points_in_every_view() -> None:
    async with driver.explorer(overrides=SMALL, size=(120, 40)) as app:
        await app.solved()
        await app.press("S")
        order = numbers(app)
        for key, place in (("J", -1), ("K", 0), ("down", 1), ("down", 2)):
            await app.press(key)
            assert app.app.table.cursor == order[place]
            assert app.app.query_one(NeuronView).cursor == order[place]
        for view in ("directions", "function", "norms", "norms over time"):
            while app.app.query_one(NeuronView).view != view:
                await app.press("n")
            region = app.app.query_one(NeuronView).region
            picture = "".join(line[region.x : region.right] for line in app.lines[region.y : region.bottom])
            assert BRAILLE.positive_cursor in picture or BRAILLE.negative_cursor in picture, view


async def test_words_filter_the_table_and_wrong_words_are_explained() -> None:
    async with driver.explorer(overrides=SMALL, size=(120, 40)) as app:
        frame = await app.solved()
        outputs = frame.problem.output_weights
        await app.press("slash", *"+", "enter")
        assert numbers(app) == [j for j in range(8) if outputs[j] > 0.0]
        assert "(of 8 neurons)" in app.text
        await app.press("slash")
        app.app.screen.query_one(Input).value = "nrom>1"
        await app.press("enter")
        assert "'nrom>1' chooses no neurons (there is no nrom); expected" in " ".join(app.text.split())
        app.app.screen.query_one(Input).value = "norm>1e9"
        await app.press("enter")
        assert numbers(app) == []
        assert "no neuron is norm>1e9" in app.text
        await app.press("down", "J", "n", "S")
        await app.press("slash")
        app.app.screen.query_one(Input).value = ""
        await app.press("enter")
        assert sorted(numbers(app)) == list(range(8))


async def test_a_line_a_cluster() -> None:
    async with driver.explorer(size=(120, 40)) as app:
        await app.solved()
        # on neuron 1, which is then stood in for by the heaviest of its cluster
        await app.press("end", "down", "G")
        region = app.app.query_one(NeuronTable).region
        shown = "\n".join(line[region.x : region.right] for line in app.lines[region.y : region.bottom])
        assert "a line a group" in shown
        table = app.app.table
        roster = table.roster
        assert table.count == len(roster.clusters.lead)
        heaviest = int(roster.clusters.lead[0])
        size = int(roster.clusters.size[0])
        assert f"{size} neurons" in next(
            line for line in shown.splitlines() if line.split()[0] == str(heaviest)
        )
        assert roster.clusters.of[table.cursor] == roster.clusters.of[1], (
            "it went to the stand-in of neuron 1"
        )
        await app.press("G")
        assert table.count == 60


async def test_events_are_gone_to_by_key_told_in_words_and_looked_at() -> None:
    async with driver.explorer(overrides=SMALL, size=(120, 40)) as app:
        frame = await app.solved()
        times = frame.history.event_times.tolist()
        await app.press("end")
        assert f"events {frame.history.events.changes}" in app.lines[0]
        await app.press("home")
        assert "events 0" in app.lines[0], "those up to the cursor, as its step and its loss"
        await app.press("greater_than_sign", "greater_than_sign")
        assert app.moment.t == times[1]
        assert "gains sample" in app.lines[0] or "loses sample" in app.lines[0] or "slides" in app.lines[0]
        await app.press("less_than_sign")
        assert app.moment.t == times[0]
        await app.press("less_than_sign")
        assert "there is no earlier event" in app.text
        await app.press("e")
        assert "to the next event" in app.lines[1]
        await app.play(60.0)
        assert app.moment.t == times[1]
        assert "paused" in app.lines[1]
        await app.press("i")
        assert f"event 2 of {len(frame.history.events)}" in app.lines[0]
        await app.press("down", "g")
        assert app.moment.t == frame.history.events.t[2]
        assert app.app.table.cursor == frame.history.events.neuron[2]


async def test_a_solver_without_a_log_says_so() -> None:
    async with driver.explorer(overrides=SMALL | {"solver.method": "polar", "stop.loss": 1e-3}) as app:
        await app.solved()
        await app.press("greater_than_sign")
        assert "has logged no events" in app.text


async def test_a_click_on_a_tick_goes_to_the_event_and_the_next_one_opens_its_page() -> None:
    async with driver.explorer(overrides=SMALL, size=(120, 40)) as app:
        frame = await app.solved()
        await app.press("home")
        line = app.lines[app.app.query_one(Timeline).region.y]
        ticks = (BRAILLE.plateau_event, BRAILLE.escape_event, BRAILLE.event)
        place = max(x for x, sign in enumerate(line) if sign in ticks)
        offset = Offset(place - app.app.query_one(Timeline).region.x - 1, 0)
        await app.pilot.click(Timeline, offset=offset)
        await app.drained()
        assert app.moment.t in frame.history.event_times
        await app.pilot.click(Timeline, offset=offset)
        await app.drained()
        assert " event " in app.lines[0]


async def test_the_loss_panel_says_when_the_next_escape_is_due() -> None:
    async with driver.explorer(size=(120, 40), theory=True) as app:
        await app.solved()
        first, second = app.moment.plateaus
        await app.press("home")
        await app.until(lambda: "next escape" in app.text and "theory" in app.text, "a forecast")
        theory = app.app.theory
        marks = app.app.theory.marks
        assert marks.landmarks.escapes[0].time < first.arrive
        assert abs(marks.forecast.time - first.escape) < 0.01 * first.escape
        app.app.cursor.go_to(second.begin + 2.0)
        await app.until(lambda: theory.marks.forecast and theory.marks.forecast.time > 20.0, "the second one")
        assert abs(theory.marks.forecast.time - second.escape) < 0.05 * second.escape
        region = app.app.query_one(NeuronView).region

        def in_view() -> str:
            return "".join(line[region.x : region.right] for line in app.lines[region.y : region.bottom])

        await app.until(lambda: BRAILLE.minus_goal in in_view(), "where the small neurons end")
        await app.press("T")
        assert "next escape" not in app.text
        await app.press("T", "end")
        assert theory.marks.forecast is None, "after the last plateau there is nothing to foresee"


async def test_time_is_counted_in_three_ways() -> None:
    async with driver.explorer(overrides=SMALL, size=(120, 40)) as app:
        await app.solved()
        for word in ("log time", "time / ln(1/scale)", "time"):
            await app.press("l")
            assert f"half-mse over {word} " in app.text
    async with driver.explorer(overrides=SMALL | {"init.scale": 1.0}, size=(120, 40)) as app:
        for word in ("log time", "time"):
            await app.press("l")
            assert f"half-mse over {word} " in app.text


async def test_losses_of_labels_are_shown_over_log_time_with_all_decades() -> None:
    labels = {"data.kind": "two-clusters", "data.samples": 4, "data.dimension": 2, "solver.loss": "logistic"}
    async with driver.explorer(overrides=labels, size=(120, 40)) as app:
        await app.solved()
        assert "logistic over log time " in app.text
        assert "1e-3┤" in app.text
        await app.press("l", "l")
        assert "logistic over time " in app.text


async def test_a_frame_renders_no_field_of_the_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []
    render_lines = Widget.render_lines

    def spy(widget: Widget, crop: Region) -> list[Strip]:
        rendered.append(type(widget).__name__)
        return render_lines(widget, crop)

    async with driver.explorer(overrides=SMALL, size=(160, 45), form=True) as app:
        await app.solved()
        await app.press("home")
        monkeypatch.setattr(Widget, "render_lines", spy)
        for key in ("right", "right_square_bracket", "end"):
            await app.press(key)
        assert {"StatusLine", "LossPanel", "NeuronView", "NeuronTable", "Timeline"} <= set(rendered)
        assert not {"ParameterField", "Input", "ChoiceField"} & set(rendered)


async def test_what_is_painted_is_what_a_full_paint_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The updates of some frames and layouts, written into cells as a terminal does, give the screen."""
    updates = collect_updates(Explorer, monkeypatch)
    async with driver.explorer(overrides=SMALL, size=(120, 40), form=True, painting=True, theory=True) as app:
        await app.solved()
        for key in ("end", "greater_than_sign", "home", "S", "p", "right", "n", "z", "z", "z", "z", "p", "G"):
            await app.press(key)
        assert any(isinstance(update, ChopsUpdate) for update in updates)
        terminal = Terminal(120, 40)
        for update in updates:
            terminal.write(update)
        forget_what_was_painted(app.app.screen)
        assert terminal.lines == app.lines


async def test_the_verify_page_follows_the_run() -> None:
    async with driver.explorer(overrides=SMALL, size=(120, 40)) as app:
        await app.halted_at(3)
        await app.press("V")
        await app.until(lambda: "predicted" in app.text, "the first table")
        short = app.lines[0]
        assert "it is not over" in app.text
        await app.solved()
        await app.until(
            lambda: app.lines[0] != short and "orthogonal/second-escape" in app.text, "a later table"
        )
        assert any(line.split()[:1] == ["holds"] for line in app.lines)


async def test_objective_and_held_out_loss_are_drawn_beside_the_loss() -> None:
    words = {"solver.weight_decay": 1e-3, "data.held_out": 20, "network.width": 4, "stop.steps": 4}
    async with driver.explorer("neuron-centred-10", (120, 40), overrides=words) as app:
        await app.solved()
        assert "H held out   O objective" in app.text
    async with driver.explorer(overrides={"network.width": 4, "stop.steps": 2}) as app:
        await app.solved()
        assert "objective" not in app.text


async def test_late_news_of_a_focus_that_has_moved_on_changes_nothing() -> None:
    async with driver.explorer(size=(160, 45), form=True) as app:
        await app.press("3", "1")
        table = app.app.query_one("#neurons")
        app.app.screen.post_message(events.DescendantFocus(table))
        await app.drained()
        assert app.app.layout.panel == "loss"


async def test_marks_of_another_run_are_not_drawn() -> None:
    async with driver.explorer(overrides=SMALL) as app:
        await app.solved()
        found = SimpleNamespace(time=30.0, rate=0.5, neurons=np.arange(3), rivals=0, sign=1)
        for problem, drawn in ((app.frame.problem, True), (app.frame.preset.problem(), False)):
            app.app.main.show_theory(Marks(forecast=found, problem=problem))  # type: ignore[arg-type]
            await app.drained()
            assert ("next escape t = 30" in app.text) is drawn
