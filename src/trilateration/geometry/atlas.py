"""Failures of ideal observers and of those who read them: each with its cure, on simulated trials.

Every function takes how strong the failure is and a generator, simulates one world, and returns the
score r² with the failure and with the cure. :func:`outcomes` repeats that over worlds.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from trilateration._arrays import Scalar
from trilateration._checks import (
    check_at_least,
    check_between,
    check_count,
    check_generator,
    check_positive,
)
from trilateration.evidence import correlate, observe, sample_means, standard_error, uniform_latents
from trilateration.geometry.wrong import flipped_reports, unflipped_reports
from trilateration.observer import (
    FLOAT32,
    normal_cdf,
    normal_quantile,
    random_walk_weights,
    trilaterate,
)
from trilateration.parameters import generator
from trilateration.readout import fit_linear, prior_r2
from trilateration.tasks import (
    Boundaries,
    evenly_spaced_lines,
    near_parallel_lines,
    random_hyperplanes,
)

SIGMA, N_STEPS, N_TASKS = 0.2, 20, 12
_TRIALS = 4_000
_FAR = 8.0  # a probit that is finite in float64


class Outcome(NamedTuple):
    """Scores r² of a position in one world.

    Attributes
    ----------
    broken, cured
        With the failure, and with the cure.
    """

    broken: float
    cured: float


class Outcomes(NamedTuple):
    """Means over worlds, with 95 % half-widths (normal), one entry a strength.

    Attributes
    ----------
    broken, cured
        Mean r².
    broken_half, cured_half
        Their half-widths.
    """

    broken: Float[np.ndarray, " strength"]
    cured: Float[np.ndarray, " strength"]
    broken_half: Float[np.ndarray, " strength"]
    cured_half: Float[np.ndarray, " strength"]


def outcomes(
    failure: Callable[[Scalar, np.random.Generator], Outcome],
    strengths: Sequence[Scalar],
    *,
    seed: int,
    n_worlds: int = 8,
) -> Outcomes:
    """Let one thing fail in several worlds, as strongly as asked.

    Parameters
    ----------
    failure
        A function of this module, such as :func:`rank_deficient`.
    strengths
        What it takes.
    seed
        Of the worlds, the same for all strengths.
    n_worlds
        Number of worlds ≥ 2.
    """
    check_count(n_worlds, "n_worlds", minimum=2)
    found = np.array(
        [
            [failure(x, generator(seed, failure.__name__, str(k))) for k in range(n_worlds)]
            for x in strengths
        ]
    )
    half = 1.96 * found.std(axis=1, ddof=1) / n_worlds**0.5
    return Outcomes(*found.mean(axis=1).T, *half.T)


def rank_deficient(rank: int, rng: np.random.Generator) -> Outcome:
    """Ask about ``rank`` of four dimensions; cured by one task for each of the others.

    Parameters
    ----------
    rank
        Whole number of directions asked about, 1 to 4.
    rng
        Draws the world.
    """
    check_count(rank, "rank")
    check_between(rank, 0, 5, "rank")
    latents, means = _trials(4, rng)
    way = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    inside = random_hyperplanes(N_TASKS, rank, rng=rng).normals @ way[:rank]
    across = way[rank:]
    return Outcome(
        _located(latents, means, Boundaries(inside, np.zeros(N_TASKS))),
        _located(
            latents,
            means,
            Boundaries(np.vstack([inside, across]), np.zeros(N_TASKS + len(across))),
        ),
    )


def near_parallel(spread: Scalar, rng: np.random.Generator) -> Outcome:
    """Take lines within ``spread`` degrees, probits off by one unit; cured by turning two lines.

    Parameters
    ----------
    spread
        Range > 0 of the angles of the lines, in degrees.
    rng
        Draws the world.
    """
    latents, means = _trials(2, rng)
    narrow = near_parallel_lines(N_TASKS, np.radians(spread))
    turned = near_parallel_lines(2, np.radians(spread), direction=np.pi / 2)
    mixed = Boundaries(np.vstack([narrow.normals[2:], turned.normals]), np.zeros(N_TASKS))
    noise = rng.standard_normal((_TRIALS, N_TASKS))
    return Outcome(*(_located(latents, means, own, noise) for own in (narrow, mixed)))


def distant(offset: Scalar, rng: np.random.Generator) -> Outcome:
    """Put boundaries ``offset`` from the middle, reports off by .01; cured by putting them there.

    Both are read by least squares from the reports as they are.

    Parameters
    ----------
    offset
        Distance ≥ 0 of every boundary from the middle, in latent units.
    rng
        Draws the world.
    """
    check_at_least(offset, 0, "offset")
    latents, means = _trials(2, rng)
    normals = random_hyperplanes(N_TASKS, 2, rng=rng).normals
    noise = 0.01 * rng.standard_normal((_TRIALS, N_TASKS))
    scores = []
    for own in (np.full(N_TASKS, float(offset)), np.zeros(N_TASKS)):
        reports = normal_cdf(_probits(means, Boundaries(normals, own)))
        scores.append(_decoded(reports + noise, latents))
    return Outcome(*scores)


def saturated(sigma: Scalar, rng: np.random.Generator) -> Outcome:
    """Store reports as float32, and read them back; cured by storing their logarithms.

    Parameters
    ----------
    sigma
        σ > 0 of one reading, in latent units.
    rng
        Draws the world.
    """
    check_positive(sigma, "sigma")
    latents, means = _trials(2, rng, sigma=sigma)
    u = _probits(means, evenly_spaced_lines(24), sigma=sigma)
    stored = FLOAT32.probits(FLOAT32.round(u))
    return Outcome(_decoded(stored, latents), _decoded(u, latents))


def misjudged(ratio: Scalar, rng: np.random.Generator) -> Outcome:
    """Take σ for ``ratio`` times what it is; cured by an affine decoder.

    Parameters
    ----------
    ratio
        Believed σ by the true one, > 0.
    rng
        Draws the world.
    """
    check_positive(ratio, "ratio")
    latents, means = _trials(2, rng)
    u = _probits(means, evenly_spaced_lines(N_TASKS)) / ratio
    return _with_own_ruler(u, latents)


def short(n_steps: int, rng: np.random.Generator) -> Outcome:
    """Take the mean of ``n_steps`` readings for the position; cured by shrinking it.

    Parameters
    ----------
    n_steps
        Readings of a trial, ≥ 1.
    rng
        Draws the world.
    """
    check_count(n_steps, "n_steps")
    latents, means = _trials(2, rng, n_steps=n_steps)
    shrunk = means / (1 + 12 * standard_error(SIGMA, n_steps) ** 2)
    return Outcome(*(prior_r2(latents, own).value for own in (means, shrunk)))


def uneven(ratio: Scalar, rng: np.random.Generator) -> Outcome:
    """Let one task be ``ratio`` times as hard to learn as the others; cured by weights.

    Its probit is off by that many units, those of the others by one. The position is read by A⁺,
    and by the weights of Gauss and Markov.

    Parameters
    ----------
    ratio
        Error of the reports of one task by that of the others, > 0.
    rng
        Draws the world.
    """
    check_positive(ratio, "ratio")
    latents, means = _trials(2, rng)
    lines = evenly_spaced_lines(N_TASKS)
    sizes = np.r_[float(ratio), np.ones(N_TASKS - 1)]
    noise = sizes * rng.standard_normal((_TRIALS, N_TASKS))
    distances = lines.signed_distances(means) + standard_error(SIGMA, N_STEPS) * noise
    return Outcome(
        *(
            prior_r2(latents, trilaterate(distances, lines, weights=own).position).value
            for own in (None, sizes**-2)
        )
    )


def flipped(label_noise: Scalar, rng: np.random.Generator) -> Outcome:
    """Learn from labels that are wrong so often; cured by taking the errors out again.

    Both are read as probits by an affine decoder, in a quadrant that it has not seen.

    Parameters
    ----------
    label_noise
        Share ε of wrong labels, 0 ≤ ε < ½.
    rng
        Draws the world.
    """
    latents, means = _trials(2, rng)
    reports = normal_cdf(_probits(means, evenly_spaced_lines(N_TASKS)))
    learned = flipped_reports(reports, label_noise)
    codes = (
        np.clip(normal_quantile(np.clip(own, 1e-15, 1 - 1e-15)), -_FAR, _FAR)
        for own in (learned, unflipped_reports(learned, label_noise))
    )
    return Outcome(*(_in_new_quadrant(code, latents) for code in codes))


def blurred(label_blur: Scalar, rng: np.random.Generator) -> Outcome:
    """Learn from labels made at a distance that is off; cured by an affine decoder.

    Parameters
    ----------
    label_blur
        Standard deviation ≥ 0 of the error of the distance, in latent units.
    rng
        Draws the world.
    """
    check_at_least(label_blur, 0, "label_blur")
    latents, means = _trials(2, rng)
    s = standard_error(SIGMA, N_STEPS)
    u = _probits(means, evenly_spaced_lines(N_TASKS)) * s / np.hypot(s, label_blur)
    return _with_own_ruler(u, latents)


def on_a_line(correlation: Scalar, rng: np.random.Generator) -> Outcome:
    """Fit a decoder where latents are correlated, use it where they are not; cured by A⁺.

    Parameters
    ----------
    correlation
        Of the two latent coordinates where the decoder is fitted, −1 < ρ < 1.
    rng
        Draws the world.
    """
    check_between(correlation, -1, 1, "correlation")
    latents, means = _trials(2, rng)
    shown = correlate(rng.random((_TRIALS, 2)), correlation) - 0.5
    u, shown_u = (
        _probits(own, evenly_spaced_lines(N_TASKS))
        for own in (means, sample_means(shown, SIGMA, N_STEPS, rng=rng))
    )
    decoder = fit_linear(shown_u, shown)
    return Outcome(
        prior_r2(latents, decoder.predict(u)).value,
        _located(latents, means, evenly_spaced_lines(N_TASKS)),
    )


def folded(fold: Scalar, rng: np.random.Generator) -> Outcome:
    """Show (x₁, |x₂ + fold|); cured by one more sensor, folded outside of the box.

    Parameters
    ----------
    fold
        Distance ≥ 0 of the fold from the middle, in latent units.
    rng
        Draws the world.
    """
    check_at_least(fold, 0, "fold")
    latents = uniform_latents(_TRIALS, 2, rng=rng)
    readings = observe(latents, SIGMA, N_STEPS, rng=rng)
    own = np.abs(readings[..., 1] + fold).mean(axis=1)
    more = np.abs(readings[..., 1] + 1.0).mean(axis=1)
    first = readings[..., 0].mean(axis=1)
    seen = np.stack([first, own], axis=1)
    return Outcome(_decoded(seen, latents), _decoded(np.column_stack([seen, more]), latents))


def squeezed(gain: Scalar, rng: np.random.Generator) -> Outcome:
    """Show (x₁, gain x₂) with noise σ behind it; cured by ten times as many readings.

    Parameters
    ----------
    gain
        Of the map on the second axis, > 0.
    rng
        Draws the world.
    """
    check_positive(gain, "gain")
    latents = uniform_latents(_TRIALS, 2, rng=rng)
    scores = []
    for n_steps in (N_STEPS, 10 * N_STEPS):
        seen = latents * [1.0, float(gain)]
        seen = seen + standard_error(SIGMA, n_steps) * rng.standard_normal(latents.shape)
        scores.append(_decoded(seen, latents))
    return Outcome(*scores)


def drifting(drift: Scalar, rng: np.random.Generator) -> Outcome:
    """Let the latent state walk, count all readings alike; cured by a Kalman filter's weights.

    Parameters
    ----------
    drift
        Standard deviation ≥ 0 of a step of the walk, per axis, in latent units.
    rng
        Draws the world.
    """
    check_at_least(drift, 0, "drift")
    latents = uniform_latents(_TRIALS, 2, rng=rng)
    way = drift * rng.standard_normal((_TRIALS, N_STEPS, 2))
    way[:, -1] = 0
    left = way[:, ::-1].cumsum(axis=1)[:, ::-1]
    readings = observe(latents, SIGMA, N_STEPS, rng=rng) + left
    plain = np.full(N_STEPS, 1 / N_STEPS)
    weights = plain, random_walk_weights(SIGMA, drift, N_STEPS)
    return Outcome(
        *(prior_r2(latents, np.einsum("ntd,t->nd", readings, own)).value for own in weights)
    )


def _trials(dimension, rng, sigma=SIGMA, n_steps=N_STEPS):
    check_generator(rng)
    latents = uniform_latents(_TRIALS, dimension, rng=rng)
    return latents, sample_means(latents, sigma, n_steps, rng=rng)


def _probits(means, boundaries, sigma=SIGMA):
    return boundaries.signed_distances(means) / standard_error(sigma, N_STEPS)


def _located(latents, means, boundaries, noise=0.0):
    """Score A⁺(d + sξ), the position that exact rulers give."""
    distances = boundaries.signed_distances(means) + standard_error(SIGMA, N_STEPS) * noise
    found = (distances + boundaries.offsets) @ np.linalg.pinv(boundaries.normals).T
    return prior_r2(latents, found).value


def _with_own_ruler(u, latents):
    """Score the position read with the ruler s, and that read by a decoder that finds its own."""
    normals = evenly_spaced_lines(N_TASKS).normals
    found = standard_error(SIGMA, N_STEPS) * u @ np.linalg.pinv(normals).T
    return Outcome(prior_r2(latents, found).value, _decoded(u, latents))


def _decoded(code, latents):
    """Fit least squares on one half of the trials, and score it on the other."""
    half = len(latents) // 2
    decoder = fit_linear(code[:half], latents[:half])
    return prior_r2(latents[half:], decoder.predict(code[half:])).value


def _in_new_quadrant(code, latents):
    new = (latents > 0).all(axis=1)
    decoder = fit_linear(code[~new], latents[~new])
    return prior_r2(latents[new], decoder.predict(code[new])).value
