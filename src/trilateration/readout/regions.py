"""How trials are split: by orthant, as in the paper's generalisation test, or at random."""

import numpy as np
from jaxtyping import Int, Real

from trilateration._checks import check_count, check_generator, check_minimum_ndim


def orthants(latents: Real[np.ndarray, "*batch dimension"]) -> Int[np.ndarray, "*batch"]:
    """Return the orthant of each latent state, Σ_j 2^j 1[x_j > 0]: quadrants 0 to 3 in the plane.

    Parameters
    ----------
    latents
        x*, shape ``(..., dimension)``; with D dimensions there are 2^D orthants.
    """
    latents = np.asarray(latents)
    check_minimum_ndim(latents, 1, "latents", "(..., dimension)")
    return (latents > 0) @ (1 << np.arange(latents.shape[-1]))


def random_groups(
    n_trials: int, n_groups: int, *, rng: np.random.Generator
) -> Int[np.ndarray, " trial"]:
    """Return random groups of equal size (to within one), for in-distribution prediction.

    Parameters
    ----------
    n_trials, n_groups
        Numbers of trials and groups, ≥ 1.
    rng
        Source of all randomness.
    """
    check_count(n_trials, "n_trials")
    check_count(n_groups, "n_groups")
    check_generator(rng)
    return rng.permutation(n_trials) % n_groups
