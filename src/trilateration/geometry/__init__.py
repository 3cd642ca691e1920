"""The shape of what networks do: their dynamics under constant input, and where it is slow.

:class:`RateDynamics` is one step of trained rate networks with the input held still;
:func:`slow_points` finds where it hardly moves and :func:`attractors` where it ends;
:func:`spectra` and :func:`time_constants` say how fast it returns there. :func:`rest` runs networks
on after the stimulus has stopped. :func:`hold_by_hand` sets weights so that a state holds the
evidence. This room needs the extra ``networks`` (torch).
"""

from trilateration.geometry.by_hand import hold_by_hand
from trilateration.geometry.dynamics import RateDynamics, spectra, time_constants
from trilateration.geometry.points import (
    Attractors,
    SlowPoints,
    attractors,
    distinct_points,
    slow_points,
)
from trilateration.geometry.relaxation import (
    PrincipalAxes,
    Relaxation,
    principal_axes,
    rest,
)

__all__ = [
    "Attractors",
    "PrincipalAxes",
    "RateDynamics",
    "Relaxation",
    "SlowPoints",
    "attractors",
    "distinct_points",
    "hold_by_hand",
    "principal_axes",
    "rest",
    "slow_points",
    "spectra",
    "time_constants",
]
