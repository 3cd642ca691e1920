"""What an architecture is: one class that starts one network and runs many.

A new architecture is a subclass of :class:`Core`, registered by name::

    @architecture("elman")
    class Elman(Core):
        def start(self, rng):
            return {"recurrent": uniform(rng, (self.n_units, self.n_units), self.n_units)}

        def forward(self, drive):
            hidden = [torch.tanh(drive[:, 0])]
            for now in drive.unbind(1)[1:]:
                hidden.append(torch.tanh(now + hidden[-1] @ self.recurrent))
            return torch.stack(hidden, dim=1)

``start`` describes *one* network with NumPy arrays; the ensemble stacks them, so ``self.recurrent``
has shape ``(replicate, unit, unit)`` in ``forward``.
"""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from trilateration._checks import check_choice, check_count
from trilateration.networks.arithmetic import Product
from trilateration.networks.layers import uniform

_REGISTRY: dict[str, Callable[..., "Core"]] = {}


class Core(nn.Module):
    """An ensemble of networks between the input map and the task heads.

    Parameters
    ----------
    n_units
        Number of hidden units, ≥ 1.
    **options
        What the architecture can vary, such as ``n_heads``; unknown names are refused.

    Attributes
    ----------
    n_biases
        2 if the recurrent layer has an additive bias of its own beside the input's, else 1.
    defaults
        The options and their default values.
    dtype
        To which the factors of large products are rounded: ``torch.float32`` or ``torch.bfloat16``.
    """

    n_biases: ClassVar[int] = 1
    defaults: ClassVar[dict[str, object]] = {}

    def __init__(self, n_units: int, **options):
        super().__init__()
        self.n_units = check_count(n_units, "n_units")
        for name in options:
            check_choice(name, tuple(self.defaults), f"option of {type(self).__name__}")
        for name, value in {**self.defaults, **options}.items():
            setattr(self, name, value)
        self.dtype = torch.float32
        self.check_options()

    def check_options(self) -> None:
        """Raise ``ValueError`` if an option has a value that is not allowed."""

    @property
    def width(self) -> int:
        """Number of outputs of the input map: what drives the core at each step."""
        return self.n_units

    def start(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the starting weights of one network, float32, drawn from its own generator."""
        raise NotImplementedError

    def start_input(
        self, rng: np.random.Generator, n_features: int, fixation: bool
    ) -> dict[str, np.ndarray]:
        """Return the starting weights of one network's input map, by default a ``torch.nn.Linear``.

        Parameters
        ----------
        rng
            Source of all randomness.
        n_features
            Number of features, without the fixation channel.
        fixation
            Whether there is a fixation channel.
        """
        return self._uniform_input(rng, n_features, fixation, n_features + fixation)

    def _uniform_input(self, rng, n_features, fixation, fan_in):
        start = {"weight": uniform(rng, (n_features, self.width), fan_in)}
        start["bias"] = uniform(rng, (self.width,), fan_in)
        if fixation:
            start["fixation"] = uniform(rng, (self.width,), fan_in)
        if self.n_biases == 2:
            # Two equal parameters move twice as fast as one under Adam, so both are kept.
            start["second_bias"] = uniform(rng, (self.width,), self.n_units)
        return start

    def make_persistent(self) -> None:
        """Change the start so that a state outlasts a trial; by default nothing is changed."""

    def forward(
        self, drive: Float[Tensor, "replicate time trial width"]
    ) -> Float[Tensor, "replicate time trial unit"]:
        """Return the hidden state at every step."""
        raise NotImplementedError

    def products(self, batch: int, n_steps: int) -> list[Product]:
        """Return the matrix products of one network on ``batch`` trials of ``n_steps``.

        By default every weight matrix acts on all steps, except one called ``recurrent``, which
        acts from the second step on, one step after the other. Override it where that is not so.
        Call it on a core whose weights were started.
        """
        matrices = ((n, w.shape) for n, w in self.named_parameters(recurse=False) if w.ndim == 3)
        return [
            Product(name, batch, inner, columns, n_steps - 1)
            if name == "recurrent"
            else Product(name, batch * n_steps, inner, columns)
            for name, (_, inner, columns) in matrices
        ]


def architecture(name: str) -> Callable[[Callable[..., Core]], Callable[..., Core]]:
    """Register a :class:`Core` under a name, by which configurations call it.

    A function of ``n_units`` and options that returns a core will do too.

    Raises
    ------
    ValueError
        If another class has that name already.
    """

    def register(make: Callable[..., Core]) -> Callable[..., Core]:
        known = _REGISTRY.get(name)
        if known is not None and known.__qualname__ != make.__qualname__:
            raise ValueError(f"name must be new, got {name!r}, which is {known.__qualname__}")
        _REGISTRY[name] = make
        return make

    return register


def architectures() -> tuple[str, ...]:
    """Return the names of all registered architectures."""
    return tuple(sorted(_REGISTRY))


def make_core(name: str, n_units: int, **options) -> Core:
    """Return a core without weights yet.

    Raises
    ------
    ValueError
        If the architecture or an option is unknown, or a value is not allowed.
    """
    check_choice(name, architectures(), "architecture")
    return _REGISTRY[name](n_units, **options)
