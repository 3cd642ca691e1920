"""Random ReLU networks, the paper's encoder."""

import itertools
from collections.abc import Sequence

import numpy as np

from trilateration._checks import check_count, check_generator
from trilateration.evidence.maps._base import Map, frozen, like


class ReluMap(Map):
    """A random ReLU network, frozen: the encoder of Vafidis et al., D → 100 → 100 → 40.

    Weights and biases of a layer are uniform on ±1/√fan_in, which is what PyTorch's ``nn.Linear``
    does by default. The authors' last layer is linear (``sparsity.py`` of their repository).

    Parameters
    ----------
    dimension
        D.
    widths
        Sizes of the layers; the last is M.
    last_relu
        Whether the last layer is rectified, too.
    rng
        Source of all randomness.

    Attributes
    ----------
    weights, biases
        One array a layer, shapes ``(in, out)`` and ``(out,)``: h ← h W + b.
    """

    def __init__(
        self,
        dimension: int,
        widths: Sequence[int] = (100, 100, 40),
        *,
        last_relu: bool = False,
        rng: np.random.Generator,
    ):
        if len(widths) == 0:
            raise ValueError("widths must name at least one layer, got none")
        sizes = [check_count(size, "dimension and widths") for size in (dimension, *widths)]
        check_generator(rng)
        super().__init__(dimension, sizes[-1])
        self.last_relu = bool(last_relu)
        weights, biases = [], []
        for n_in, n_out in itertools.pairwise(sizes):
            reach = n_in**-0.5
            weights.append(frozen(rng.uniform(-reach, reach, (n_in, n_out))))
            biases.append(frozen(rng.uniform(-reach, reach, n_out)))
        self.weights, self.biases = tuple(weights), tuple(biases)

    def _features(self, latents):
        values = latents
        for index, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = values @ like(weights, latents)
            values += like(biases, latents)
            if self._rectified(index):
                np.maximum(values, 0, out=values)
        return values

    def _jacobian(self, latents):
        values, slopes = latents, np.eye(self.dimension, dtype=latents.dtype)
        for index, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            weights = like(weights, latents)
            values, slopes = values @ weights + like(biases, latents), slopes @ weights
            if self._rectified(index):
                slopes = slopes * (values > 0)[..., None, :]
                values = np.maximum(values, 0)
        shape = (*latents.shape, self.n_features)
        return np.swapaxes(np.broadcast_to(slopes, shape), -1, -2)

    def _rectified(self, index):
        return self.last_relu or index < len(self.weights) - 1
