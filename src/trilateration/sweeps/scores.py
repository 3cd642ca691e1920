"""The default measure of a sweep: how well position can be read, and decisions made."""

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int

from trilateration._checks import check_count
from trilateration.parameters import generator
from trilateration.readout import (
    PENALTIES,
    choose_penalty,
    fit_linear,
    left_out_predictions,
    orthants,
    prior_r2,
    random_groups,
    within_r2,
)
from trilateration.training import TrainedEnsemble, record

_FOLDS = 5


def decoding_scores(trained: TrainedEnsemble, n_trials: int = 2000) -> pd.DataFrame:
    """Return how well position is decoded from each network's last hidden state.

    Decoders are ridge in closed form, the penalty chosen on training trials only. Out of
    distribution means: trained on all quadrants but one, tested on that one; with more than two
    dimensions quadrants are the four groups by the signs of the first two coordinates, with one
    dimension the two halves.

    Parameters
    ----------
    trained
        Networks, none of them diverged.
    n_trials
        Test trials of each network.

    Returns
    -------
    pandas.DataFrame
        One row a replicate: ``r2`` (in distribution, five-fold), ``ood_r2`` (mean over the held-out
        quadrants) and ``worst_ood_r2`` (the worst of them), all with the paper's baseline, the
        variance of the box; ``within_r2``, out of distribution with the variance within the
        quadrants as baseline; ``readout_ood_r2``, as ``ood_r2`` but decoded from the readouts z in
        place of the hidden state; ``accuracy``, the share of right decisions at the last step;
        ``decision_loss``, their log loss in nats; ``silent_units``, units that are zero at the last
        step of every trial.
    """
    check_count(n_trials, "n_trials", minimum=100)
    recording = record(trained.ensemble, trained.worlds, n_trials)
    link = trained.ensemble.heads.link
    rows = []
    for replicate, configuration in enumerate(trained.configurations):
        hidden = recording.hidden[replicate, :, -1].astype(np.float64)
        readouts = recording.readouts[replicate, :, -1, : configuration.n_tasks]
        labels = recording.labels[replicate, :, : configuration.n_tasks]
        loss = link.loss(torch.from_numpy(readouts), torch.from_numpy(labels))
        folds = random_groups(n_trials, _FOLDS, rng=generator(configuration.seed, "folds"))
        latents = recording.latents[replicate].astype(np.float64)
        scores = _position_scores(hidden, latents, folds)
        outside = _held_out(readouts.astype(np.float64), latents, orthants(latents[:, :2]), folds)
        scores["readout_ood_r2"] = float(np.mean(_by_quadrant(latents, outside)))
        scores["accuracy"] = float(((readouts > 0) == (labels > 0.5)).mean())
        scores["decision_loss"] = float(loss.double().mean())
        scores["silent_units"] = int((hidden == 0).all(axis=0).sum())
        rows.append(scores)
    return pd.DataFrame(rows)


def _position_scores(
    hidden: Float[np.ndarray, "trial unit"],
    latents: Float[np.ndarray, "trial dimension"],
    folds: Int[np.ndarray, " trial"],
) -> dict:
    inside = left_out_predictions(hidden, latents, folds, penalty=PENALTIES)
    quadrants = orthants(latents[:, :2])
    outside = _held_out(hidden, latents, quadrants, folds)
    each = _by_quadrant(latents, outside)
    return {
        "r2": prior_r2(latents, inside).value,
        "ood_r2": float(np.mean(each)),
        "worst_ood_r2": min(each),
        "within_r2": within_r2(latents, outside, quadrants).value,
    }


def _by_quadrant(latents, outside):
    quadrants = orthants(latents[:, :2])
    return [
        prior_r2(latents[quadrants == q], outside[quadrants == q]).value
        for q in np.unique(quadrants)
    ]


def _held_out(hidden, latents, quadrants, folds):
    if len(np.unique(quadrants)) > 2:
        return left_out_predictions(hidden, latents, quadrants, penalty=PENALTIES)
    # One half is left to train on: its penalty is chosen by random groups of its trials.
    predictions = np.empty(latents.shape)
    for quadrant in np.unique(quadrants):
        out = quadrants == quadrant
        features, targets = hidden[~out], latents[~out]
        penalty = choose_penalty(features, targets, folds[~out])
        predictions[out] = fit_linear(features, targets, penalty=penalty).predict(hidden[out])
    return predictions
