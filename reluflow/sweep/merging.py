"""Several folders of one study put together into a new one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reluflow.errors import SweepError
from reluflow.sweep.opening import Sweep, open_sweep
from reluflow.sweep.parts import Part
from reluflow.sweep.rows import compact
from reluflow.sweep.study import begin, is_begun


def merged(folders: Sequence[Path], out: Path) -> Sweep:
    """The rows of all ``folders`` in a new one; of two rows of one point the later folder's counts.

    Its axes have the values of all. Raises SweepError, naming what differs, for folders of different studies,
    and where ``out`` exists or a folder is damaged.
    """
    if is_begun(out):
        raise SweepError(f"{out} exists already; expected a new folder")
    sweeps = [open_sweep(folder) for folder in folders]
    study = sweeps[0].study
    for sweep in sweeps[1:]:
        study.require_same(sweep.study, str(folders[0]))
        study = replace(study, grid=study.grid.merged(sweep.study.grid))
    for sweep in sweeps:
        if sweep.rows.troubles:
            raise SweepError(f"{sweep.rows.troubles[0]}; expected folders that --resume has mended")
    study = begin(out, study)
    part = Part(out, study)
    for sweep in sweeps:
        names = [each.name for each in sweep.rows.headings]
        order = [names.index(key) for key in study.grid.keys] + list(range(len(study.grid.keys), len(names)))
        part.add([[cells[place] for place in order] for cells in sweep.rows.cells()])
    part.close()
    compact(out, study)
    return open_sweep(out)
