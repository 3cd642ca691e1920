"""Trials of one network: positions, evidence and labels, each from generators of its own."""

import numpy as np

from trilateration.evidence import correlate
from trilateration.parameters import generator
from trilateration.tasks import Boundaries, Circles, Products
from trilateration.training.configuration import Configuration, noise_of

_HALF_WIDTH = 0.5


def draw_trials(
    configuration: Configuration,
    boundaries: Boundaries | Circles | Products,
    stream: tuple[str, ...],
    out: tuple[np.ndarray, np.ndarray, np.ndarray],
    latents: np.ndarray | None,
    training: bool,
) -> None:
    """Draw chunks of trials, in place.

    What an option adds is drawn from a generator of its own, so that a network with it sees the
    very trials of its twin without.

    Parameters
    ----------
    configuration, boundaries
        The network and its tasks.
    stream
        Names of the generator.
    out
        Filled: positions of the last step ``(chunk, trial, dimension)``, evidence ``(chunk, time,
        trial, dimension)`` and labels ``(chunk, trial, task)``, float32.
    latents
        Positions in place of uniform ones, ``(trial, dimension)``, or None.
    training
        Whether positions and labels follow the law of training.
    """
    positions, evidence, labels = out
    rng = generator(configuration.seed, *stream)
    rng.random(out=positions, dtype=np.float32)
    if configuration.noise == "gaussian":
        rng.standard_normal(out=evidence, dtype=np.float32)
        evidence *= float(configuration.sigma)
    else:
        n_chunk, steps, n_trials, dimension = evidence.shape
        shape = (n_chunk, n_trials, steps, dimension)
        noise = noise_of(configuration).sample(shape, rng, dtype=np.float32)
        evidence[:] = noise.swapaxes(1, 2)
    if training and configuration.correlation:
        positions[:] = correlate(positions, configuration.correlation)
    if training and configuration.held_out:
        _leave_corner(positions, configuration, rng)
    positions -= _HALF_WIDTH
    if latents is not None:
        positions[:] = np.asarray(latents, np.float32)
    evidence += positions[:, None]
    if configuration.drift:
        evidence += _way_back(configuration, stream, evidence.shape)
    labels[:] = boundaries.labels(positions)
    if training and configuration.label_blur:
        own = generator(configuration.seed, *stream, "label blur")
        noise = configuration.label_blur * own.standard_normal(labels.shape)
        labels[:] = boundaries.signed_distances(positions) + noise > 0
    if training and configuration.label_noise:
        own = generator(configuration.seed, *stream, "label noise")
        wrong = own.random(labels.shape) < configuration.label_noise
        labels[wrong] = 1 - labels[wrong]


def _way_back(configuration, stream, shape):
    """Return where the latent state is at each step, seen from where it ends."""
    rng = generator(configuration.seed, *stream, "drift")
    way = rng.standard_normal(shape, dtype=np.float32) * np.float32(configuration.drift)
    way[:, -1] = 0
    return way[:, ::-1].cumsum(axis=1)[:, ::-1]


def _leave_corner(positions, configuration, rng):
    """Draw positions in [0, 1]^D again, in place, until none is in the corner held out.

    The others stay as they were drawn, and so does the evidence, which comes before: a network that
    is held out of a corner sees elsewhere the very trials of its twin that is not.
    """
    edge = 1 - configuration.held_out
    rows = positions.reshape(-1, positions.shape[-1])
    inside = np.flatnonzero((rows > edge).all(axis=1))
    while len(inside):
        again = rng.random((len(inside), rows.shape[1]), dtype=np.float32)
        if configuration.correlation:
            again = correlate(again, configuration.correlation)
        rows[inside] = again
        inside = inside[(rows[inside] > edge).all(axis=1)]
