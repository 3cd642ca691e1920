"""What trained networks do on test trials, as NumPy arrays for the rooms that follow."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from trilateration._checks import check_count
from trilateration.networks import Ensemble
from trilateration.training.worlds import Worlds


class Recording(NamedTuple):
    """Networks on test trials.

    Attributes
    ----------
    latents
        x*, shape ``(replicate, trial, dimension)``, in latent units.
    hidden
        Hidden states at the steps asked for, ``(replicate, trial, time, unit)``.
    readouts
        Logits or probits, ``(replicate, trial, time, task)``; 0 for tasks a replicate lacks.
    features
        What the networks saw, ``(replicate, trial, time, feature)``.
    labels
        True labels, ``(replicate, trial, task)``.
    """

    latents: Float[np.ndarray, "replicate trial dimension"]
    hidden: Float[np.ndarray, "replicate trial time unit"]
    readouts: Float[np.ndarray, "replicate trial time task"]
    features: Float[np.ndarray, "replicate trial time feature"]
    labels: Float[np.ndarray, "replicate trial task"]

    @property
    def code(self) -> Float[np.ndarray, "replicate trial unit"]:
        """Hidden states at the last step kept, in the precision that decoders compute in."""
        return self.hidden[:, :, -1].astype(np.float64)


@torch.no_grad()
def record(
    ensemble: Ensemble,
    worlds: Worlds,
    n_trials: int,
    *,
    steps: slice | list[int] = slice(-1, None),
    stream: str = "test",
    latents: np.ndarray | None = None,
) -> Recording:
    """Run networks on trials that training never saw.

    Parameters
    ----------
    ensemble, worlds
        Of the same configurations, such as those of a
        :class:`~trilateration.training.TrainedEnsemble`.
    n_trials
        Trials of each replicate, its own.
    steps
        Steps to keep; by default the last.
    stream
        Name of the trials; another name, other trials.
    latents
        Positions in place of uniform ones, ``(trial, dimension)`` or with a leading replicate axis.
    """
    check_count(n_trials, "n_trials")
    batch = worlds.trials(n_trials, stream=stream, latents=latents)
    noise = worlds.network_noise(n_trials, ensemble.core.width, "trials", stream)
    hidden = ensemble.states(batch.features, worlds.protocol.cue_steps, noise)
    readouts = ensemble.heads(hidden, ensemble.core.dtype)
    kept = (x[:, steps].transpose(1, 2) for x in (hidden, readouts, batch.features))
    hidden, readouts, features = (x.contiguous().cpu().numpy() for x in kept)
    return Recording(
        batch.latents.cpu().numpy(), hidden, readouts, features, batch.labels.cpu().numpy()
    )
