"""All statistics of one model and its data, computed once."""

from typing import NamedTuple

import numpy as np

from trilateration.geometry.diagnosis import causes, symptoms
from trilateration.geometry.diagnosis.observed import Behaviour, Data
from trilateration.tasks import Boundaries

_WITHIN = 95  # per cent of the trials of training that count as the region they cover
_FEWEST = 30


class Measured(NamedTuple):
    """Statistics from which failures are judged.

    Attributes
    ----------
    n_tasks, dimension, n_steps, n_units
        N, D, t and the width of the hidden state.
    sigma, s
        σ as believed, and σ/√t.
    variance
        Of the positions in use, per axis.
    directions, constant, graded, noise_ratio, walk, sight, labels, shrinkage
        Of :mod:`~trilateration.geometry.diagnosis.causes`; ``labels`` and ``shrinkage`` None if
        positions of training are not known.
    rate_cost, blur_cost
        Information that wrong and blurred labels cost; where positions of training are not known,
        at the rate at which reports level off.
    skills, profile, gain, plateau, units
        Of :mod:`~trilateration.geometry.diagnosis.symptoms`, on fresh trials.
    gap
        Share of information lost on fresh trials, from where training trials are, minus that lost
        on trials of training.
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
    variance: float
    directions: causes.Directions
    constant: float
    graded: float
    noise_ratio: float
    walk: causes.Walk
    sight: causes.Sight
    labels: causes.LabelErrors | None
    shrinkage: np.ndarray | None
    rate_cost: float
    blur_cost: float
    skills: symptoms.Skills
    profile: symptoms.Profile
    gain: float
    plateau: float
    units: symptoms.Units
    gap: float
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
    labels, shrinkage, rate, blur = None, None, np.nan_to_num(plateau), 0.0
    if training.latents is not None:
        labels = causes.label_errors(training.labels, tasks.signed_distances(training.latents))
        shrinkage = causes.shrinkage(training.latents, s)
        rate, blur = labels.rate, labels.blur
    return Measured(
        tasks.n_tasks,
        tasks.dimension,
        n_steps,
        behaviour.fresh.hidden.shape[-1],
        data.sigma,
        s,
        variance,
        causes.directions(tasks, s, variance),
        causes.constant_labels(fresh.labels),
        causes.graded_share(tasks, fresh.latents, s),
        ratio,
        causes.walk(fresh.observations),
        causes.sight(fresh.observations, fresh.latents),
        labels,
        shrinkage,
        causes.label_cost(distances, s, rate, 0.0),
        causes.label_cost(distances, s, 0.0, blur),
        found,
        symptoms.profile(found),
        symptoms.gain(probits, distances, s_in_use),
        plateau,
        symptoms.units(behaviour.fresh.hidden[:, -1], distances),
        _gap(excess, behaviour.training.probits[:, -1], tasks, data, s) / found.total,
        len(np.unique(training.observations[:, -1], axis=0)),
        len(training.labels),
    )


def _gap(excess, probits, tasks, data, s):
    """Return the mean excess loss of fresh trials minus that of trials of training."""
    losses = symptoms.losses(probits, data.training.labels)
    if data.training.latents is None:
        ideal = causes.ideal_losses(tasks.signed_distances(data.fresh.latents), s).mean()
        return float(excess.mean() - (losses.mean() - ideal))
    losses = losses - causes.ideal_losses(tasks.signed_distances(data.training.latents), s)
    # Fresh trials where training had none are no evidence of too few trials.
    centre = data.training.latents.mean(axis=0)
    inverse = np.linalg.pinv(np.atleast_2d(np.cov(data.training.latents.T)))
    far = [
        np.einsum("ij,jk,ik->i", x - centre, inverse, x - centre)
        for x in (data.training.latents, data.fresh.latents)
    ]
    inside = far[1] <= np.percentile(far[0], _WITHIN)
    if inside.sum() < _FEWEST:
        inside[:] = True
    return float(excess[inside].mean() - losses.mean())
