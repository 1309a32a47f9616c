"""The editor of points: typed, moved by keys or the mouse, and trained on at once."""

import numpy as np
import pytest
from driver import Driver, explorer
from textual.widgets import Input

from reluflow.errors import PresetError
from reluflow.flow.base import State
from reluflow.plot.cells import plain
from reluflow.plot.glyphs import ASCII
from reluflow.plot.points import PointsPicture, Window
from reluflow.store.preset import load_preset
from reluflow.tui.controllers.points import points_of, with_points
from reluflow.tui.point_set import MOST_POINTS, PointSet
from reluflow.tui.screens.points_editor import PointsEditor

LINE = PointSet(np.array([[-1.0, 0.5], [0.0, -0.5], [2.0, 1.0]]))


class TestPointSet:
    def test_changes_make_new_sets(self):
        changed = LINE.changed(1, [0.25, 3.0])
        assert changed.inputs == [[-1.0], [0.25], [2.0]]
        assert changed.targets == [0.5, 3.0, 1.0]
        assert LINE.added([4.0, 5.0]).targets == [0.5, -0.5, 1.0, 5.0]
        assert LINE.removed(0).inputs == [[0.0], [2.0]]
        assert LINE.targets == [0.5, -0.5, 1.0]

    def test_one_point_stays_and_there_is_a_limit(self):
        with pytest.raises(PresetError, match="at least one point"):
            LINE.removed(0).removed(0).removed(0)
        full = PointSet(np.zeros((MOST_POINTS, 2)))
        with pytest.raises(PresetError, match=f"{MOST_POINTS} points"):
            full.added([0.0, 0.0])

    @pytest.mark.parametrize(
        ("inputs", "allowed"), [((200, 2), True), ((201, 1), False), ((2, 3), False), ((1, 1), True)]
    )
    def test_what_can_be_edited_by_hand(self, inputs, allowed):
        data = np.zeros(inputs), np.zeros(inputs[0])
        if allowed:
            assert PointSet.of(*data).coordinates == inputs[1]
        else:
            with pytest.raises(PresetError, match=f"found {inputs[0]} samples? with {inputs[1]} "):
                PointSet.of(*data)

    @pytest.mark.parametrize("text", ["1.5 -2", " 1.5, -2 ", "1.5;-2"])
    def test_numbers_are_typed_as_people_do(self, text):
        assert LINE.typed(text) == [1.5, -2.0]

    @pytest.mark.parametrize("text", ["1,5 -0,25", " 1,5; -0,25 ", "1,5\t-0,25"])
    def test_decimal_commas_are_read_as_in_files(self, text):
        assert LINE.typed(text) == [1.5, -0.25]

    def test_commas_between_numbers_are_told_from_decimal_ones_by_their_count(self):
        assert PointSet(np.zeros((1, 3))).typed("1,5 2") == [1.0, 5.0, 2.0]
        with pytest.raises(
            PresetError, match=r"can be read as 1\.500 \| 2 or, with commas between thousands"
        ):
            LINE.typed("1,500 2")

    @pytest.mark.parametrize("text", ["", "1", "1 2 3", "1 x", "1 nan", "inf 2"])
    def test_anything_else_is_refused_in_a_sentence(self, text):
        with pytest.raises(PresetError, match="expected 2 numbers: x y"):
            LINE.typed(text)
        with pytest.raises(PresetError, match="expected 3 numbers: x1 x2 y"):
            PointSet(np.zeros((1, 3))).typed(f"{text} 2 2 2 2")


class TestPicture:
    def picture(self, points: PointSet, width: int = 61, height: int = 21) -> PointsPicture:
        return PointsPicture(points.values, Window.around(points.values[:, :2]), width, height, ASCII)

    @pytest.mark.parametrize("points", [LINE, PointSet(np.array([[0.0, 1.0, 1.0], [2.0, 3.0, -1.0]]))])
    def test_every_point_is_where_it_is_drawn(self, points):
        picture = self.picture(points)
        rows = [plain(row) for row in picture.rows(0, None, None)]
        for number in range(len(points)):
            x, y = points.values[number, :2]
            column, row = picture.chart.cell(x, y)
            assert rows[row][column] in (ASCII.positive, ASCII.negative, ASCII.positive_cursor)
            assert picture.nearest(column, row) == number
            assert picture.nearest(column + 1, row) == number
            np.testing.assert_allclose(picture.place(column, row), (x, y), atol=0.2)
        assert picture.nearest(59, 0) is None

    def test_a_point_goes_on_by_a_cell_and_back(self):
        picture = self.picture(LINE)
        before = LINE.values[1]
        there = picture.moved(1, 3, -2)
        assert there[0] > before[0]
        assert there[1] > before[1]
        window = Window.around(LINE.values)
        back = PointsPicture(LINE.changed(1, there).values, window, 61, 21, ASCII).moved(1, -3, 2)
        assert back == tuple(before)
        assert picture.moved(1, 1, 0)[1] == before[1]

    def test_the_ground_is_still_until_a_point_leaves_it(self):
        window = Window.around(LINE.values)
        assert window.with_room_for(LINE.changed(0, [-1.1, 0.6]).values) is window
        wide = window.with_room_for(LINE.changed(0, [-50.0, 0.6]).values)
        assert wide.across[0] < -50.0
        assert wide.with_room_for(LINE.values) == window
        assert window.with_room_for(LINE.values / 2.0) is window

    def test_the_line_where_the_network_is_0_is_drawn(self):
        problem = load_preset("first-steps", {"data.bias": False}).problem()
        points = PointSet(np.array([[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]]))
        state = State(0.0, np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([1.0, -1.0]))  # h = x1
        picture = self.picture(points)
        if problem.dimension == 2:
            rows = [plain(row) for row in picture.rows(0, state, problem)]
            column, _ = picture.chart.cell(0.0, 0.0)
            assert sum(row[column - 1 : column + 2].strip() != "" for row in rows[:-2]) >= 17


def test_other_points_are_another_preset_with_no_word_of_the_first():
    preset = load_preset("neuron-centred-10", {"data.dimension": 2, "data.samples": 3})
    points = points_of(preset)
    assert (len(points), points.coordinates) == (3, 2)
    other = with_points(preset, points.changed(0, [1.0, 2.0, 3.0]))
    assert other.values["data.kind"] == "points"
    assert "data.samples" not in other.values
    assert (other.title, other.source, other.notes) == ("", "", "")
    assert other.data().inputs[0].tolist() == [1.0, 2.0]
    toy = load_preset("orthogonal-toy")
    assert with_points(toy, points_of(toy)).data().inputs.tolist() == toy.data().inputs.tolist()


def editor(app: Driver) -> PointsEditor:
    screen = app.app.screen
    assert isinstance(screen, PointsEditor)
    return screen


async def trained_on(app: Driver, targets: list[float]) -> None:
    """Wait until the run on show is that of samples with these targets."""
    await app.until(lambda: app.frame.problem.targets.tolist() == targets, f"the run of targets {targets}")


async def test_keys_change_points_and_the_training_follows() -> None:
    async with explorer(running=True, size=(100, 30)) as app:
        await app.solved()
        await app.press("O", "tab", "minus")
        await trained_on(app, [-1.0, -1.0])
        assert "loss" in app.text
        await app.press("a", "up")
        points = editor(app).panel.points
        assert points.targets[2] > -1.0
        await trained_on(app, points.targets)
        await app.press("d", "u", "u")
        assert len(editor(app).panel.points) == 3
        await trained_on(app, editor(app).panel.points.targets)
        await app.press("u", "u", "escape")
        await trained_on(app, [-1.0, 1.0])
        assert app.app.parameters.present.title == load_preset("orthogonal-toy").title


async def test_numbers_are_typed_and_wrong_ones_are_refused() -> None:
    async with explorer(running=True, size=(100, 30)) as app:
        await app.solved()
        await app.press("O", "enter")
        field = app.app.screen.query_one(Input)
        assert field.value == "-0.5 -1.0"
        field.value = "1 2 3"
        await app.press("enter")
        assert "expected 2 numbers" in app.text
        field.value = "-0.25 -2"
        await app.press("enter")
        await app.until(lambda: app.frame.problem.inputs[0, 0] == -0.25, "the run of the points")
        assert app.frame.problem.targets[0] == -2.0
        # esc leaves the typing first, then the page
        await app.press("enter", "escape")
        assert editor(app).panel.has_focus
        await app.press("escape")
        assert not isinstance(app.app.screen, PointsEditor)


async def test_points_that_cannot_be_trained_on_give_way_to_those_before() -> None:
    async with explorer(running=True, size=(100, 30)) as app:
        await app.solved()
        await app.press("O")
        before = editor(app).panel.points.values.tolist()
        for typed in ("-0.25 -2", "1e90 2"):
            await app.press("enter")
            app.app.screen.query_one(Input).value = typed
            await app.press("enter")
            if typed != "1e90 2":
                await app.until(lambda: app.frame.problem.inputs[0, 0] == -0.25, "the run of the points")
        await app.until(lambda: "has length 1e+90" in app.messages, "the refusal")
        assert editor(app).panel.points.values[0].tolist() == [-0.25, -2.0]
        assert editor(app).panel.shown_window.across[1] < 10.0
        await app.press("u")
        assert editor(app).panel.points.values.tolist() == before
        assert "nothing to undo" not in app.messages
        await trained_on(app, [-1.0, 1.0])
        await app.press("U")
        assert editor(app).panel.points.values[0].tolist() == [-0.25, -2.0]


async def test_the_mouse_adds_chooses_and_drags() -> None:
    async with explorer(running=True, size=(100, 30)) as app:
        await app.solved()
        await app.press("O")
        panel = editor(app).panel
        await app.pilot.click(panel, offset=(12, 4))
        assert len(panel.points) == 3
        assert panel.chosen == 2
        await trained_on(app, panel.points.targets)
        before = panel.points.values[2].tolist()
        await app.pilot.mouse_down(panel, offset=(12, 4))
        await app.pilot.hover(panel, offset=(20, 8))
        await app.pilot.mouse_up(panel, offset=(20, 8))
        await app.drained()
        assert len(panel.points) == 3
        after = panel.points.values[2].tolist()
        assert after[0] > before[0]
        assert after[1] < before[1]
        await trained_on(app, panel.points.targets)


async def test_data_of_many_coordinates_are_not_edited_by_hand() -> None:
    async with explorer("neuron-centred-10", running=True) as app:
        await app.press("O")
        assert "edited by hand up to" in app.messages
        assert not isinstance(app.app.screen, PointsEditor)
