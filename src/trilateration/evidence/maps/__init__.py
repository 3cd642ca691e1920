"""Observation maps f from a latent state to what is seen, such as f(X(k)) of each reading.

All share one protocol, :class:`ObservationMap`: ``f(x)`` and ``f.jacobian(x)`` for points of any
leading shape, in float32 or float64. Random parameters come from the caller's generator and are
read-only afterwards. :mod:`~trilateration.evidence.maps.diagnostics` says how a map distorts
distances and whether it confuses two points, :func:`invert` goes back.

=====================  =============================================  ==================
map                    f                                              injective
=====================  =============================================  ==================
:class:`LinearMap`     isometric embedding                            on ℝ^D
:class:`ReluMap`       random ReLU network, the paper's encoder       almost surely, test
:class:`TanhMap`       tanh of random projections                     on ℝ^D
:class:`QuadraticMap`  squares of random affine functions             on ℝ^D
:class:`ExponentialMap`  exponentials of random projections           on ℝ^D
:class:`PowerMap`      signed powers of random projections            on ℝ^D
:class:`PolynomialMap` polynomial shears, one after the other         on ℝ^D
:class:`SwirlMap`      rotation by an angle that grows with the radius  on ℝ^D
:class:`WaveMap`       sines of random affine functions               almost surely, test
:class:`SpriteMap`     pixels of a drawn figure                       while it is in view
:class:`FoldedMap`     the first axis folded                          never
=====================  =============================================  ==================
"""

from trilateration.evidence.maps._base import ObservationMap
from trilateration.evidence.maps.bent import FoldedMap, PolynomialMap, SwirlMap
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
    "distortion",
    "injectivity",
    "invert",
    "metric",
    "require_injective",
]
