"""What a diagnosis is made from: trials of training and fresh ones, and what the model did."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import check_binary, check_finite, check_positive
from trilateration.tasks import Boundaries

_FEWEST_FRESH = 200
_LARGEST = 100.0


class Trials(NamedTuple):
    """Trials of one kind.

    Attributes
    ----------
    observations
        What the model saw at each step, shape ``(trial, time, feature)``.
    labels
        0 or 1, ``(trial, task)``: those of training as the model was given them, right or wrong;
        those of fresh trials as they truly are.
    latents
        x*, ``(trial, dimension)``, in latent units; where it moves, that of the last step.
    """

    observations: Real[np.ndarray, "trial time feature"]
    labels: Real[np.ndarray, "trial task"]
    latents: Real[np.ndarray, "trial dimension"] | None


class Data(NamedTuple):
    """What a practitioner has beside the model.

    Attributes
    ----------
    training
        All trials of training, or a sample of them; with latents, or None in their place.
    fresh
        Trials that training never saw, of the kind on which the model is used, with latents; at
        least 200.
    sigma
        What is believed of σ > 0, the noise of one reading in training, in latent units.
    """

    training: Trials
    fresh: Trials
    sigma: Scalar


class Answers(NamedTuple):
    """What a model did on trials.

    Attributes
    ----------
    probits
        Φ⁻¹ of its reports, shape ``(trial, time, task)``; see
        :func:`~trilateration.readout.reported_probits` for readouts of a logistic head.
    hidden
        Its hidden states, ``(trial, time, unit)``.
    """

    probits: Float[np.ndarray, "trial time task"]
    hidden: Float[np.ndarray, "trial time unit"]


class Behaviour(NamedTuple):
    """What a model did on the trials of training and on the fresh ones."""

    training: Answers
    fresh: Answers


Model = Behaviour | Callable[[np.ndarray], Answers]


def checked(model: Model, tasks: Boundaries, data: Data) -> tuple[Behaviour, Data]:
    """Return behaviour and data as floating point, or say what is wrong with them.

    Raises
    ------
    ValueError
        As :func:`~trilateration.geometry.diagnose` says.
    """
    if not isinstance(tasks, Boundaries):
        raise ValueError(f"tasks must be flat Boundaries, got {type(tasks).__name__}")
    check_positive(data.sigma, "data.sigma")
    if data.fresh.latents is None:
        raise ValueError("data.fresh must have latents, got None")
    if len(data.fresh.labels) < _FEWEST_FRESH:
        raise ValueError(
            f"data.fresh must have at least {_FEWEST_FRESH} trials, got {len(data.fresh.labels)}"
        )
    parts = [
        _trials(trials, tasks, f"data.{name}")
        for name, trials in (("training", data.training), ("fresh", data.fresh))
    ]
    if callable(model):
        model = Behaviour(*(model(trials.observations) for trials in parts))
    answers = [
        _answers(own, trials, tasks, f"model.{name}")
        for own, trials, name in zip(model, parts, Behaviour._fields, strict=True)
    ]
    return Behaviour(*answers), Data(*parts, float(data.sigma))


def _trials(trials, tasks, name):
    observations = as_floating(trials.observations, f"{name}.observations")
    labels = np.asarray(trials.labels)
    if observations.ndim != 3 or 0 in observations.shape:
        raise ValueError(
            f"{name}.observations must have shape (trial, time, feature) with no empty axis, got "
            f"{observations.shape}"
        )
    _require(labels, (len(observations), tasks.n_tasks), f"{name}.labels", "(trial, task)")
    check_binary(labels, f"{name}.labels")
    check_finite(observations, f"{name}.observations")
    latents = trials.latents
    if latents is not None:
        latents = as_floating(latents, f"{name}.latents").astype(float)
        wanted = (len(observations), tasks.dimension)
        _require(latents, wanted, f"{name}.latents", "(trial, dimension)")
        check_finite(latents, f"{name}.latents")
    return Trials(observations, labels.astype(float), latents)


def _answers(answers, trials, tasks, name):
    probits = as_floating(answers.probits, f"{name}.probits").astype(float)
    hidden = as_floating(answers.hidden, f"{name}.hidden").astype(float)
    n_trials, n_steps = trials.observations.shape[:2]
    wanted = (n_trials, n_steps, tasks.n_tasks)
    _require(probits, wanted, f"{name}.probits", "(trial, time, task)")
    wanted = (n_trials, n_steps, hidden.shape[-1] if hidden.ndim == 3 else 0)
    _require(hidden, wanted, f"{name}.hidden", "(trial, time, unit)")
    check_finite(hidden, f"{name}.hidden")
    if np.isnan(probits).any():
        raise ValueError(f"{name}.probits must not be NaN, got {int(np.isnan(probits).sum())}")
    # Reports that have saturated would cost an infinite loss.
    return Answers(np.clip(probits, -_LARGEST, _LARGEST), hidden)


def _require(array, shape, name, axes):
    if array.shape != shape:
        raise ValueError(f"{name} must have axes {axes} of shape {shape}, got {array.shape}")
