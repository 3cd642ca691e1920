"""What every measure of a representation asks of its input."""

import numpy as np

from trilateration._arrays import as_floating
from trilateration._checks import check_finite


def checked_code(codes, name="codes"):
    """Return a code as float64, shape ``(trial, unit)``: finite, and not the same on all trials."""
    codes = as_floating(codes, name).astype(np.float64, copy=False)
    if codes.ndim != 2 or len(codes) < 4:
        raise ValueError(
            f"{name} must have shape (trial, unit) with at least 4 trials, got {codes.shape}"
        )
    check_finite(codes, name)
    if not np.ptp(codes, axis=0).any():
        raise ValueError(f"{name} must differ between trials, got the same code on all")
    return codes


def paired(codes, latents):
    """Return codes and latents of the same trials; every latent varies."""
    codes = checked_code(codes)
    latents = as_floating(latents, "latents").astype(np.float64, copy=False)
    if latents.ndim != 2 or len(latents) != len(codes):
        raise ValueError(
            f"latents must have shape (trial, dimension) with {len(codes)} trials as codes, "
            f"got {latents.shape}"
        )
    check_finite(latents, "latents")
    still = np.flatnonzero(np.ptp(latents, axis=0) == 0)
    if len(still):
        raise ValueError(f"latents must vary in every dimension, got a constant one, {still[0]}")
    return codes, latents


def same_trials(first, second):
    """Return two codes of the same trials."""
    first, second = checked_code(first, "first"), checked_code(second, "second")
    if len(first) != len(second):
        raise ValueError(
            "first and second must be of the same trials, "
            f"got {len(first)} and {len(second)} trials"
        )
    return first, second
