"""What networks keep after the stimulus has stopped, and the axes along which they move."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from trilateration._checks import check_count
from trilateration.networks import Ensemble
from trilateration.training import Worlds


class Relaxation(NamedTuple):
    """Networks during a trial and after it.

    Attributes
    ----------
    latents
        x*, shape ``(replicate, trial, dimension)``.
    hidden
        Hidden states, ``(replicate, trial, time, unit)``: the steps of the trial, then those at
        rest.
    """

    latents: Float[np.ndarray, "replicate trial dimension"]
    hidden: Float[np.ndarray, "replicate trial time unit"]


class PrincipalAxes(NamedTuple):
    """The directions in which the states of one network vary most.

    Attributes
    ----------
    mean
        Shape ``(unit,)``.
    axes
        Orthonormal, ``(axis, unit)``; the largest entry of each is positive.
    shares
        Share of the variance along each, ``(axis,)``.
    """

    mean: Float[np.ndarray, " unit"]
    axes: Float[np.ndarray, "axis unit"]
    shares: Float[np.ndarray, " axis"]


@torch.no_grad()
def rest(
    ensemble: Ensemble,
    worlds: Worlds,
    n_trials: int,
    n_rest: int,
    *,
    stream: str = "rest",
    latents: np.ndarray | None = None,
    noiseless: bool = False,
) -> Relaxation:
    """Run networks through a trial and then for ``n_rest`` steps on the features of the origin.

    f(0) is what the authors' networks see when there is no stimulus. To an observer it is evidence
    for the origin, so even an ideal one that takes it for such would drift there, as t/(t + k).

    Parameters
    ----------
    ensemble, worlds
        Of the same configurations, without a fixation channel.
    n_trials, n_rest
        Numbers of trials and of steps at rest, ≥ 1.
    stream, latents
        As in :meth:`~trilateration.training.Worlds.trials`.
    noiseless
        Show f(x*) at every step of the trial in place of f(X).

    Raises
    ------
    ValueError
        If the networks have a fixation channel, or a number is below 1.
    """
    check_count(n_rest, "n_rest")
    if worlds.protocol.has_fixation_channel:
        raise ValueError(
            "worlds must be of a protocol without fixation and decision steps, "
            f"got {worlds.protocol.name!r}"
        )
    batch = worlds.trials(n_trials, stream=stream, latents=latents)
    features = batch.features
    if noiseless:
        features = worlds.observe(batch.latents)[:, None].expand(-1, features.shape[1], -1, -1)
    origin = worlds.observe(torch.zeros_like(batch.latents))[:, None]
    features = torch.cat([features, origin.expand(-1, n_rest, -1, -1)], dim=1)
    hidden = ensemble.states(features.contiguous(), 0)
    return Relaxation(batch.latents.cpu().numpy(), hidden.transpose(1, 2).cpu().numpy())


def principal_axes(states: Float[np.ndarray, "*batch unit"], n_axes: int) -> PrincipalAxes:
    """Return the principal axes of the states of one network.

    Parameters
    ----------
    states
        Shape ``(..., unit)``.
    n_axes
        How many axes to return, ≥ 1.

    Raises
    ------
    ValueError
        If the number of axes is not positive.
    """
    check_count(n_axes, "n_axes")
    flat = states.reshape(-1, states.shape[-1]).astype(float)
    mean = flat.mean(axis=0)
    _, singular, axes = np.linalg.svd(flat - mean, full_matrices=False)
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    shares = singular**2 / (singular**2).sum()
    return PrincipalAxes(mean, (axes * np.sign(largest))[:n_axes], shares[:n_axes])
