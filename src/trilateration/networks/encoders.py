"""The frozen map from evidence to features, one per replicate."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from trilateration.networks.arithmetic import Product
from trilateration.networks.layers import register_stacked, uniform

WIDTHS = (100, 100, 40)


class Encoders(nn.Module):
    """The authors' encoders: random networks D → 100 → 100 → 40 of rectified units, never trained.

    Parameters
    ----------
    rngs
        One generator a replicate; weights and biases are drawn as ``torch.nn.Linear`` does.
    dimension
        D ≥ 1.
    widths
        Numbers of units of the layers; every layer is rectified, the last too.
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
            start, fan_in = {}, dimension
            for layer, width in enumerate(widths):
                start[f"weight_{layer}"] = uniform(rng, (fan_in, width), fan_in)
                start[f"bias_{layer}"] = uniform(rng, (width,), fan_in)
                fan_in = width
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
            own = features[replicate].view(layer.shape)
            if dtype is torch.float32:
                torch.clamp_min(layer, 0, out=own)
            else:
                own.copy_(layer.relu_())
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
