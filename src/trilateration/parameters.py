"""The two parameters that every chapter has: ``seed`` and ``scale``."""

from typing import TypeVar

import numpy as np

from trilateration._checks import check_choice, check_count

__all__ = ["SCALES", "at_scale", "generator"]

SCALES = ("quick", "paper")
Value = TypeVar("Value")


def at_scale(scale: str, *, quick: Value, paper: Value) -> Value:
    """Return the value that a chapter uses at its scale.

    Parameters
    ----------
    scale
        ``"quick"`` (what the site shows, live in continuous integration) or ``"paper"`` (the
        protocol of the paper).
    quick, paper
        The values to choose from, such as two numbers of trials.

    Raises
    ------
    ValueError
        If the scale is neither.
    """
    check_choice(scale, SCALES, "scale")
    return quick if scale == "quick" else paper


def generator(seed: int) -> np.random.Generator:
    """Return the generator from which a chapter draws all its randomness.

    Parameters
    ----------
    seed
        Whole number ≥ 0; the same seed gives the same chapter on the same machine.

    Raises
    ------
    ValueError
        If the seed is not a whole number ≥ 0.
    """
    return np.random.default_rng(check_count(seed, "seed", minimum=0))
