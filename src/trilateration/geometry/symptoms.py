"""What a practitioner can see of networks that fail, and of those that do not."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from trilateration._checks import check_count
from trilateration.observer import log_loss, normal_cdf
from trilateration.parameters import generator
from trilateration.readout import code_scores, fit_linear, reported_probits
from trilateration.training import TrainedEnsemble, record

SYMPTOMS = (
    "accuracy", "first", "last", "gap", "slope", "ceiling", "balance", "r2", "hidden_r2", "minor",
)  # fmt: skip


# Of the decoder of the least axis: just enough to be safe from parallel tasks.
_PENALTY = 1e-4


def network_symptoms(trained: TrainedEnsemble, n_trials: int = 1000) -> pd.DataFrame:
    """Return what a practitioner can see of each network on fresh trials, with true labels.

    Parameters
    ----------
    trained
        Networks in two dimensions or more.
    n_trials
        Trials of each network, ≥ 200.

    Returns
    -------
    pandas.DataFrame
        One row a network: ``accuracy``, share of right decisions, over all tasks; ``first`` and
        ``last``, of the first and the last task alone; ``gap``, log loss on fresh trials less that
        on the trials of training, in nats; ``slope``, of the probit against the distance of x* in
        standard errors, near the boundaries, 1 if calibrated; ``ceiling``, mean stated confidence
        more than four standard errors away; ``balance``, mean share of the rarer label; ``r2``
        and ``hidden_r2``, position decoded from reports and from hidden units, in distribution;
        ``minor``, r² from reports along the axis of the latent space on which it is least.
    """
    check_count(n_trials, "n_trials", minimum=200)
    fresh = record(trained.ensemble, trained.worlds, n_trials)
    seen, seen_labels = _as_trained(trained, n_trials)
    rows = []
    for replicate, own in enumerate(trained.configurations):
        tasks = slice(own.n_tasks)
        probits = reported_probits(fresh.readouts[replicate, :, -1, tasks], own.head)
        labels = fresh.labels[replicate, :, tasks]
        latents = fresh.latents[replicate].astype(float)
        losses = [
            float(log_loss(np.clip(normal_cdf(z), 1e-12, 1 - 1e-12), y).mean())
            for z, y in (
                (probits, labels),
                (reported_probits(seen[replicate, :, tasks], own.head),
                 seen_labels[replicate, :, tasks]),
            )
        ]  # fmt: skip
        u = trained.worlds.boundaries[replicate].signed_distances(latents)
        u = u * np.sqrt(own.protocol.stimulus_steps) / own.sigma
        right = ((probits > 0) == (labels > 0.5)).mean(axis=0)
        rng = generator(own.seed, "symptoms")
        rows.append(
            {
                "seed": own.seed,
                "accuracy": right.mean(),
                "first": right[0],
                "last": right[-1],
                "gap": losses[0] - losses[1],
                "slope": _slope(probits, u),
                "ceiling": _confidence(probits, u),
                "balance": float(np.minimum(labels.mean(axis=0), 1 - labels.mean(axis=0)).mean()),
                "r2": code_scores(probits, latents, rng=rng).inside.value,
                "hidden_r2": code_scores(fresh.code[replicate], latents, rng=rng).inside.value,
                "minor": _least_axis(probits, latents),
            }
        )
    return pd.DataFrame(rows)


def signatures(
    symptoms: pd.DataFrame, faults: Sequence[str] | np.ndarray, healthy: str
) -> pd.DataFrame:
    """Return how far each fault moves each symptom, in standard deviations of healthy networks.

    Parameters
    ----------
    symptoms
        Of :func:`network_symptoms`, one row a network.
    faults
        What each row has, one name a row.
    healthy
        The name of those that have none; at least three rows.

    Returns
    -------
    pandas.DataFrame
        One row a fault, one column a symptom.

    Raises
    ------
    ValueError
        If there are fewer than three healthy rows, or faults are not one a row.
    """
    names = np.asarray(faults)
    if len(names) != len(symptoms):
        raise ValueError(f"faults must name {len(symptoms)} rows, got {len(names)}")
    base = symptoms.loc[names == healthy, list(SYMPTOMS)]
    if len(base) < 3:
        raise ValueError(f"healthy must name at least 3 rows, got {len(base)} of {healthy!r}")
    spread = base.std(ddof=1).clip(lower=1e-3)
    means = symptoms[list(SYMPTOMS)].groupby(names, sort=False).mean()
    return (means.drop(index=healthy) - base.mean()) / spread


def _as_trained(trained, n_trials):
    worlds = trained.worlds
    batch = worlds.trials(n_trials, stream="as trained", as_trained=True)
    with torch.no_grad():
        noise = worlds.network_noise(n_trials, trained.ensemble.core.width, "as trained")
        states = trained.ensemble.states(batch.features, worlds.protocol.cue_steps, noise)
        readouts = trained.ensemble.heads(states[:, -1:], trained.ensemble.core.dtype)
    return readouts[:, 0].cpu().numpy(), batch.labels.cpu().numpy()


def _slope(probits, u):
    near = np.abs(u) < 2
    if not near.any():
        return 0.0
    # u of the mean is that of x* and independent noise, so the slope of a calibrated probit is 1.
    return float((probits * u * near).sum() / (u**2 * near).sum())


def _confidence(probits, u):
    far = np.abs(u) > 4
    return float(normal_cdf(np.abs(probits[far])).mean()) if far.any() else np.nan


def _least_axis(probits, latents):
    half = len(latents) // 2
    decoder = fit_linear(probits[:half], latents[:half], penalty=_PENALTY)
    off = decoder.predict(probits[half:]) - latents[half:]
    # The axis is that of the largest error, in any direction of the latent space.
    worst = np.linalg.eigvalsh(off.T @ off / len(off))[-1]
    return float(1 - 12 * worst)
