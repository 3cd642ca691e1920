"""What a practitioner can see of networks that fail, and of those that do not."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trilateration._checks import check_count
from trilateration.geometry.wrong import unflipped_reports
from trilateration.observer import log_loss, normal_cdf, normal_quantile
from trilateration.parameters import generator
from trilateration.readout import code_scores, fit_linear, reported_probits
from trilateration.training import TrainedEnsemble, record

SYMPTOMS = (
    "accuracy", "first", "last", "gap", "slope", "ceiling", "balance", "r2", "hidden_r2", "minor",
)  # fmt: skip


# Of the decoder of the least axis: just enough to be safe from parallel tasks.
_PENALTY = 1e-4
# Probits of reports of 0 and 1 in double precision, and the least report kept.
_FAR, _LEAST = 8.0, 1e-15


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


def renewed_heads(trained: TrainedEnsemble, task: int = 0, n_trials: int = 2000) -> pd.DataFrame:
    """Give one task a new head on hidden states that stay as they are.

    The head is a logistic regression, by scikit-learn with its penalty of 1 on standardised units,
    on half of the fresh trials. Both heads are scored on the other half.

    Parameters
    ----------
    trained
        Networks.
    task
        Index of a task that all of them have.
    n_trials
        Fresh trials of each network, ≥ 200.

    Returns
    -------
    pandas.DataFrame
        One row a network: ``seed``, and the share of right decisions with the head of training,
        ``old``, and with the ``new`` one.

    Raises
    ------
    ValueError
        If a network lacks the task.
    """
    check_count(n_trials, "n_trials", minimum=200)
    check_count(task, "task", minimum=0)
    fewest = min(own.n_tasks for own in trained.configurations)
    if task >= fewest:
        raise ValueError(f"task must be less than {fewest}, the fewest tasks, got {task}")
    fresh = record(trained.ensemble, trained.worlds, n_trials)
    half = n_trials // 2
    rows = []
    for replicate, own in enumerate(trained.configurations):
        labels = fresh.labels[replicate, :, task] > 0.5
        head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        code = fresh.code[replicate]
        new = head.fit(code[:half], labels[:half]).predict(code[half:])
        old = fresh.readouts[replicate, half:, -1, task] > 0
        right = [float((said == labels[half:]).mean()) for said in (old, new)]
        rows.append({"seed": own.seed, "old": right[0], "new": right[1]})
    return pd.DataFrame(rows)


def flips_taken_out(trained: TrainedEnsemble, n_trials: int = 2000) -> pd.DataFrame:
    """Score positions from reports as they are, and with the wrong labels of training taken out.

    Affine decoders of probits, scored in quadrants that they have not seen; the share of wrong
    labels is that of each configuration. Probits are kept within ± 8.

    Parameters
    ----------
    trained
        Networks in two dimensions or more.
    n_trials
        Fresh trials of each network, ≥ 200.

    Returns
    -------
    pandas.DataFrame
        One row a network: ``seed``; r² from reports as they are, ``old``, and mended, ``new``; and
        ``beyond``, the share of reports below ε or above 1 − ε, which become 0 or 1.
    """
    check_count(n_trials, "n_trials", minimum=200)
    fresh = record(trained.ensemble, trained.worlds, n_trials)
    rows = []
    for replicate, own in enumerate(trained.configurations):
        probits = reported_probits(fresh.readouts[replicate, :, -1, : own.n_tasks], own.head)
        probits = np.clip(probits, -_FAR, _FAR)
        mended = unflipped_reports(normal_cdf(probits), own.label_noise)
        mended = np.clip(normal_quantile(np.clip(mended, _LEAST, 1 - _LEAST)), -_FAR, _FAR)
        scores = [
            code_scores(
                code,
                fresh.latents[replicate].astype(float),
                rng=generator(own.seed, "flips taken out"),
            ).outside.value
            for code in (probits, mended)
        ]
        beyond = np.abs(normal_cdf(probits) - 0.5) > 0.5 - own.label_noise
        rows.append(
            {"seed": own.seed, "old": scores[0], "new": scores[1], "beyond": float(beyond.mean())}
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
