"""Many networks as one: input map, core and heads with the replicate as first axis."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from trilateration._checks import check_choice, check_count
from trilateration.networks.arithmetic import Product
from trilateration.networks.core import Core, make_core
from trilateration.networks.heads import Heads
from trilateration.networks.layers import PRECISIONS, InputMap, register_stacked
from trilateration.parameters import generator


class Activity(NamedTuple):
    """What an ensemble does on given features.

    Attributes
    ----------
    hidden
        Hidden states, shape ``(replicate, trial, time, unit)``.
    readouts
        What the heads see, z, shape ``(replicate, trial, time, task)``; zero for tasks that a
        replicate does not have.
    """

    hidden: Float[Tensor, "replicate trial time unit"]
    readouts: Float[Tensor, "replicate trial time task"]


class Ensemble(nn.Module):
    """Networks of one architecture that differ in seed and number of tasks.

    Replicate r depends on ``seeds[r]`` and ``n_tasks[r]`` alone: no weight, gradient or random
    number passes between replicates.

    Parameters
    ----------
    architecture
        A registered name; see :func:`~trilateration.networks.architectures`.
    seeds
        One whole number ≥ 0 a replicate.
    n_tasks
        Number of tasks, the same for all or one a replicate.
    n_features
        Number of features at each step, without the fixation channel.
    n_units
        Number of hidden units.
    head
        ``"logistic"`` or ``"probit"``.
    fixation
        Whether there is a fixation channel.
    precision
        ``"float32"``, or ``"bfloat16"`` to round the factors of large products to it. The latter is
        faster where the processor has native instructions for it, and slower elsewhere.
    **options
        Options of the architecture.

    Raises
    ------
    ValueError
        If a name is unknown, a size is not positive, or an option is not allowed.
    """

    def __init__(
        self,
        architecture: str,
        *,
        seeds: Sequence[int],
        n_tasks: int | Sequence[int],
        n_features: int,
        n_units: int = 64,
        head: str = "logistic",
        fixation: bool = True,
        precision: str = "float32",
        **options,
    ):
        super().__init__()
        core = make_core(architecture, n_units, **options)
        self._assemble(core, seeds, n_tasks, n_features, head, fixation)
        self.set_precision(precision)

    @classmethod
    def of_core(cls, core: Core, *, seeds, n_tasks, n_features, head="logistic", fixation=True):
        """Return an ensemble around a core that is not registered, such as a reader's own.

        Parameters
        ----------
        core
            A :class:`Core`, or what :func:`from_module` makes of a ``torch.nn.Module``.
        seeds, n_tasks, n_features, head, fixation
            As for the class.
        """
        ensemble = cls.__new__(cls)
        nn.Module.__init__(ensemble)
        ensemble._assemble(core, seeds, n_tasks, n_features, head, fixation)
        ensemble.set_precision("float32")
        return ensemble

    def _assemble(self, core, seeds, n_tasks, n_features, head, fixation):
        check_count(len(seeds), "number of seeds")
        counts = [n_tasks] * len(seeds) if np.ndim(n_tasks) == 0 else list(n_tasks)
        if len(counts) != len(seeds):
            raise ValueError(f"n_tasks must have one entry a seed, {len(seeds)}, got {len(counts)}")
        self.n_tasks = tuple(check_count(count, "n_tasks") for count in counts)
        check_count(n_features, "n_features")
        rngs = [generator(seed, "weights", type(core).__qualname__) for seed in seeds]
        self.input = InputMap([core.start_input(rng, n_features, fixation) for rng in rngs])
        register_stacked(core, [core.start(rng) for rng in rngs])
        self.core = core
        self.heads = Heads(rngs, core.n_units, self.n_tasks, head)

    def set_precision(self, precision: str) -> None:
        """Round the factors of large products to ``"float32"`` or ``"bfloat16"``."""
        check_choice(precision, PRECISIONS, "precision")
        self.core.dtype = getattr(torch, precision)

    @property
    def n_replicates(self) -> int:
        """Number of networks."""
        return len(self.n_tasks)

    def states(
        self,
        features: Float[Tensor, "replicate time trial feature"],
        fixation_steps: int = 0,
        noise: Float[Tensor, "replicate time trial width"] | None = None,
    ) -> Float[Tensor, "replicate time trial unit"]:
        """Return hidden states in the inner order of axes, time before trial.

        Parameters
        ----------
        features
            Observations at every step.
        fixation_steps
            Number of leading steps at which the fixation channel is 1.
        noise
            What is added to the drive of the core, if anything.
        """
        drive = self.input(features, fixation_steps, self.core.dtype)
        return self.core(drive if noise is None else drive + noise)

    def forward(
        self, features: Float[Tensor, "replicate trial time feature"], fixation_steps: int = 0
    ) -> Activity:
        """Return hidden states and readouts at every step.

        Parameters
        ----------
        features
            Observations at every step, each replicate's own.
        fixation_steps
            Number of leading steps at which the fixation channel is 1.
        """
        hidden = self.states(features.transpose(1, 2).contiguous(), fixation_steps)
        readouts = self.heads(hidden, self.core.dtype)
        return Activity(hidden.transpose(1, 2), readouts.transpose(1, 2))

    def reports(
        self, readouts: Float[Tensor, "replicate trial time task"]
    ) -> Float[Tensor, "replicate trial time task"]:
        """Return the reports, P(label = 1), from readouts; NaN for tasks a replicate lacks."""
        reports = self.heads.link.reports(readouts)
        return reports.masked_fill(~self.heads.mask[:, None, None], float("nan"))

    def products(self, batch: int, n_steps: int) -> list[Product]:
        """Return the matrix products of one network on ``batch`` trials of ``n_steps``.

        Parameters
        ----------
        batch, n_steps
            Trials, and steps of each.
        """
        rows = batch * n_steps
        return [
            Product("input", rows, *self.input.weight.shape[1:], gradients=1),
            *self.core.products(batch, n_steps),
            Product("heads", rows, self.core.n_units, max(self.n_tasks)),
        ]

    @torch.no_grad()
    def centre_drive(self, features: Float[Tensor, "replicate row feature"]) -> None:
        """Set the input biases so that the mean drive over the given features is zero.

        Parameters
        ----------
        features
            Typical features of each replicate.
        """
        # One at a time, and from fresh memory: a product rounds by where its factors begin.
        weights = zip(features, self.input.weight, self.input.bias, strict=True)
        for seen, weight, bias in weights:
            bias.copy_(-(seen.mean(0) @ weight.clone()))
        for name in ("second_bias", "fixation"):
            if hasattr(self.input, name):
                getattr(self.input, name).zero_()


class _ModuleCore(Core):
    """Copies of one ``torch.nn.Module``, run side by side by ``torch.func``."""

    def __init__(self, make: Callable[[], nn.Module], n_units: int):
        super().__init__(n_units)
        self.make = make
        # Kept out of the module tree: it holds no weights, only the way they are used.
        with torch.random.fork_rng(devices=[]):
            self.__dict__["template"] = make().to("meta")
        self.names = [name for name, _ in self.template.named_parameters()]
        if any(True for _ in self.template.buffers()):
            raise ValueError("the module must have no buffers (running averages and the like)")

    def start(self, rng):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**63)))
            module = self.make()
        return {
            name.replace(".", "__"): weights.detach().numpy()
            for name, weights in module.named_parameters()
        }

    def forward(self, drive):
        def run(weights, own):
            return torch.func.functional_call(self.template, weights, (own,))

        weights = {name: getattr(self, name.replace(".", "__")) for name in self.names}
        hidden = torch.func.vmap(run, randomness="error")(weights, drive.transpose(1, 2))
        return hidden.transpose(1, 2).contiguous()


def from_module(make: Callable[[], nn.Module], n_units: int) -> Core:
    """Return a core whose replicates are copies of one module, as ``torch.func`` stacks them.

    Parameters
    ----------
    make
        Returns a new, randomly started module that maps drives ``(trial, time, n_units)`` to hidden
        states of the same shape. It is called once a replicate with torch's generator seeded for
        that replicate. It must hold no buffers, and ``torch.func.vmap`` must know its operations:
        ``torch.nn.LSTM`` and ``torch.nn.GRU`` are not among them.
    n_units
        Width of drive and hidden state.

    Examples
    --------
    To train it, register it::

        @architecture("mine")
        def mine(n_units):
            return from_module(lambda: Mine(n_units), n_units)

    Raises
    ------
    ValueError
        If the module has buffers.
    """
    return _ModuleCore(make, n_units)
