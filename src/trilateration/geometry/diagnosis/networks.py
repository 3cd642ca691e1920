"""Trained ensembles, seen as a practitioner sees a model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from trilateration._arrays import Scalar
from trilateration._checks import check_count
from trilateration.geometry.diagnosis.observed import Answers, Behaviour, Data, Trials
from trilateration.readout import reported_probits
from trilateration.tasks import Boundaries
from trilateration.training import TrainedEnsemble, Worlds


class SeenCase(NamedTuple):
    """What :func:`~trilateration.geometry.diagnose` is given of one network.

    Attributes
    ----------
    model
        What it did on the trials of ``data``.
    tasks
        Its boundaries.
    data
        Trials as it was trained on, fresh ones, and σ of training, which is believed.
    """

    model: Behaviour
    tasks: Boundaries
    data: Data


@torch.no_grad()
def seen_cases(
    trained: TrainedEnsemble,
    n_trials: int = 800,
    *,
    sigma_of_use: Scalar | Sequence[Scalar] | None = None,
    stream: str = "diagnosis",
) -> Iterator[SeenCase]:
    """Yield what a practitioner has of each network of an ensemble.

    Parameters
    ----------
    trained
        Networks on flat boundaries, whose trials have no steps before or after the evidence.
    n_trials
        Trials of training, and fresh ones, ≥ 200. With a pool the trials of training are drawn from
        it.
    sigma_of_use
        σ of the fresh trials, one number or one a network; by default that of training.
    stream
        Name of the trials.

    Raises
    ------
    ValueError
        If boundaries are curved, trials have other steps, or a number is not allowed.
    """
    check_count(n_trials, "n_trials", minimum=200)
    worlds = trained.worlds
    if worlds.protocol.n_steps != worlds.protocol.stimulus_steps:
        raise ValueError(
            "protocol must have no steps before or after the evidence, got "
            f"{worlds.protocol.name!r}"
        )
    n = len(trained.configurations)
    sigmas = [c.sigma for c in trained.configurations] if sigma_of_use is None else sigma_of_use
    sigmas = np.broadcast_to(np.asarray(sigmas, float), (n,))
    # Of other names, or the evidence of both would be the same.
    before = worlds.trials(n_trials, stream=f"{stream}, training", as_trained=True)
    after = _fresh(worlds, n_trials, sigmas, stream)
    answers = [_run(trained, batch, n_trials, stream) for batch in (before, after)]
    for replicate, (own, tasks) in enumerate(
        zip(trained.configurations, worlds.boundaries, strict=True)
    ):
        trials, behaviour = [], []
        for batch, (readouts, hidden) in zip((before, after), answers, strict=True):
            trials.append(
                Trials(
                    batch.features[replicate].transpose(0, 1).cpu().numpy(),
                    batch.labels[replicate, :, : own.n_tasks].cpu().numpy(),
                    batch.latents[replicate].cpu().numpy(),
                )
            )
            probits = reported_probits(readouts[replicate, ..., : own.n_tasks], own.head)
            behaviour.append(Answers(probits, hidden[replicate]))
        yield SeenCase(Behaviour(*behaviour), tasks, Data(*trials, own.sigma))


def _fresh(worlds, n_trials, sigmas, stream):
    """Return fresh trials, each replicate with its own noise."""
    if np.array_equal(sigmas, worlds.sigmas):
        return worlds.trials(n_trials, stream=stream)
    pairs = zip(worlds.configurations, sigmas, strict=True)
    changed = [replace(own, sigma=float(sigma)) for own, sigma in pairs]
    return Worlds(changed, worlds.device).trials(n_trials, stream=stream)


def _run(trained, batch, n_trials, stream):
    """Return readouts and hidden states as arrays, trial before time."""
    ensemble, worlds = trained.ensemble, trained.worlds
    noise = worlds.network_noise(n_trials, ensemble.core.width, "trials", stream)
    hidden = ensemble.states(batch.features, worlds.protocol.cue_steps, noise)
    readouts = ensemble.heads(hidden, ensemble.core.dtype)
    return tuple(x.transpose(1, 2).cpu().numpy() for x in (readouts, hidden))
