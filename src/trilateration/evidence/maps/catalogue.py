"""The maps that the book compares."""

from collections.abc import Callable

import numpy as np

from trilateration._checks import check_generator
from trilateration.evidence.maps._base import ObservationMap
from trilateration.evidence.maps.bent import FoldedMap, PolynomialMap, SwirlMap
from trilateration.evidence.maps.projections import (
    ExponentialMap,
    LinearMap,
    PowerMap,
    QuadraticMap,
    TanhMap,
    WaveMap,
)
from trilateration.evidence.maps.relu import ReluMap
from trilateration.evidence.maps.sprites import SpriteMap

# Injective, but a linear decoder of raw observations fails on them out of distribution.
CURVED = ("polynomial", "swirl", "waves")

# How each map is made of a dimension and a generator. The last is not injective.
MAPS: dict[str, Callable[[int, np.random.Generator], ObservationMap]] = {
    "linear": lambda dimension, rng: LinearMap(dimension, rng=rng),
    "tanh": lambda dimension, rng: TanhMap(dimension, rng=rng),
    "quadratic": lambda dimension, rng: QuadraticMap(dimension, rng=rng),
    "exponential": lambda dimension, rng: ExponentialMap(dimension, rng=rng),
    "3 exponentials": lambda dimension, rng: ExponentialMap(dimension, 3, gain=4.0, rng=rng),
    "power law": lambda dimension, rng: PowerMap(dimension, rng=rng),
    "sprite": lambda dimension, rng: SpriteMap(dimension),
    "polynomial": lambda dimension, rng: PolynomialMap(dimension, rng=rng),
    "swirl": lambda dimension, rng: SwirlMap(dimension, rng=rng),
    "waves": lambda dimension, rng: WaveMap(dimension, frequency=6.0, rng=rng),
    "folded": lambda dimension, rng: FoldedMap(dimension, rng=rng),
}


def catalogue(rng: np.random.Generator) -> dict[str, ObservationMap]:
    """Return the planar maps of the book by name, the last of which is not injective.

    Parameters
    ----------
    rng
        Source of all randomness; every map draws from a stream of its own.
    """
    check_generator(rng)
    makers = {
        "linear": MAPS["linear"],
        "ReLU network": lambda dimension, rng: ReluMap(dimension, rng=rng),
        **{name: make for name, make in MAPS.items() if name != "linear"},
    }
    streams = rng.spawn(len(makers))
    return {
        name: make(2, stream) for (name, make), stream in zip(makers.items(), streams, strict=True)
    }
