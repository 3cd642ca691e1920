"""Blind tests with two streams: networks see the same latent states twice, through other noise."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Real
from sklearn.decomposition import PCA

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import check_at_least, check_count, check_generator, check_positive
from trilateration.evidence import standard_error, uniform_latents
from trilateration.geometry.blind import factor_strengths, told_of
from trilateration.geometry.dimensionality import participation_ratio
from trilateration.geometry.factors import (
    count_factors,
    cross_validated_rank,
    left_out_transfer,
    parallel_analysis,
)
from trilateration.geometry.unknown_dimension import (
    detection_probability,
    nearest_neighbour_dimension,
    rank_by_spectrum,
    rank_by_streams,
)
from trilateration.parameters import generator
from trilateration.readout import reported_probits
from trilateration.tasks import Boundaries, random_hyperplanes
from trilateration.training import TrainedEnsemble, record

PAIR_ESTIMATORS = (
    "spectrum",
    "streams",
    "edge",
    "shuffling",
    "cross-validation",
    "Minka",
    "participation",
)


def paired_reports(
    boundaries: Boundaries,
    sigma: Scalar,
    n_steps: int,
    noise_sd: Scalar,
    n_trials: int,
    *,
    rng: np.random.Generator,
    code: str = "probit",
) -> tuple[Float[np.ndarray, "trial task"], Float[np.ndarray, "trial task"]]:
    """Return what an ideal observer reports of two streams of evidence of the same latent states.

    Parameters
    ----------
    boundaries
        Tasks.
    sigma, n_steps
        σ > 0 of one reading, in latent units, and t ≥ 1 readings of each stream.
    noise_sd
        ω ≥ 0, error of every report in the unit of the code, independent between streams.
    n_trials
        Number of trials ≥ 1, of uniform latent states.
    rng
        Source of all randomness.
    code
        As for :func:`~trilateration.readout.report_code`.

    Returns
    -------
    first, second : numpy.ndarray
        Reports in the code, one row a trial.
    """
    check_at_least(noise_sd, 0, "noise_sd")
    check_generator(rng)
    latents = uniform_latents(n_trials, boundaries.dimension, rng=rng)
    first, second = (
        told_of(latents, boundaries, sigma, n_steps, noise_sd, rng, code) for _ in range(2)
    )
    return first, second


def expected_stream_rank(
    eigenvalues: Real[np.ndarray, " factor"],
    sigma: Scalar,
    n_steps: int,
    noise_sd: Scalar,
    *,
    half_width: Scalar = 0.5,
    exponent: Scalar = 1.5,
) -> int:
    """Return how many factors :func:`rank_by_streams` counts in noisy probits, for many trials.

    Factor j has the correlation S/(S + 1 + ω²/λ_j), S = h²/(3s²), and counts if that exceeds the
    largest to the power of the rule.

    Parameters
    ----------
    eigenvalues
        λ_j > 0 of AᵀA.
    sigma, n_steps, noise_sd
        As for :func:`paired_reports`.
    half_width
        h > 0 of the box.
    exponent
        As for :func:`rank_by_streams`.
    """
    eigenvalues = as_floating(eigenvalues, "eigenvalues")
    check_positive(eigenvalues, "eigenvalues")
    check_at_least(noise_sd, 0, "noise_sd")
    signal = float(half_width) ** 2 / (3 * float(standard_error(sigma, n_steps)) ** 2)
    correlations = signal / (signal + 1 + float(noise_sd) ** 2 / eigenvalues)
    return int((correlations >= correlations.max() ** float(exponent)).sum())


def blind_pairs(
    n_worlds: int,
    *,
    seed: int,
    n_trials: int = 400,
    dimensions: tuple[int, int] = (1, 8),
    most_tasks: int = 32,
    sigmas: tuple[float, float] = (0.1, 1.0),
    noises: tuple[float, float] = (0.3, 10.0),
    code: str = "probit",
) -> pd.DataFrame:
    """Draw ideal observers of hidden dimension, with more tasks than that, and count their factors.

    Parameters
    ----------
    n_worlds
        Number of worlds ≥ 1.
    seed
        Of the worlds.
    n_trials
        Trials that an estimator sees; :func:`rank_by_streams` sees each latent state twice.
    dimensions, most_tasks
        D is uniform between the two, N between D + 2 and ``most_tasks``.
    sigmas, noises
        Smallest and largest σ and ω, drawn evenly on a logarithmic scale; 20 readings.
    code
        As for :func:`paired_reports`.

    Returns
    -------
    pandas.DataFrame
        One row a world: ``dimension``, ``n_tasks``, ``sigma``, ``noise_sd``; ``seen``, the
        probability by theory that the weakest factor of exact probits leaves the noise; and one
        column for each of :data:`PAIR_ESTIMATORS`.
    """
    check_count(n_worlds, "n_worlds")
    rows = []
    for world in range(n_worlds):
        rng = generator(seed, "blind pair", str(world))
        dimension = int(rng.integers(dimensions[0], dimensions[1] + 1))
        n_tasks = int(rng.integers(dimension + 2, most_tasks + 1))
        sigma, noise_sd = (float(np.exp(rng.uniform(*np.log(r)))) for r in (sigmas, noises))
        boundaries = random_hyperplanes(n_tasks, dimension, rng=rng)
        codes = paired_reports(boundaries, sigma, 20, noise_sd, n_trials, rng=rng, code=code)
        weakest = factor_strengths(boundaries, sigma, 20)[dimension - 1]
        rows.append(
            {
                "dimension": dimension,
                "n_tasks": n_tasks,
                "sigma": sigma,
                "noise_sd": noise_sd,
                "seen": float(detection_probability(weakest, n_trials, n_tasks, noise_sd)),
                "spectrum": rank_by_spectrum(codes[0]).rank,
                "streams": rank_by_streams(*codes).rank,
                "Minka": PCA("mle").fit(codes[0]).n_components_,
                "edge": count_factors(codes[0], noise_sd).count,
                "shuffling": parallel_analysis(codes[0], rng=rng, n_shuffles=20).count,
                "cross-validation": cross_validated_rank(codes[0], rng=rng, n_repeats=2)[0],
                "participation": round(participation_ratio(codes[0])),
            }
        )
    return pd.DataFrame(rows)


def stream_networks(
    ensembles: Sequence[TrainedEnsemble],
    *,
    step: int,
    n_trials: int = 2000,
    n_tasks: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Guess the dimension of networks' worlds from what two streams of evidence have in common.

    Parameters
    ----------
    ensembles
        Trained networks.
    step
        The step ≥ 1 whose reports and states are compared, counted without a fixation step. The
        fewer readings, the farther the plateaus of :func:`rank_by_streams` are apart, and the less
        the errors of the network count next to the noise of the evidence.
    n_trials
        Latent states, each shown twice.
    n_tasks
        Numbers of tasks whose reports are used: the first of each network's. By default all.

    Returns
    -------
    pandas.DataFrame
        One row a network and number of tasks: ``dimension``, ``n_tasks``, ``seed``, ``used``;
        ``reports`` and ``hidden``, the ranks by streams of both; ``decided`` of the reports;
        ``first``, the largest correlation of the reports; ``transfer``, the mean
        :func:`~trilateration.geometry.left_out_transfer` of the reports (NaN for one task);
        ``neighbours`` and ``participation``, the rounded intrinsic dimension and participation
        ratio of the hidden states.
    """
    check_count(step, "step")
    rows = []
    for trained in ensembles:
        own = trained.configurations[0]
        latents = uniform_latents(
            n_trials, own.dimension, rng=generator(own.seed, "two streams", str(own.dimension))
        )
        at = [own.protocol.fixation_steps + step - 1]
        streams = [
            record(
                trained.ensemble, trained.worlds, n_trials, steps=at, stream=name, latents=latents
            )
            for name in ("first stream", "second stream")
        ]
        for replicate, own in enumerate(trained.configurations):
            hidden = [each.code[replicate] for each in streams]
            living = np.ptp(hidden[0], axis=0) > 0
            states = [code[:, living] for code in hidden]
            told = {
                "dimension": own.dimension,
                "n_tasks": own.n_tasks,
                "seed": own.seed,
                "hidden": rank_by_streams(*states).rank,
                "neighbours": round(nearest_neighbour_dimension(states[0])),
                "participation": round(participation_ratio(states[0])),
            }
            for used in n_tasks or (own.n_tasks,):
                if used > own.n_tasks:
                    continue
                probits = [
                    reported_probits(each.readouts[replicate, :, -1, :used], own.head)
                    for each in streams
                ]
                found = rank_by_streams(*probits)
                rows.append(
                    told
                    | {
                        "used": used,
                        "reports": found.rank,
                        "decided": found.decided,
                        "transfer": _mean_transfer(probits[0], own.seed),
                        "first": float(found.correlations[0]),
                    }
                )
    return pd.DataFrame(rows)


def _mean_transfer(probits, seed):
    if probits.shape[1] < 2:
        return np.nan
    return float(left_out_transfer(probits, rng=generator(seed, "transfer")).mean())
