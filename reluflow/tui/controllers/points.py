"""The controller of the points editor has edited points trained on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reluflow.errors import ReluflowError
from reluflow.plot.glyphs import Glyphs
from reluflow.store.preset import Preset
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.cursor import Cursor
from reluflow.tui.point_set import PointSet


class Points:
    """Opens the editor on the samples of the present preset, and starts a run of each set of points."""

    def __init__(self, cursor: Cursor, parameters: Parameters, glyphs: Glyphs, host: Host) -> None:
        self._cursor, self._parameters, self._glyphs, self._host = cursor, parameters, glyphs, host

    def edit(self) -> None:
        """Open the editor, or say why these data cannot be edited by hand."""
        moment = self._cursor.moment
        if moment is None:
            return
        try:
            points = points_of(self._parameters.present)
        except ReluflowError as error:
            self._host.complain(error)
            return
        from reluflow.tui.screens.points_editor import PointsEditor

        self._host.ask(PointsEditor(points, self, moment.live, self._glyphs), lambda _: None)

    def apply(self, points: PointSet) -> str | None:
        """Train on points; returns a sentence if that cannot be."""
        try:
            self._parameters.start(with_points(self._parameters.present, points), keep_place=True)
        except ReluflowError as error:
            return str(error)
        return None

    def turn(self, by: int) -> PointSet | None:
        """Undo (-1) or redo (1); returns the points there are then, None if there are none to edit."""
        (self._parameters.undo if by < 0 else self._parameters.redo)()
        return self.present()

    def present(self) -> PointSet | None:
        """The points that are trained on, None if there are none to edit."""
        try:
            return points_of(self._parameters.present)
        except ReluflowError as error:
            self._host.complain(error)
            return None


def points_of(preset: Preset) -> PointSet:
    """The samples of a preset, without the bias. Raises ReluflowError where they cannot be edited by hand."""
    data = preset.data()
    return PointSet.of(data.inputs[:, : data.input_dimension], data.targets)


def with_points(preset: Preset, points: PointSet) -> Preset:
    """The preset with other samples; what was said of those before is not kept."""
    values: Mapping[str, Any] = {
        "data.kind": "points",
        "data.inputs": points.inputs,
        "data.targets": points.targets,
    }
    return replace(preset.with_values(values), title="", source="", notes="")
