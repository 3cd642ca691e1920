"""Latent positions and the noisy evidence about them.

A trial has a latent position x* and gives evidence X(k) = x* + σ ε_k at steps k = 1..t.
Axes are named in words: ``(..., time, dimension)`` for evidence, ``(..., dimension)`` for points;
the usual leading axis is the trial. Positions and noise share one arbitrary length unit, in which
the box of latent positions is [−½, ½]^D. What an agent sees of a reading may be a map of it: see
:mod:`trilateration.evidence.maps`.
"""

from trilateration.evidence import maps
from trilateration.evidence.noise import (
    AnisotropicNoise,
    AutoregressiveNoise,
    GaussianNoise,
    GumbelNoise,
    LaplaceNoise,
    NoiseModel,
    StateDependentNoise,
    StudentNoise,
)
from trilateration.evidence.streams import (
    correlate,
    observe,
    running_mean,
    sample_means,
    standard_error,
    uniform_latents,
    validate_evidence,
)

__all__ = [
    "AnisotropicNoise",
    "AutoregressiveNoise",
    "GaussianNoise",
    "GumbelNoise",
    "LaplaceNoise",
    "NoiseModel",
    "StateDependentNoise",
    "StudentNoise",
    "correlate",
    "maps",
    "observe",
    "running_mean",
    "sample_means",
    "standard_error",
    "uniform_latents",
    "validate_evidence",
]
