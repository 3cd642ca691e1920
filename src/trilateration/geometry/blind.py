"""Blind tests of counting factors: worlds and networks of dimensions that nobody tells."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Real

from trilateration._arrays import Scalar
from trilateration._checks import check_generator, check_positive
from trilateration.evidence import sample_means, standard_error, uniform_latents
from trilateration.geometry.dimensionality import participation_ratio
from trilateration.geometry.factors import (
    count_factors,
    cross_validated_rank,
    left_out_transfer,
    parallel_analysis,
)
from trilateration.parameters import generator
from trilateration.readout import report_code, reported_probits
from trilateration.tasks import Boundaries
from trilateration.training import TrainedEnsemble, record

ESTIMATORS = ("edge", "shuffling", "cross-validation", "participation")


def noisy_reports(
    boundaries: Boundaries,
    sigma: Scalar,
    n_steps: int,
    noise_sd: Scalar,
    n_trials: int,
    *,
    rng: np.random.Generator,
    code: str = "probit",
) -> Float[np.ndarray, "trial task"]:
    """Return an ideal observer's reports in some code, with noise on every one of them.

    Parameters
    ----------
    boundaries
        Tasks.
    sigma, n_steps
        σ > 0 of one reading, in latent units, and t ≥ 1 readings.
    noise_sd
        ω > 0 of the noise, in the unit of the code.
    n_trials
        Number of trials ≥ 1, of uniform latent states.
    rng
        Source of all randomness.
    code
        As for :func:`~trilateration.readout.report_code`.
    """
    check_positive(noise_sd, "noise_sd")
    check_generator(rng)
    latents = uniform_latents(n_trials, boundaries.dimension, rng=rng)
    return told_of(latents, boundaries, sigma, n_steps, noise_sd, rng, code)


def told_of(
    latents: Float[np.ndarray, "trial dimension"],
    boundaries: Boundaries,
    sigma: Scalar,
    n_steps: int,
    noise_sd: Scalar,
    rng: np.random.Generator,
    code: str,
) -> Float[np.ndarray, "trial task"]:
    """Return what is reported of given latent states; the other arguments as for noisy_reports."""
    means = sample_means(latents, sigma, n_steps, rng=rng)
    u = boundaries.signed_distances(means) / standard_error(sigma, n_steps)
    return report_code(u, code) + float(noise_sd) * rng.standard_normal(u.shape)


def estimate_factors(
    codes: Real[np.ndarray, "trial task"], noise_sd: Scalar, *, rng: np.random.Generator
) -> dict[str, int]:
    """Return what each of :data:`ESTIMATORS` says of one code, the noise included.

    Parameters
    ----------
    codes
        Shape ``(trial, task)``.
    noise_sd
        ω > 0 of the noise in every entry. Only the first estimator is told.
    rng
        Source of all randomness.

    Returns
    -------
    dict
        Numbers of factors. ``"edge"``: :func:`~trilateration.geometry.count_factors`;
        ``"shuffling"``: :func:`~trilateration.geometry.parallel_analysis`; ``"cross-validation"``:
        :func:`~trilateration.geometry.cross_validated_rank`, at most half the tasks;
        ``"participation"``: the participation ratio, rounded.
    """
    validated = cross_validated_rank(codes, rng=rng)[0] if codes.shape[1] > 1 else 0
    return {
        "edge": count_factors(codes, noise_sd).count,
        "shuffling": parallel_analysis(codes, rng=rng, n_shuffles=20).count,
        "cross-validation": validated,
        "participation": round(participation_ratio(codes)),
    }


def factor_strengths(
    boundaries: Boundaries, sigma: Scalar, n_steps: int, half_width: Scalar = 0.5
) -> Float[np.ndarray, " task"]:
    """Return ℓ, the eigenvalues of the covariance of exact probits, falling: λ (h²/3 + s²)/s².

    λ are the eigenvalues of A Aᵀ, and h²/3 + s² is the variance of the mean of the evidence on each
    axis of the box.

    Parameters
    ----------
    boundaries
        Tasks.
    sigma, n_steps
        σ > 0 of one reading, and t ≥ 1 readings.
    half_width
        h > 0 of the box.
    """
    check_positive(half_width, "half_width")
    squared = float(standard_error(sigma, n_steps)) ** 2
    values = np.linalg.eigvalsh(boundaries.normals @ boundaries.normals.T)[::-1]
    return np.maximum(values, 0) * (half_width**2 / 3 + squared) / squared


def blind_networks(
    ensembles: Sequence[TrainedEnsemble], *, noise_sd: Scalar = 1.0, n_trials: int = 1000
) -> pd.DataFrame:
    """Let every estimator guess the dimension of networks' worlds from what the networks do.

    Parameters
    ----------
    ensembles
        Trained networks.
    noise_sd
        ω > 0, standard deviation of the noise that is added to every probit, in probits.
    n_trials
        Test trials of each network.

    Returns
    -------
    pandas.DataFrame
        One row a network: ``dimension``, ``n_tasks``, ``seed``, the :data:`ESTIMATORS` from its
        noisy probits and, prefixed ``hidden``, ``hidden shuffling`` and ``hidden participation``
        from its hidden units; ``transfer`` and ``exact transfer``, the mean
        :func:`~trilateration.geometry.left_out_transfer` of probits with and without the noise (NaN
        for one task).
    """
    check_positive(noise_sd, "noise_sd")
    rows = []
    for trained in ensembles:
        seen = record(trained.ensemble, trained.worlds, n_trials)
        for replicate, own in enumerate(trained.configurations):
            readouts = seen.readouts[replicate, :, -1, : own.n_tasks]
            rows.append(
                {"dimension": own.dimension, "n_tasks": own.n_tasks, "seed": own.seed}
                | _guesses(
                    reported_probits(readouts, own.head),
                    seen.code[replicate],
                    noise_sd,
                    generator(own.seed, "blind", str(own.n_tasks)),
                )
            )
    return pd.DataFrame(rows)


def _guesses(probits, hidden, noise_sd, rng) -> Mapping[str, float]:
    noisy = probits + noise_sd * rng.standard_normal(probits.shape)
    several = probits.shape[1] > 1
    return {
        **estimate_factors(noisy, noise_sd, rng=rng),
        "hidden shuffling": parallel_analysis(hidden, rng=rng, n_shuffles=20).count,
        "hidden participation": round(participation_ratio(hidden)),
        "transfer": left_out_transfer(noisy, rng=rng).mean() if several else np.nan,
        "exact transfer": left_out_transfer(probits, rng=rng).mean() if several else np.nan,
    }
