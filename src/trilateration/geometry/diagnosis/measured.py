"""All statistics of one model and its data, computed once."""

from typing import NamedTuple

import numpy as np

from trilateration.geometry.diagnosis import causes, symptoms
from trilateration.geometry.diagnosis.observed import Behaviour, Data
from trilateration.readout import left_out_predictions
from trilateration.tasks import Boundaries

_FEWEST = 60


class Gap(NamedTuple):
    """Information lost on fresh trials beyond that lost on trials of training, as a share.

    Attributes
    ----------
    value
        The difference; fresh trials where training had none do not count. NaN if fewer than 60 are
        left.
    standard_error
        Of it; each different trial of training counts once.
    """

    value: float
    standard_error: float


class Measured(NamedTuple):
    """Statistics from which failures are judged.

    Attributes
    ----------
    n_tasks, dimension, n_steps, n_units
        N, D, t and the width of the hidden state.
    sigma, s, s_in_use
        σ as believed, σ/√t, and the same for the noise of the fresh trials.
    variance
        Of the positions in use, per axis.
    directions, constant, graded, noise_ratio, walk, sight, labels, cover
        Of :mod:`~trilateration.geometry.diagnosis.causes`; ``labels`` None if positions of
        training are not known, and ``cover`` then of positions decoded from observations.
    rate_cost, blur_cost
        Information that wrong and blurred labels cost; where positions of training are not known,
        at the rate at which reports level off.
    skills, profile, gain, plateau, units
        Of :mod:`~trilateration.geometry.diagnosis.symptoms`, on fresh trials.
    gap
        Between fresh trials and those of training.
    unheld
        Share of the variance of position along the worst direction that is not decoded linearly
        from the hidden state.
    n_different
        Number of different trials among those of training.
    n_training
        Number of trials of training.
    """

    n_tasks: int
    dimension: int
    n_steps: int
    n_units: int
    sigma: float
    s: float
    s_in_use: float
    variance: float
    directions: causes.Directions
    constant: float
    graded: float
    noise_ratio: float
    walk: causes.Walk
    sight: causes.Sight
    labels: causes.LabelErrors | None
    cover: causes.Cover
    rate_cost: float
    blur_cost: float
    skills: symptoms.Skills
    profile: symptoms.Profile
    gain: float
    plateau: float
    units: symptoms.Units
    gap: Gap
    unheld: float
    n_different: int
    n_training: int


def measure(behaviour: Behaviour, tasks: Boundaries, data: Data) -> Measured:
    """Return all statistics; arguments as checked."""
    fresh, training = data.fresh, data.training
    n_steps = fresh.observations.shape[1]
    ratio = causes.noise_ratio(training.observations, fresh.observations)
    s = data.sigma / n_steps**0.5
    s_in_use = s * (ratio if np.isfinite(ratio) and ratio > 0 else 1.0)
    variance = float(fresh.latents.var(axis=0).mean())
    distances = tasks.signed_distances(fresh.latents)
    probits = behaviour.fresh.probits[:, -1]
    excess = symptoms.losses(probits, fresh.labels) - causes.ideal_losses(distances, s_in_use)
    found = symptoms.skills(excess, causes.ideal_losses(distances, s_in_use), fresh.labels)
    plateau = symptoms.plateau(probits, distances, s_in_use)
    sight = causes.sight(fresh.observations, fresh.latents)
    labels, rate, blur = None, float(np.nan_to_num(plateau)), 0.0
    trained_at, error = training.latents, 0.0
    if trained_at is None:
        trained_at = causes.decoded(fresh.observations, fresh.latents, training.observations)
        error = sight.error
    else:
        labels = causes.label_errors(training.labels, tasks.signed_distances(trained_at))
        rate, blur = labels.rate, labels.blur
    cover = causes.cover(trained_at, fresh.latents, error)
    return Measured(
        tasks.n_tasks,
        tasks.dimension,
        n_steps,
        behaviour.fresh.hidden.shape[-1],
        data.sigma,
        s,
        s_in_use,
        variance,
        causes.directions(tasks, s, variance),
        causes.constant_labels(fresh.labels),
        causes.graded_share(tasks, fresh.latents, s),
        ratio,
        causes.walk(fresh.observations),
        sight,
        labels,
        cover,
        causes.label_cost(distances, s, rate, 0.0),
        causes.label_cost(distances, s, 0.0, blur),
        found,
        symptoms.profile(found),
        symptoms.gain(probits, distances, s_in_use),
        plateau,
        symptoms.units(behaviour.fresh.hidden[:, -1], distances),
        _gap(
            excess,
            behaviour.training.probits[:, -1],
            tasks,
            data,
            s,
            found.total,
            trained_at,
            cover.inside,
        ),
        _unheld(behaviour.fresh.hidden[:, -1], fresh.latents),
        len(np.unique(training.observations[:, -1], axis=0)),
        len(training.labels),
    )


def _unheld(hidden, latents):
    """Return the share of variance along the worst direction that a decoder of states misses."""
    folds = np.arange(len(latents)) % 4
    guesses = left_out_predictions(hidden, latents, folds, penalty=1e-6)
    return causes.worst_share(guesses - latents, latents)


def _gap(excess, probits, tasks, data, s, total, trained_at, inside):
    """Return the mean excess loss of fresh trials minus that of trials of training, over total."""
    training = data.training
    losses = symptoms.losses(probits, training.labels)
    after = excess.mean(axis=1)[inside]
    if len(after) < _FEWEST:
        return Gap(float("nan"), float("nan"))
    # Of decoded positions the side is not known; fresh ones from the same region stand in for them.
    known = training.latents is not None
    where = trained_at if known else data.fresh.latents[inside]
    ideal = causes.ideal_losses(tasks.signed_distances(where), s)
    before = (losses - (ideal if known else ideal.mean(axis=0))).mean(axis=1)
    different = len(np.unique(training.observations[:, -1], axis=0))
    error = (before.var() / different + after.var() / len(after)) ** 0.5
    return Gap(float(after.mean() - before.mean()) / total, float(error) / total)
