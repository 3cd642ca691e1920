"""Training without labels: autoencoders on observations, matchers on readings that come in trials.

Both centre the features and divide them all by one number, so that their mean variance is 1. Both
descend by Adam with a rate that falls to zero along a cosine, and a replicate's result depends on
its own observations, seed and β only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Real

from trilateration._arrays import Scalar
from trilateration._checks import check_count, check_positive
from trilateration.networks.autoencoders import (
    Autoencoders,
    Matchers,
    as_observations,
    gaussian_kl,
)
from trilateration.parameters import generator
from trilateration.training.optimiser import PaddedAdam

_CHUNK = 50  # steps whose trials and noise are drawn at once, and over which a loss is averaged
_AXES = "replicate trial feature"
_READINGS = "replicate trial time feature"


@dataclass(frozen=True, eq=False)
class TrainedUnlabelled:
    """Autoencoders or matchers after training.

    Attributes
    ----------
    model
        The ensemble.
    centres
        Mean of each feature in training, shape ``(replicate, feature)``.
    scales
        Root of the mean variance of the features, shape ``(replicate,)``.
    losses
        Mean loss over the last steps of training, shape ``(replicate,)``.
    """

    model: Autoencoders | Matchers
    centres: Float[np.ndarray, "replicate feature"]
    scales: Float[np.ndarray, " replicate"]
    losses: Float[np.ndarray, " replicate"]

    @torch.no_grad()
    def codes(
        self, observations: Real[np.ndarray, "replicate trial feature"]
    ) -> Float[np.ndarray, "replicate trial latent"]:
        """Return the code of each observation; its mean, where it is a law."""
        found = self.model.encode(self._scaled(as_observations(observations, self._n, _AXES)))
        return (found[0] if isinstance(found, tuple) else found).double().numpy()

    def mean_codes(
        self, readings: Real[np.ndarray, "replicate trial time feature"]
    ) -> Float[np.ndarray, "replicate trial latent"]:
        """Return the mean over a trial of the codes of its readings."""
        readings = as_observations(readings, self._n, _READINGS)
        n, trials, time, features = readings.shape
        codes = self.codes(readings.reshape(n, trials * time, features))
        return codes.reshape(n, trials, time, -1).mean(axis=2)

    @torch.no_grad()
    def divergences(
        self, observations: Real[np.ndarray, "replicate trial feature"]
    ) -> Float[np.ndarray, "replicate latent"]:
        """Return the mean divergence of each code coordinate of autoencoders from N(0, 1)."""
        scaled = self._scaled(as_observations(observations, self._n, _AXES))
        parts = (each[..., None] for each in self.model.encode(scaled))
        return gaussian_kl(*parts).mean(1).double().numpy()

    @property
    def _n(self):
        return len(self.scales)

    def _scaled(self, array):
        shape = (self._n, *(1,) * (array.ndim - 2))
        scaled = (array - self.centres.reshape(*shape, -1)) / self.scales.reshape(*shape, 1)
        return torch.from_numpy(scaled.astype(np.float32))


def train_autoencoders(
    observations: Real[np.ndarray, "replicate trial feature"],
    seeds: Sequence[int],
    betas: Sequence[Scalar],
    *,
    n_latents: int,
    n_units: int,
    steps: int = 1000,
    batch: int = 64,
    learning_rate: Scalar = 5e-3,
) -> TrainedUnlabelled:
    """Train one autoencoder on each replicate's observations, all at once.

    Parameters
    ----------
    observations
        Of each replicate, at least two.
    seeds, betas, n_latents, n_units
        As in :class:`~trilateration.networks.autoencoders.Autoencoders`.
    steps, batch
        Steps of the descent, and observations in each, drawn with replacement.
    learning_rate
        The largest rate > 0.

    Raises
    ------
    ValueError
        If an argument is not allowed, or the features of a replicate do not vary.
    """
    observations = as_observations(observations, len(seeds), _AXES)
    model = Autoencoders(
        seeds,
        betas,
        n_features=observations.shape[-1],
        n_latents=n_latents,
        n_units=n_units,
    )
    draw = _normals(seeds, (batch, n_latents))
    return _descend(model, observations, seeds, steps, batch, learning_rate, draw)


def train_matchers(
    readings: Real[np.ndarray, "replicate trial time feature"],
    seeds: Sequence[int],
    *,
    n_latents: int,
    n_units: int,
    steps: int = 1000,
    batch: int = 32,
    learning_rate: Scalar = 1.5e-2,
) -> TrainedUnlabelled:
    """Train one matcher on each replicate's readings, all at once.

    Parameters
    ----------
    readings
        Of each replicate, at least two trials of at least two readings, all of one trial with the
        same latent state.
    seeds, n_latents, n_units
        As in :class:`~trilateration.networks.autoencoders.Matchers`.
    steps, batch
        Steps of the descent, and trials ≥ 2 that are told apart in each, drawn with replacement.
    learning_rate
        The largest rate > 0.

    Raises
    ------
    ValueError
        If an argument is not allowed, or the features of a replicate do not vary.
    """
    readings = as_observations(readings, len(seeds), _READINGS)
    check_count(batch, "batch", 2)
    model = Matchers(seeds, n_features=readings.shape[-1], n_latents=n_latents, n_units=n_units)
    return _descend(model, readings, seeds, steps, batch, learning_rate, None)


def _normals(seeds, shape):
    """Return a function that draws the noise of the next steps, each replicate's from its own."""
    rngs = [generator(seed, "autoencoder", "noise") for seed in seeds]

    def draw():
        each = [rng.standard_normal((_CHUNK, *shape), dtype=np.float32) for rng in rngs]
        return torch.from_numpy(np.stack(each))

    return draw


def _descend(model, observations, seeds, steps, batch, learning_rate, draw):
    check_count(steps, "steps")
    check_count(batch, "batch")
    check_positive(learning_rate, "learning_rate")
    middle = tuple(range(1, observations.ndim - 1))
    centres = observations.mean(axis=middle, dtype=float)
    scales = observations.var(axis=middle, dtype=float).mean(axis=-1) ** 0.5
    if not (scales > 0).all():
        raise ValueError("observations must vary within each replicate, got constant ones")
    trained = TrainedUnlabelled(model, centres, scales, np.zeros(len(scales)))
    seen = trained._scaled(observations)
    adam = PaddedAdam(model.parameters())
    rows = torch.arange(len(scales))[:, None]
    rngs = [generator(seed, "unlabelled", "trials") for seed in seeds]
    recent = []
    for step in range(steps):
        at = step % _CHUNK
        if at == 0:
            each = [rng.integers(observations.shape[1], size=(_CHUNK, batch)) for rng in rngs]
            chosen, noise = torch.from_numpy(np.stack(each)), draw and draw()
        extra = () if noise is None else (noise[:, at],)
        losses = model.losses(seen[rows, chosen[:, at]], *extra)
        losses.sum().backward()
        recent = [*recent[1 - _CHUNK :], losses.detach()]
        adam.step(float(learning_rate) * (1 + np.cos(np.pi * step / steps)) / 2)
    trained.losses[:] = torch.stack(recent).mean(0).double().numpy()
    return trained
