"""Observation maps f from a latent state to what is seen, such as f(X(k)) of each reading.

All share one protocol, :class:`ObservationMap`: ``f(x)`` and ``f.jacobian(x)`` for points of any
leading shape, in float32 or float64. Random parameters come from the caller's generator and are
read-only afterwards. :mod:`~trilateration.evidence.maps.diagnostics` says how a map distorts
distances and whether it confuses two points, :func:`invert` goes back.

Injective on ℝ^D: :class:`LinearMap`; :class:`TanhMap`, :class:`ExponentialMap`, :class:`PowerMap`,
:class:`QuadraticMap` with enough features; :class:`PolynomialMap`, :class:`SwirlMap`. Usually,
to be tested with :func:`injectivity`: :class:`ReluMap`, :class:`WaveMap`. While the figure is
in view: :class:`SpriteMap`. Never: :class:`FoldedMap`. :func:`catalogue` has one of each.
"""

from trilateration.evidence.maps._base import ObservationMap
from trilateration.evidence.maps.bent import FoldedMap, PolynomialMap, SwirlMap
from trilateration.evidence.maps.catalogue import CURVED, MAPS, catalogue
from trilateration.evidence.maps.diagnostics import (
    Distortion,
    Injectivity,
    box_points,
    distortion,
    injectivity,
    metric,
    require_injective,
)
from trilateration.evidence.maps.inversion import invert
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

__all__ = [
    "CURVED",
    "MAPS",
    "Distortion",
    "ExponentialMap",
    "FoldedMap",
    "Injectivity",
    "LinearMap",
    "ObservationMap",
    "PolynomialMap",
    "PowerMap",
    "QuadraticMap",
    "ReluMap",
    "SpriteMap",
    "SwirlMap",
    "TanhMap",
    "WaveMap",
    "box_points",
    "catalogue",
    "distortion",
    "injectivity",
    "invert",
    "metric",
    "require_injective",
]
