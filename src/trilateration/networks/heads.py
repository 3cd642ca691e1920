"""Task heads: one affine readout a task, and the link that turns it into a report.

The link is the only difference between a logistic and a probit head. A readout z becomes the report
σ(z) or Φ(z), and the loss is the log loss of the report. Both links offer the same functions, and
no loss is ever taken of a probability that was rounded to 0 or 1.
"""

import itertools
import math
from collections.abc import Sequence
from functools import partial
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from trilateration._checks import check_choice
from trilateration.networks.company import whole_vectors
from trilateration.networks.layers import affine, register_stacked, uniform


class Link(Protocol):
    """What a link offers; every function is elementwise on readouts z of any shape."""

    def reports(self, readouts: Tensor) -> Tensor:
        """Return the reports, probabilities that the label is 1."""

    def loss(self, readouts: Tensor, targets: Tensor) -> Tensor:
        """Return the log loss in nats against targets in [0, 1]."""

    def slope(self, readouts: Tensor, targets: Tensor) -> Tensor:
        """Return the derivative of the loss with respect to the readouts."""

    def slope_of_labels(self, readouts: Tensor, labels: Tensor) -> Tensor:
        """Return the derivative for targets that are exactly 0 or 1."""

    def slope_at_half(self, readouts: Tensor) -> Tensor:
        """Return the derivative for targets of ½, which is odd in z and needs no targets."""


class LogisticLink:
    """Report σ(z); the loss is −y log σ(z) − (1 − y) log σ(−z)."""

    def reports(self, readouts):
        """Return σ(z)."""
        return torch.sigmoid(readouts)

    def loss(self, readouts, targets):
        """Return y log(1 + e⁻ᶻ) + (1 − y) log(1 + eᶻ), each term exact in its own tail."""
        # torch's softplus drops e⁻ᶻ from z = 20 on, which float64 would still see.
        softplus = partial(functional.softplus, threshold=40)
        wrong, right = whole_vectors(softplus, readouts), whole_vectors(softplus, -readouts)
        return targets * right + (1 - targets) * wrong

    def slope(self, readouts, targets):
        """Return σ(z) − y, exact to one rounding of 1; it vanishes in the tail that is right."""
        return whole_vectors(torch.sigmoid, readouts) - targets

    slope_of_labels = slope

    def slope_at_half(self, readouts):
        """Return σ(z) − ½."""
        return whole_vectors(torch.sigmoid, readouts).sub_(0.5)


class ProbitLink:
    """Report Φ(z); the loss is −y log Φ(z) − (1 − y) log Φ(−z).

    The derivative is taken through φ(z)/Φ(z) = √(2/π)/erfcx(−z/√2), exact far into both tails.
    """

    def reports(self, readouts):
        """Return Φ(z)."""
        return torch.special.ndtr(readouts)

    def loss(self, readouts, targets):
        """Return −y log Φ(z) − (1 − y) log Φ(−z)."""
        log_ndtr = torch.special.log_ndtr
        return -targets * log_ndtr(readouts) - (1 - targets) * log_ndtr(-readouts)

    def slope(self, readouts, targets):
        """Return −y φ(z)/Φ(z) + (1 − y) φ(z)/Φ(−z)."""
        return (1 - targets) * _mills(-readouts) - targets * _mills(readouts)

    def slope_of_labels(self, readouts, labels):
        """Return the slope for labels that are exactly 0 or 1, at half the cost."""
        sign = 2 * labels - 1
        return -sign * _mills(sign * readouts)

    def slope_at_half(self, readouts):
        """Return ½(φ(z)/Φ(−z) − φ(z)/Φ(z))."""
        return (_mills(-readouts) - _mills(readouts)).mul_(0.5)


def _mills(z):
    """Return φ(z)/Φ(z), which is −z for z → −∞ and 0 for z → ∞."""
    return math.sqrt(2 / math.pi) / torch.special.erfcx(z * -math.sqrt(0.5))


LINKS: dict[str, Link] = {"logistic": LogisticLink(), "probit": ProbitLink()}


# Processors take up to 16 numbers at once, and torch rounds what remains in another way. The biases
# of a replicate are so few that only padding leaves no remainder.
_LANES = 16


class Heads(nn.Module):
    """The task heads of an ensemble whose replicates may have different numbers of tasks.

    Arrays have as many task columns as the replicate with most tasks, and the bias a few more;
    columns that a replicate does not have hold zeros, get no gradient and stay zero. They take no
    part in training either: padded arrays round differently, and one bit can wake another unit and
    lead a network elsewhere. So training goes by runs, which are neighbouring replicates with equal
    numbers of tasks; sort the replicates by it, and there are few.

    Parameters
    ----------
    rngs
        One generator a replicate.
    n_units
        Number of hidden units.
    n_tasks
        Number of tasks of each replicate, ≥ 1.
    link
        ``"logistic"`` or ``"probit"``.
    """

    mask: Bool[Tensor, "replicate task"]

    def __init__(
        self,
        rngs: Sequence[np.random.Generator],
        n_units: int,
        n_tasks: Sequence[int],
        link: str,
    ):
        super().__init__()
        check_choice(link, tuple(LINKS), "head")
        self.link = LINKS[link]
        self.runs = [(n, len(list(run))) for n, run in itertools.groupby(n_tasks)]
        self.most = max(n_tasks)
        padded = -(-self.most // _LANES) * _LANES
        starts = []
        for rng, own in zip(rngs, n_tasks, strict=True):
            start = {"weight": np.zeros((n_units, self.most), np.float32)}
            start["bias"] = np.zeros(padded, np.float32)
            start["weight"][:, :own] = uniform(rng, (n_units, own), n_units)
            start["bias"][:own] = uniform(rng, (own,), n_units)
            starts.append(start)
        register_stacked(self, starts)
        self.register_buffer("mask", torch.arange(self.most) < torch.tensor(n_tasks)[:, None])

    def parts(
        self, values: Float[Tensor, "replicate *axes task"]
    ) -> list[Float[Tensor, "run *axes own"]]:
        """Split an array of all tasks into one array a run, with the tasks that the run has."""
        split = values.split([size for _, size in self.runs])
        return [part[..., :n].contiguous() for (n, _), part in zip(self.runs, split, strict=True)]

    def run_readouts(
        self, hidden: Float[Tensor, "replicate time trial unit"], dtype: torch.dtype = torch.float32
    ) -> list[Float[Tensor, "run time trial own"]]:
        """Return the readouts z = V h + c, one array a run of replicates with equal N."""
        # The gradient of a split is a copy, which one run can do without.
        one = len(self.runs) == 1
        split = [hidden] if one else hidden.split([size for _, size in self.runs])
        weights = zip(self.parts(self.weight), self.parts(self.bias), strict=True)
        return [affine(h, *own, dtype) for h, own in zip(split, weights, strict=True)]

    def forward(
        self, hidden: Float[Tensor, "replicate time trial unit"], dtype: torch.dtype = torch.float32
    ) -> Float[Tensor, "replicate time trial task"]:
        """Return the readouts of all replicates; 0 for tasks a replicate lacks."""
        readouts = self.run_readouts(hidden, dtype)
        return torch.cat([functional.pad(z, (0, self.most - z.shape[-1])) for z in readouts])
