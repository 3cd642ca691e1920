"""The frozen maps from evidence to features, one per replicate."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from trilateration.evidence.maps import ObservationMap, ReluMap
from trilateration.networks.arithmetic import Product
from trilateration.networks.layers import register_stacked

WIDTHS = (100, 100, 40)


class Encoders(nn.Module):
    """The authors' encoders: random networks D → 100 → 100 → 40, never trained.

    A replicate's is the :class:`~trilateration.evidence.maps.ReluMap` of its generator: all layers
    but the last are rectified.

    Parameters
    ----------
    rngs
        One generator a replicate.
    dimension
        D ≥ 1.
    widths
        Numbers of units of the layers.
    """

    def __init__(
        self,
        rngs: Sequence[np.random.Generator],
        dimension: int,
        widths: Sequence[int] = WIDTHS,
    ):
        super().__init__()
        self.n_features = widths[-1]
        self.n_layers = len(widths)
        starts = []
        for rng in rngs:
            encoder = ReluMap(dimension, widths, rng=rng)
            layers = enumerate(zip(encoder.weights, encoder.biases, strict=True))
            start = {}
            for k, (weight, bias) in layers:
                start |= {f"weight_{k}": weight.astype(np.float32)}
                start |= {f"bias_{k}": bias.astype(np.float32)}
            starts.append(start)
        register_stacked(self, starts)
        self.requires_grad_(False)

    @torch.no_grad()
    def forward(
        self, points: Float[Tensor, "replicate *rows dimension"], dtype: torch.dtype = torch.float32
    ) -> Float[Tensor, "replicate *rows feature"]:
        """Return the features of points; each replicate is mapped by its own encoder.

        Replicates are taken one at a time, so that a replicate's features are the same to the last
        bit whatever the size of the ensemble.
        """
        features = points.new_empty(*points.shape[:-1], self.n_features)
        weights = [
            (getattr(self, f"weight_{k}").to(dtype), getattr(self, f"bias_{k}").to(dtype))
            for k in range(self.n_layers)
        ]
        for replicate in range(len(points)):
            layer = points[replicate].reshape(-1, points.shape[-1]).to(dtype)
            for weight, bias in weights[:-1]:
                layer = torch.addmm(bias[replicate], layer, weight[replicate]).relu_()
            weight, bias = weights[-1]
            layer = torch.addmm(bias[replicate], layer, weight[replicate])
            features[replicate].view(layer.shape).copy_(layer)
        return features

    def products(self, n_points: int) -> list[Product]:
        """Return the matrix products of one encoder on ``n_points`` points; nothing is trained.

        Parameters
        ----------
        n_points
            Number of points.
        """
        shapes = [tuple(getattr(self, f"weight_{k}").shape[1:]) for k in range(self.n_layers)]
        return [
            Product(f"encoder {layer}", n_points, *shape, gradients=0)
            for layer, shape in enumerate(shapes)
        ]


class FixedMaps(nn.Module):
    """Any observation maps, one a replicate, as they are: NumPy, on the processor.

    Parameters
    ----------
    maps
        One a replicate, of equal dimension and number of features.
    """

    def __init__(self, maps: Sequence[ObservationMap]):
        super().__init__()
        self.maps = tuple(maps)
        self.n_features = self.maps[0].n_features

    @torch.no_grad()
    def forward(
        self, points: Float[Tensor, "replicate *rows dimension"], dtype: torch.dtype = torch.float32
    ) -> Float[Tensor, "replicate *rows feature"]:
        """Return the features of points in float32; ``dtype`` is for :class:`Encoders` alone."""
        seen = [own(part.cpu().numpy()) for own, part in zip(self.maps, points, strict=True)]
        return torch.from_numpy(np.stack(seen)).to(points.device)

    def products(self, n_points: int) -> list[Product]:
        """Return nothing: what a map costs is its own affair and is not counted."""
        return []
