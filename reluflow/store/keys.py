"""The one table of preset keys.

Validation, ``--set``, completion, ``presets show`` and the app's form are all made from it. It imports
nothing heavy, so that a shell may ask for completions at every press of a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from reluflow.data import DATA_KINDS, INITIALISATIONS
from reluflow.flow import DEFAULT_METHOD, DESCENT, METHODS
from reluflow.registry.activations import ACTIVATIONS, SLOPES_BELOW
from reluflow.registry.losses import DEFAULT_LOSS, LOSSES

#: What a value is, and with it how it is read, checked and edited.
Kind = Literal["bool", "int", "float", "choice", "path", "column", "held-out", "floats", "points"]
#: How the app steps a number: by one, by factors of ten, or through 1, 2, 5, 10.
Step = Literal["one", "tens", "1-2-5"]

#: Sections in the order in which they are written and shown.
SECTIONS: Final = ("data", "network", "init", "solver", "stop", "record")

#: Larger counts than this are refused as such; far smaller ones already do not fit in any memory.
LARGEST_COUNT: Final = 10**12
LARGEST_SEED: Final = 2**63 - 1
#: Larger numbers than this overflow when they are squared.
LARGEST_NUMBER: Final = 1e150


@dataclass(frozen=True)
class Key:
    """One key of a preset.

    ``low`` and ``high`` bound a number, and every number of a list; ``low_open`` and ``high_open`` exclude
    the bound itself.
    ``default`` None means that the key stays unset. ``when`` names another key and those of its values
    under which this one has a meaning; ``required`` those among them under which it must be given.
    ``dormant``: the key may stand in a preset in which it has no effect, so that one preset can be run
    with several methods. ``step``: how the app steps a number; by one for an integer and through 1, 2, 5
    for another one, where nothing is said.
    """

    section: str
    name: str
    kind: Kind
    help: str
    default: Any = None
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    choices: tuple[str, ...] = ()
    when: tuple[str, tuple[str, ...]] | None = None
    required: tuple[str, ...] = ()
    always: bool = False
    dormant: bool = False
    step: Step | None = None

    @property
    def id(self) -> str:
        """``section.name``, as in ``--set``."""
        return f"{self.section}.{self.name}"

    def is_file(self, value: Any) -> bool:
        """Whether a value of this key names a file."""
        return isinstance(value, str) and self.kind in ("path", "held-out")

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Whether the key means anything beside these ``values`` (flat, by id)."""
        return self.when is None or values.get(self.when[0]) in self.when[1]

    def is_required(self, values: Mapping[str, Any]) -> bool:
        """Whether the key must be given beside these ``values``."""
        if self.when is None:
            return self.always
        return values.get(self.when[0]) in self.required


def _data(name: str, kind: Kind, help: str, **rest: Any) -> Key:
    """A key of some kinds of data; each kind says itself which keys it has."""
    rows = DATA_KINDS.rows.items()
    kinds = tuple(each for each, row in rows if name in row.keys)
    required = tuple(each for each, row in rows if name in row.required)
    return Key("data", name, kind, help, when=("data.kind", kinds), required=required, **rest)


_DRAWN_INIT: Final = tuple(name for name, row in INITIALISATIONS.rows.items() if row.drawn)
_COUNT: Final[dict[str, Any]] = {"low": 1, "high": LARGEST_COUNT}
_ANY: Final[dict[str, Any]] = {"low": -LARGEST_NUMBER, "high": LARGEST_NUMBER}
_POSITIVE: Final[dict[str, Any]] = {"low": 0.0, "low_open": True, "high": LARGEST_NUMBER}
_SEED: Final[dict[str, Any]] = {"low": 0, "high": LARGEST_SEED, "default": 0}

KEYS: Final[tuple[Key, ...]] = (
    Key("data", "kind", "choice", "where the samples come from", choices=tuple(DATA_KINDS), always=True),
    _data("inputs", "points", "the inputs, one row a sample", **_ANY),
    _data("targets", "floats", "the targets, one a sample", **_ANY),
    _data("path", "path", "a .csv, .npz or .npy file with inputs and targets"),
    _data(
        "target",
        "column",
        "column of the targets: its number from 1, or its name; "
        "when not set one called y, target or label, else the last",
        **_COUNT,
    ),
    _data(
        "normalise",
        "choice",
        "what is done to the inputs: mean 0, also deviation 1, or every input of length 1",
        default="none",
        choices=("none", "centre", "variance", "length"),
    ),
    _data(
        "held_out",
        "held-out",
        "samples kept from training: a share of the file or another file; of drawn data, a number",
        **_COUNT,
    ),
    _data("samples", "int", "number of samples", **_COUNT),
    _data(
        "dimension",
        "int",
        "dimension of the inputs, without the bias",
        **_COUNT,
    ),
    _data(
        "teacher_width",
        "int",
        "hidden ReLU neurons of the teacher",
        **_COUNT,
    ),
    _data("centred", "bool", "inputs centred on the teacher's direction", default=True),
    _data(
        "noise",
        "float",
        "spread around the teacher (1 when centred, 0.644 when not) or the curve or centres of a label "
        "(0.2 for two-clusters and xor, 0.1 moons, 0.05 ring, 0.02 spiral); of symmetric targets (0)",
        low=0.0,
        high=LARGEST_NUMBER,
    ),
    _data("white", "bool", "inputs with X'X = n I on their span", default=False),
    _data("teachers", "int", "number of teacher neurons, 1 or 2", default=1, low=1, high=2),
    _data(
        "knots",
        "points",
        "corners [x, y] of the target, x increasing",
        **_ANY,
    ),
    _data("norms", "floats", "norms of the inputs are drawn between these two", **_POSITIVE),
    _data("seed", "int", "seed of the data; of a file, which samples are held out", **_SEED),
    Key("data", "bias", "bool", "append a constant 1 to every input", default=False),
    Key(
        "network",
        "width",
        "int",
        "number of hidden neurons",
        when=("init.kind", _DRAWN_INIT),
        required=_DRAWN_INIT,
        **_COUNT,
    ),
    Key(
        "network",
        "slope",
        "float",
        "slope of the activation below zero: "
        + ", ".join(f"{each.slopes} for {name}" for name, each in ACTIVATIONS.items()),
        default=0.0,
        low=0.0,
        high=SLOPES_BELOW,
        high_open=True,
    ),
    Key(
        "init",
        "kind",
        "choice",
        "how the first weights are drawn",
        default="balanced",
        choices=tuple(INITIALISATIONS),
    ),
    Key(
        "init",
        "scale",
        "float",
        "scale of the first weights",
        default=1e-6,
        step="tens",
        when=("init.kind", _DRAWN_INIT),
        **_POSITIVE,
    ),
    Key(
        "init",
        "norm",
        "choice",
        "what the scale is divided by: sqrt(width * dimension) or sqrt(width)",
        default="width-dimension",
        choices=("width-dimension", "width"),
        when=("init.kind", _DRAWN_INIT),
    ),
    Key(
        "init",
        "delta",
        "float",
        "a_j^2 - |w_j|^2 of every neuron",
        default=0.0,
        step="one",
        when=("init.kind", ("fixed-norm",)),
        **_ANY,
    ),
    Key(
        "init",
        "paired",
        "bool",
        "every neuron (w, a) beside (w, -a), so that the network is 0 at first",
        default=False,
        when=("init.kind", _DRAWN_INIT),
    ),
    Key("init", "seed", "int", "seed of the first weights", when=("init.kind", _DRAWN_INIT), **_SEED),
    Key(
        "init",
        "path",
        "path",
        "an .npz file with weights and output_weights",
        when=("init.kind", ("file",)),
        required=("file",),
    ),
    Key("solver", "method", "choice", f"the solver; {DEFAULT_METHOD} when not set", choices=tuple(METHODS)),
    Key(
        "solver",
        "rtol",
        "float",
        "relative tolerance of adaptive solvers",
        default=1e-6,
        low=1e-14,
        high=0.1,
        dormant=True,
        step="tens",
    ),
    Key(
        "solver",
        "learning_rate",
        "float",
        "step of plain descent (gd), in the stated loss",
        when=("solver.method", (DESCENT,)),
        required=(DESCENT,),
        dormant=True,
        **_POSITIVE,
    ),
    Key(
        "solver",
        "loss",
        "choice",
        ", ".join(f"{name} = {each.formula}" for name, each in LOSSES.items()),
        default=DEFAULT_LOSS,
        choices=tuple(LOSSES),
    ),
    Key(
        "solver",
        "weight_decay",
        "float",
        "lambda of (lambda / 2) sum_j (|w_j|^2 + a_j^2), added to the loss",
        default=0.0,
        low=0.0,
        high=1e6,
        step="tens",
    ),
    Key("stop", "loss", "float", "stop when the loss is at or below this", step="tens", **_POSITIVE),
    Key(
        "stop",
        "margin",
        "float",
        "stop when min y h(x) / (|theta|^2 / 2) is at or above this, once every sample is fitted",
        when=("solver.loss", tuple(name for name, each in LOSSES.items() if each.of_labels)),
        step="1-2-5",
        **_POSITIVE,
    ),
    Key("stop", "time", "float", "stop at this flow time", **_POSITIVE),
    Key("stop", "steps", "int", "stop after so many steps", low=1, high=LARGEST_SEED, step="1-2-5"),
    Key("stop", "wall_seconds", "float", "stop after so many seconds of computing", **_POSITIVE),
    Key(
        "record",
        "snapshots",
        "int",
        "most snapshots of all weights kept",
        default=400,
        low=2,
        high=10**7,
        step="1-2-5",
    ),
    Key("record", "memory_mb", "float", "most memory for snapshots, in MB", default=8.0, **_POSITIVE),
    Key(
        "record",
        "series",
        "int",
        "most rows kept of loss and the like",
        default=20_000,
        low=16,
        high=10**8,
        step="1-2-5",
    ),
)
