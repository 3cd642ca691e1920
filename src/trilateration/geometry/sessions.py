"""Simulated sessions: recordings of populations for which a theory is true, or another one is.

Each function draws one session from a truth and puts it to the test of
:mod:`trilateration.geometry.recorded`; how often it rejects is its power, or its rate of false
positives. All sessions have σ = 0.2, t = 20 and a position in the plane unless said.
"""

import numpy as np
from jaxtyping import Float

from trilateration._arrays import Scalar
from trilateration._checks import check_choice, check_count, check_generator
from trilateration.evidence import observe, running_mean, sample_means, uniform_latents
from trilateration.geometry.recorded import (
    Growth,
    HeldOut,
    SharedErrors,
    encoding_cosine,
    held_out_distances,
    shared_errors,
    slope_growth,
)
from trilateration.geometry.spikes import Neurons, draw_neurons, ring_positions
from trilateration.readout import orthants
from trilateration.tasks import evenly_spaced_lines, random_hyperplanes

SHARED_TRUTHS = ("mean", "private", "gain", "mean and gain")
QUADRANT_TRUTHS = ("position", "conjunctive", "one task")
BLOCK_TRUTHS = ("position", "own direction")
ANGLE_TRUTHS = ("tasks", "orthogonal")

_GAIN_SD = 0.15


def shared_errors_session(
    n_units: int,
    n_repeats: int,
    truth: str,
    *,
    rng: np.random.Generator,
    sigma: Scalar = 0.2,
    n_steps: int = 20,
    n_positions: int = 8,
) -> SharedErrors:
    """Record two halves of a population, repeatedly at positions on a ring.

    Parameters
    ----------
    n_units
        Neurons in all.
    n_repeats
        Trials at each position, even.
    truth
        ``"mean"``: all encode the mean of the readings; ``"private"``: they encode x* itself;
        ``"gain"``: the same with a gain that all share, of standard deviation 0.15;
        ``"mean and gain"``.
    rng
        Draws neurons and trials.
    sigma, n_steps
        Of the readings.
    n_positions
        On the ring.
    """
    check_choice(truth, SHARED_TRUTHS, "truth")
    check_count(n_units, "n_units", minimum=6)
    gain_sd = _GAIN_SD if truth.endswith("gain") else 0.0
    neurons = draw_neurons(n_units, 2, rng=rng, gain_sd=gain_sd)
    positions = ring_positions(n_positions)
    states = np.repeat(positions[:, None], n_repeats, axis=1)
    if truth.startswith("mean"):
        states = sample_means(states, sigma, n_steps, rng=rng)
    counts = neurons.counts(states, rng=rng)
    half = n_units // 2
    return shared_errors(counts[..., :half], counts[..., half:], positions, rng=rng)


def quadrant_session(
    n_units: int, n_trials: int, truth: str, *, rng: np.random.Generator
) -> HeldOut:
    """Record one population over the box, and decode each quadrant from the three others.

    Parameters
    ----------
    n_units, n_trials
        Neurons, and trials in all.
    truth
        ``"position"``: neurons encode the mean of the readings; ``"conjunctive"``: in each
        quadrant with slopes and base rates of their own; ``"one task"``: its first coordinate
        only, and the test is on the second.
    rng
        Draws neurons and trials.
    """
    check_choice(truth, QUADRANT_TRUTHS, "truth")
    latents, means = _trials(n_trials, rng)
    quadrants = orthants(latents)
    axes = np.eye(2)
    if truth == "one task":
        neurons, states, axes = draw_neurons(n_units, 1, rng=rng), means[:, :1], axes[1:]
    elif truth == "position":
        neurons, states = draw_neurons(n_units, 2, rng=rng), means
    else:
        one = np.eye(4)[quadrants]
        about = means - (np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]]) / 4)[quadrants]
        states = np.concatenate([one[:, :, None] * about[:, None], 0.25 * one[:, :, None]], axis=2)
        neurons, states = draw_neurons(n_units, 12, rng=rng), states.reshape(n_trials, 12)
    counts = np.sqrt(neurons.counts(states, rng=rng))
    directions = np.broadcast_to(axes, (len(np.unique(quadrants)), *axes.shape))
    return held_out_distances(counts, latents, quadrants, directions, rng=rng)


def block_session(
    n_units: int, n_trials: int, truth: str, *, rng: np.random.Generator, n_tasks: int = 6
) -> HeldOut:
    """Record blocks of trials with one task each, and decode the distance of the task left out.

    Parameters
    ----------
    n_units, n_trials
        Neurons, and trials of each block.
    truth
        ``"position"``: one code of the mean in all blocks; ``"own direction"``: in each block the
        distance of its task, along a direction of its own.
    rng
        Draws neurons and trials.
    n_tasks
        Number of lines through the origin, evenly spaced.
    """
    check_choice(truth, BLOCK_TRUTHS, "truth")
    lines = evenly_spaced_lines(n_tasks)
    latents, means = _trials(n_trials * n_tasks, rng)
    blocks = np.arange(len(latents)) % n_tasks
    own = np.arange(len(latents)), blocks
    if truth == "position":
        neurons, states = draw_neurons(n_units, 2, rng=rng), means
    else:
        neurons = draw_neurons(n_units, n_tasks, rng=rng)
        states = np.zeros((len(latents), n_tasks))
        states[own] = lines.signed_distances(means)[own]
    counts = np.sqrt(neurons.counts(states, rng=rng))
    sides = lines.labels(latents)[own][:, None]
    return held_out_distances(counts, latents, blocks, lines.normals[:, None], sides=sides, rng=rng)


def growth_session(
    n_units: int,
    n_trials: int,
    exponent: Scalar,
    *,
    rng: np.random.Generator,
    sigma: Scalar = 0.2,
    n_steps: int = 20,
    n_windows: int = 4,
) -> Growth:
    """Record a population that encodes k^b μ(k), in successive windows of equal length.

    Parameters
    ----------
    n_units, n_trials
        Neurons and trials.
    exponent
        b: 0, ½ or 1 for the mean, the probits, the sum. Slopes are equal at the last step.
    rng
        Draws neurons and trials.
    sigma, n_steps
        Of the readings.
    n_windows
        Divides ``n_steps``.

    Raises
    ------
    ValueError
        If the windows do not divide the steps.
    """
    check_count(n_windows, "n_windows", minimum=2)
    if n_steps % n_windows:
        raise ValueError(f"n_windows must divide the {n_steps} steps, got {n_windows}")
    latents = uniform_latents(n_trials, 2, rng=rng)
    means = running_mean(observe(latents, sigma, n_steps, rng=rng))
    k = np.arange(1, n_steps + 1)
    states = means * ((k / n_steps) ** exponent)[:, None]
    states = states.reshape(n_trials, n_windows, -1, 2).mean(axis=2)
    neurons = draw_neurons(n_units, 2, rng=rng, base=8 / n_windows, slope=4 / n_windows)
    middle = k.reshape(n_windows, -1).mean(axis=1)
    return slope_growth(neurons.counts(states, rng=rng), latents, middle)


def angle_sessions(
    n_animals: int,
    n_units: int,
    n_trials: int,
    truth: str,
    *,
    rng: np.random.Generator,
    n_tasks: int = 12,
) -> Float[np.ndarray, "animal 2"]:
    """Return the cosine of the encoding axes that each animal's tasks predict, and the measured.

    Every animal has random lines of its own.

    Parameters
    ----------
    n_animals, n_units, n_trials
        Numbers of animals, of neurons and of trials of each.
    truth
        ``"tasks"``: the Gram matrix of the axes is that of the normals, up to the sampling of
        neurons; ``"orthogonal"``: a multiple of the identity up to that.
    rng
        Draws all.
    n_tasks
        N.
    """
    check_choice(truth, ANGLE_TRUTHS, "truth")
    check_generator(rng)
    rows = []
    for _ in range(check_count(n_animals, "n_animals")):
        normals = random_hyperplanes(n_tasks, 2, rng=rng).normals
        gram = normals.T @ normals * (2 / n_tasks)
        latents, means = _trials(n_trials, rng)
        drawn = draw_neurons(n_units, 2, rng=rng)
        if truth == "tasks":
            drawn = Neurons(drawn.slopes @ np.linalg.cholesky(gram).T, drawn.base)
        measured = encoding_cosine(drawn.counts(means, rng=rng), latents)
        rows.append([gram[0, 1] / (gram[0, 0] * gram[1, 1]) ** 0.5, measured])
    return np.array(rows)


def _trials(n_trials, rng, sigma=0.2, n_steps=20):
    latents = uniform_latents(n_trials, 2, rng=rng)
    return latents, sample_means(latents, sigma, n_steps, rng=rng)
