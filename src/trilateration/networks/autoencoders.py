"""Networks that learn without labels, as ensembles: autoencoders, and matchers of readings.

An autoencoder says again what it sees, through a narrow code. A variational one (Kingma and Welling
2014; with β, Higgins et al. 2017) codes what it sees as a Gaussian and pays for its divergence from
N(0, I). A matcher tells which readings belong to one trial, from the distances of their codes.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from trilateration._arrays import Scalar
from trilateration._checks import check_at_least, check_count
from trilateration.networks.company import whole_vectors
from trilateration.networks.layers import affine, register_stacked, uniform
from trilateration.parameters import generator


def gaussian_kl(
    means: Float[Tensor, "*batch latent"], log_variances: Float[Tensor, "*batch latent"]
) -> Float[Tensor, "*batch"]:
    """Return KL(N(m, diag v) ‖ N(0, I)) = ½ Σ (m² + v − 1 − log v), in nats.

    Parameters
    ----------
    means, log_variances
        m and log v, shape ``(..., latent)``.
    """
    return 0.5 * (means**2 + log_variances.exp() - 1 - log_variances).sum(-1)


class _Layers(nn.Module):
    """Affine layers with a name each, stacked over replicates; seed r alone sets replicate r."""

    def _start(self, seeds, name, shapes):
        check_count(len(seeds), "number of seeds")
        starts = []
        for seed in seeds:
            rng = generator(seed, name)
            start = {}
            for layer, (n_in, n_out) in shapes.items():
                start[layer] = uniform(rng, (n_in, n_out), n_in)
                start[f"{layer}_bias"] = uniform(rng, (n_out,), n_in)
            starts.append(start)
        register_stacked(self, starts)

    def _layer(self, inputs, layer, *, bend=False):
        weight, bias = getattr(self, layer), getattr(self, f"{layer}_bias")
        outputs = affine(inputs[:, None].contiguous(), weight, bias)[:, 0]
        return whole_vectors(torch.tanh, outputs) if bend else outputs


class Autoencoders(_Layers):
    """Features → tanh units → code → tanh units → features; without units, linear.

    Replicate r depends on ``seeds[r]`` and ``betas[r]`` alone.

    Parameters
    ----------
    seeds
        One whole number ≥ 0 a replicate.
    betas
        Weight β ≥ 0 of the divergence, one a replicate. With 0 the code has no noise, and this is
        a plain autoencoder.
    n_features, n_latents
        Features seen, and coordinates of the code, ≥ 1.
    n_units
        Units of the layer on either side of the code; 0 for none.

    Raises
    ------
    ValueError
        If a number is not allowed, or there is not one β for each seed.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        betas: Sequence[Scalar],
        *,
        n_features: int,
        n_latents: int,
        n_units: int,
    ):
        super().__init__()
        if len(betas) != len(seeds):
            raise ValueError(f"betas must have one entry a seed, {len(seeds)}, got {len(betas)}")
        for beta in betas:
            check_at_least(beta, 0, "betas")
        check_count(n_features, "n_features")
        self.n_latents = check_count(n_latents, "n_latents")
        self.n_units = check_count(n_units, "n_units", minimum=0)
        shapes = {
            "code": (n_units or n_features, 2 * n_latents),
            "output": (n_units or n_latents, n_features),
        }
        if n_units:
            shapes |= {"encoder": (n_features, n_units), "decoder": (n_latents, n_units)}
        self._start(seeds, "autoencoder", shapes)
        self.register_buffer("betas", torch.tensor(list(betas), dtype=torch.float32))

    def encode(
        self, observations: Float[Tensor, "replicate trial feature"]
    ) -> tuple[Float[Tensor, "replicate trial latent"], Float[Tensor, "replicate trial latent"]]:
        """Return the means and the logarithms of the variances of the code."""
        inner = self._layer(observations, "encoder", bend=True) if self.n_units else observations
        code = self._layer(inner, "code")
        return code[..., : self.n_latents], code[..., self.n_latents :]

    def decode(
        self, codes: Float[Tensor, "replicate trial latent"]
    ) -> Float[Tensor, "replicate trial feature"]:
        """Return the observations that codes stand for."""
        inner = self._layer(codes, "decoder", bend=True) if self.n_units else codes
        return self._layer(inner, "output")

    def losses(
        self,
        observations: Float[Tensor, "replicate trial feature"],
        noise: Float[Tensor, "replicate trial latent"],
    ) -> Float[Tensor, " replicate"]:
        """Return the mean over trials of ½ |o − ô|² + β KL.

        With β = 1, up to a constant, that is minus the evidence lower bound of a decoder N(ô, I).

        Parameters
        ----------
        observations
            o.
        noise
            Standard normal. The code is its mean and, where β > 0, this times its deviation.
        """
        means, log_variances = self.encode(observations)
        blurred = (self.betas > 0)[:, None, None]
        codes = means + blurred * (log_variances / 2).exp() * noise
        errors = 0.5 * ((self.decode(codes) - observations) ** 2).sum(-1).mean(-1)
        return errors + self.betas * gaussian_kl(means, log_variances).mean(-1)


class Matchers(_Layers):
    """Networks that code a single reading, so that readings of one trial lie close.

    Features → tanh units → code g. A reading o and trials with mean codes m_1, …, m_B give the
    probabilities softmax_i(−e^ω |g(o) − m_i|²) that o is of trial i, with a free scale ω; these are
    the exact ones if g is an isometry of the latent state, the noise Gaussian and the prior flat.

    Parameters
    ----------
    seeds
        One whole number ≥ 0 a replicate, which depends on nothing else.
    n_features, n_latents, n_units
        Features seen, coordinates of the code and units of the layer before it, ≥ 1.
    """

    def __init__(self, seeds: Sequence[int], *, n_features: int, n_latents: int, n_units: int):
        super().__init__()
        check_count(n_features, "n_features")
        self.n_latents = check_count(n_latents, "n_latents")
        check_count(n_units, "n_units")
        shapes = {"encoder": (n_features, n_units), "code": (n_units, n_latents)}
        self._start(seeds, "matcher", shapes)
        self.log_scale = nn.Parameter(torch.zeros(len(seeds)))

    def encode(
        self, observations: Float[Tensor, "replicate row feature"]
    ) -> Float[Tensor, "replicate row latent"]:
        """Return the code of each reading."""
        return self._layer(self._layer(observations, "encoder", bend=True), "code")

    def losses(
        self, observations: Float[Tensor, "replicate trial time feature"]
    ) -> Float[Tensor, " replicate"]:
        """Return −log of the probability of the right trial, less log of the number of trials.

        The last reading of each trial is matched with the mean codes of the readings before it.

        Parameters
        ----------
        observations
            At least two readings of at least two trials.
        """
        trials, time = observations.shape[1:3]
        codes = self.encode(observations.flatten(1, 2)).unflatten(1, (trials, time))
        asked, means = codes[:, :, -1], codes[:, :, :-1].mean(2)
        # Not |a|² − 2ab + |b|²: differences keep their last digits, and need no batched product.
        squares = ((asked[:, :, None] - means[:, None]) ** 2).sum(-1)
        scores = -self.log_scale.exp()[:, None, None] * squares
        right = scores.diagonal(dim1=1, dim2=2)
        return (scores.logsumexp(2) - right).mean(-1) - math.log(trials)


def as_observations(observations: object, n_replicates: int, axes: str) -> np.ndarray:
    """Return finite observations as an array with the given axes, or say what is wrong.

    Parameters
    ----------
    observations
        What is given.
    n_replicates
        Length that the first axis must have.
    axes
        Names of all axes, with spaces between them.
    """
    array = np.asarray(observations)
    names = axes.split()
    if array.ndim != len(names) or len(array) != n_replicates or min(array.shape[1:-1]) < 2:
        raise ValueError(
            f"observations must have axes ({', '.join(names)}), the first of length "
            f"{n_replicates} and at least 2 of all but features, got shape {array.shape}"
        )
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise ValueError("observations must be finite numbers, got others among them")
    return array
