"""What one network is and how it is trained, in one frozen record."""

import dataclasses
import math
from dataclasses import dataclass, field

import numpy as np

from trilateration._arrays import Scalar
from trilateration._checks import (
    check_at_least,
    check_between,
    check_choice,
    check_count,
    check_positive,
)
from trilateration.evidence import (
    AnisotropicNoise,
    AutoregressiveNoise,
    GaussianNoise,
    NoiseModel,
    StudentNoise,
    correlate,
)
from trilateration.evidence.maps import MAPS
from trilateration.networks import LINKS, PRECISIONS, architectures, make_core
from trilateration.training.protocols import Protocol, protocol

TASKS = ("even", "parallel", "random", "circles", "products")
NOISES = ("gaussian", "autoregressive", "student", "anisotropic")
OBSERVATIONS = ("relu", "identity", *MAPS)

# In these replicates of one ensemble may differ.
PER_REPLICATE = (
    "seed",
    "n_tasks",
    "sigma",
    "offset_half_width",
    "tasks",
    "noise",
    "noise_parameter",
    "held_out",
    "correlation",
    "network_noise",
    "task_spread",
    "offset_shift",
    "label_noise",
    "label_blur",
    "pool",
    "drift",
    "blocks",
    "first_weight",
)
# Attributes that must be numbers ≥ 0; records, which are written as JSON, hold them as floats.
_SIZES = ("offset_half_width", "network_noise", "task_spread", "label_noise", "label_blur", "drift")

Options = tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Configuration:
    """One network: its world, its architecture and its training.

    The same seed has the same encoder, boundaries and evidence in every architecture and head; task
    sets of random boundaries are nested in ``n_tasks``.

    Attributes
    ----------
    architecture
        A registered name.
    n_tasks
        N ≥ 1.
    seed
        Whole number ≥ 0.
    head
        ``"logistic"`` or ``"probit"``.
    protocol
        A :class:`Protocol`, or the name of one.
    n_units
        Hidden units ≥ 1.
    options
        Options of the architecture, as a dictionary or as pairs.
    dimension
        D ≥ 1.
    tasks
        ``"even"``: evenly spaced lines through the origin, D = 2; ``"parallel"``: lines through it
        that fill a narrow range of angles, D = 2; ``"random"``: isotropic normals;
        ``"circles"`` and ``"products"``: :func:`~trilateration.tasks.random_circles` and
        :func:`~trilateration.tasks.turned_crosses`, D = 2.
    offset_half_width
        Random boundaries have offsets uniform on ± this many latent units; 0 for the origin.
    sigma
        σ > 0, standard deviation of the evidence per step and axis, in latent units.
    noise, noise_parameter
        ``"gaussian"`` and 0; ``"autoregressive"`` and the correlation ρ of neighbouring steps;
        ``"student"`` and the degrees of freedom ν > 2; ``"anisotropic"`` and how many times larger
        the standard deviation on the first axis is than on all others, > 0. σ is the standard
        deviation of all, of the last one as root mean square over axes.
    observation
        ``"relu"``: the authors' frozen random encoder; ``"identity"``: the evidence itself; or a
        name of :data:`~trilateration.evidence.maps.MAPS`, drawn anew for each seed.
    precision
        ``"float32"`` or ``"bfloat16"``; see :class:`~trilateration.networks.Ensemble`.
    held_out
        Side a of the corner [½ − a, ½]^D that training never shows, 0 ≤ a < 1: ½ for the orthant
        of positive coordinates, 0 to show the whole box. Tests show it all the same.
    correlation
        Correlation ρ of any two latent coordinates in training, each of which stays uniform
        (:func:`~trilateration.evidence.correlate`). Tests show the uniform box all the same.
    network_noise
        Standard deviation ≥ 0 of independent Gaussian noise that is added to the drive of every
        unit at every step, in training and in recordings.
    task_spread
        Range > 0 of the angles of ``"parallel"`` lines, in degrees; 0 for all other tasks.
    offset_shift
        What is added to the offset of every random boundary, in latent units: far from 0 they all
        miss the box, and hardly any label differs from the others.
    label_noise
        Probability ε, 0 ≤ ε < ½, that a label of training is the wrong one.
    label_blur
        Standard deviation ≥ 0 in latent units of independent noise on the distance from which a
        label of training is made: labels near the boundary are wrong more often. Flat tasks only.
    pool
        0 to train on new trials for ever, or the number of different trials in training.
    drift
        Standard deviation ≥ 0 per step and axis of a random walk of the latent state during a
        trial, in latent units. Labels and positions, also of tests, are those of the last step,
        which is the one that is uniform on the box.
    blocks
        Number of equal parts of the descent, at most N. In part j only the j-th group of
        neighbouring tasks is asked; 1 asks all tasks at all times.
    first_weight
        Weight > 0 of the first task in the loss, where all others weigh the same and the mean is 1.

    Raises
    ------
    ValueError
        If a name is unknown or a value not allowed.
    """

    architecture: str = "rnn"
    n_tasks: int = 24
    seed: int = 0
    head: str = "logistic"
    protocol: Protocol | str = "authors"
    n_units: int = 64
    options: Options | dict = field(default=())
    dimension: int = 2
    tasks: str = "even"
    offset_half_width: Scalar = 0.0
    sigma: Scalar = 0.2
    observation: str = "relu"
    precision: str = "float32"
    held_out: Scalar = 0.0
    noise: str = "gaussian"
    noise_parameter: Scalar = 0.0
    correlation: Scalar = 0.0
    network_noise: Scalar = 0.0
    task_spread: Scalar = 0.0
    offset_shift: Scalar = 0.0
    label_noise: Scalar = 0.0
    label_blur: Scalar = 0.0
    pool: int = 0
    drift: Scalar = 0.0
    blocks: int = 1
    first_weight: Scalar = 1.0

    def __post_init__(self):
        check_choice(self.architecture, architectures(), "architecture")
        for name in ("n_tasks", "n_units", "dimension"):
            object.__setattr__(self, name, check_count(getattr(self, name), name))
        object.__setattr__(self, "seed", check_count(self.seed, "seed", minimum=0))
        check_choice(self.head, tuple(LINKS), "head")
        check_choice(self.tasks, TASKS, "tasks")
        for name in _SIZES:
            check_at_least(getattr(self, name), 0, name)
        check_positive(self.sigma, "sigma")
        check_positive(self.first_weight, "first_weight")
        check_between(self.offset_shift, -math.inf, math.inf, "offset_shift")
        # Plain numbers, because records are written as JSON.
        for name in (*_SIZES, "sigma", "first_weight", "offset_shift"):
            object.__setattr__(self, name, float(getattr(self, name)))
        check_choice(self.observation, OBSERVATIONS, "observation")
        check_choice(self.precision, PRECISIONS, "precision")
        check_at_least(self.held_out, 0, "held_out")
        object.__setattr__(self, "held_out", float(self.held_out))
        if self.held_out >= 1:
            raise ValueError(
                f"held_out must be less than 1, the side of the box, got {self.held_out}: nothing "
                "would be left to train on"
            )
        noise_of(self)
        check_between(self.correlation, -1, 1, "correlation")
        correlate(np.full((1, self.dimension), 0.5), self.correlation)
        object.__setattr__(self, "correlation", float(self.correlation))
        offsets = self.offset_half_width or self.offset_shift
        if self.tasks != "random" and (self.dimension != 2 or offsets):
            raise ValueError(
                "tasks must be 'random' unless dimension is 2 and offset_half_width and "
                f"offset_shift are 0, got {self.tasks!r} with {self.dimension}, "
                f"{self.offset_half_width} and {self.offset_shift}"
            )
        self._check_labels()
        if isinstance(self.protocol, str):
            object.__setattr__(self, "protocol", protocol(self.protocol))
        if not isinstance(self.protocol, Protocol):
            raise ValueError(f"protocol must be a Protocol or its name, got {self.protocol!r}")
        options = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in dict(self.options).items()
        }
        object.__setattr__(self, "options", tuple(sorted(options.items())))
        make_core(self.architecture, self.n_units, **options)

    def _check_labels(self):
        """Check what is asked of the tasks and how it is paid."""
        if (self.tasks == "parallel") != (self.task_spread > 0):
            raise ValueError(
                "task_spread must be > 0 for 'parallel' tasks and 0 for all others, got "
                f"{self.task_spread} for {self.tasks!r}"
            )
        if self.label_noise >= 0.5:
            raise ValueError(f"label_noise must be less than 1/2, got {self.label_noise}")
        if self.label_blur and self.tasks in ("circles", "products"):
            raise ValueError(f"label_blur must be 0 unless boundaries are flat, got {self.tasks!r}")
        object.__setattr__(self, "pool", check_count(self.pool, "pool", minimum=0))
        object.__setattr__(self, "blocks", check_count(self.blocks, "blocks"))
        if self.blocks > self.n_tasks:
            raise ValueError(f"blocks must be at most n_tasks, {self.n_tasks}, got {self.blocks}")

    def record(self) -> dict[str, object]:
        """Return all values as one flat dictionary of plain types, for a table or for JSON.

        Attributes of the protocol are prefixed ``protocol.`` and options ``option.``.
        """
        own = {
            f.name: getattr(self, f.name)
            for f in dataclasses.fields(self)
            if f.name not in ("protocol", "options")
        }
        own |= {f"protocol.{key}": value for key, value in vars(self.protocol).items()}
        return own | {f"option.{key}": value for key, value in self.options}

    @classmethod
    def from_record(cls, record: dict[str, object]) -> "Configuration":
        """Return the configuration of which ``record`` is the record."""
        parts: dict[str, dict] = {"": {}, "protocol": {}, "option": {}}
        for key, value in record.items():
            group, _, name = key.rpartition(".")
            parts[group][name] = value
        return cls(**parts[""], protocol=Protocol(**parts["protocol"]), options=parts["option"])

    def packs_with(self) -> tuple:
        """Return what configurations must share to be trained in one ensemble."""
        record = self.record()
        return tuple(sorted((k, str(v)) for k, v in record.items() if k not in PER_REPLICATE))


def noise_of(configuration: Configuration) -> NoiseModel:
    """Return the noise of a network's evidence.

    Raises
    ------
    ValueError
        If there is no noise of that name, or its parameter is not allowed.
    """
    sigma, parameter = configuration.sigma, configuration.noise_parameter
    check_choice(configuration.noise, NOISES, "noise")
    if configuration.noise == "autoregressive":
        check_between(parameter, -1, 1, "noise_parameter")
        return AutoregressiveNoise(sigma, parameter)
    if configuration.noise == "student":
        check_between(parameter, 2, math.inf, "noise_parameter")
        return StudentNoise(sigma, parameter)
    if configuration.noise == "anisotropic":
        check_positive(parameter, "noise_parameter")
        squares = np.ones(configuration.dimension)
        squares[0] = parameter**2
        return AnisotropicNoise(np.diag(sigma**2 * squares / squares.mean()))
    if parameter != 0:
        raise ValueError(f"noise_parameter must be 0 for gaussian noise, got {parameter!r}")
    return GaussianNoise(sigma)


def check_packs(configurations) -> None:
    """Require at least one configuration, and that all can share one ensemble.

    Raises
    ------
    ValueError
        Naming the first attribute that differs and is not one of ``PER_REPLICATE``.
    """
    if not configurations:
        raise ValueError("configurations must hold at least one, got none")
    first = configurations[0].record()
    for configuration in configurations[1:]:
        other = configuration.record()
        for key in sorted(first.keys() | other.keys()):
            if key not in PER_REPLICATE and first.get(key) != other.get(key):
                raise ValueError(
                    f"{key} must be the same in one ensemble, got {first.get(key)!r} and "
                    f"{other.get(key)!r}; sweep() makes several ensembles"
                )
