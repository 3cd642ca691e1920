"""The two parameters that every chapter has: ``seed`` and ``scale``."""

import zlib
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


def generator(seed: int, *stream: str) -> np.random.Generator:
    """Return a generator for a chapter, or for one named part of it.

    Generators of different names are independent, and none depends on what was drawn from another:
    a cell that makes its own draws the same numbers whatever ran before it.

    Parameters
    ----------
    seed
        Whole number ≥ 0; the same seed gives the same chapter on the same machine.
    *stream
        Names of the part, such as ``"calibration"``; none for the chapter as a whole.

    Raises
    ------
    ValueError
        If the seed is not a whole number ≥ 0.
    """
    seed = check_count(seed, "seed", minimum=0)
    # A checksum, not hash(): the same name is the same stream in every process.
    key = tuple(zlib.crc32(name.encode()) for name in stream)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
