"""The maps that the book compares."""

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


def catalogue(rng: np.random.Generator) -> dict[str, ObservationMap]:
    """Return the planar maps of the book by name, the last of which is not injective.

    Parameters
    ----------
    rng
        Source of all randomness; every map draws from a stream of its own.
    """
    check_generator(rng)
    makers = {
        "linear": lambda rng: LinearMap(2, rng=rng),
        "ReLU network": lambda rng: ReluMap(2, rng=rng),
        "tanh": lambda rng: TanhMap(2, rng=rng),
        "quadratic": lambda rng: QuadraticMap(2, rng=rng),
        "exponential": lambda rng: ExponentialMap(2, rng=rng),
        "3 exponentials": lambda rng: ExponentialMap(2, 3, gain=4.0, rng=rng),
        "power law": lambda rng: PowerMap(2, rng=rng),
        "sprite": lambda rng: SpriteMap(2),
        "polynomial": lambda rng: PolynomialMap(2, rng=rng),
        "swirl": lambda rng: SwirlMap(2, rng=rng),
        "waves": lambda rng: WaveMap(2, frequency=6.0, rng=rng),
        "folded": lambda rng: FoldedMap(2, rng=rng),
    }
    streams = rng.spawn(len(makers))
    return {
        name: make(stream) for (name, make), stream in zip(makers.items(), streams, strict=True)
    }
