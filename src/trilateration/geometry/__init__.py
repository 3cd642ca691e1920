"""The shape of what networks do: their dynamics under constant input, and where it is slow.

:class:`RateDynamics` is one step of trained rate networks with the input held still;
:func:`slow_points` finds where it hardly moves and :func:`attractors` where it ends;
:func:`spectra` and :func:`time_constants` say how fast it returns there. :func:`rest` runs networks
on after the stimulus has stopped. :func:`hold_by_hand` sets weights so that a state holds the
evidence. In other worlds than the paper's, :func:`codes_of` sets networks beside the ideal observer
of their own trials (:func:`ideal_probits`), and :func:`world_scores` decodes both. This room needs
the extra ``networks`` (torch).
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
from trilateration.geometry.predictions import (
    exact_reports_score,
    grid_probits,
    ideal_probits,
    probit_slopes,
    sufficient_mean,
)
from trilateration.geometry.relaxation import (
    PrincipalAxes,
    Relaxation,
    principal_axes,
    rest,
)
from trilateration.geometry.worlds import (
    CODES,
    Codes,
    Leak,
    ProbitPaths,
    codes_of,
    measured_slopes,
    paired,
    probit_paths,
    state_gain,
    summary,
    symmetry_leak,
    timing_scores,
    world_scores,
)

__all__ = [
    "CODES",
    "Attractors",
    "Codes",
    "Leak",
    "PrincipalAxes",
    "ProbitPaths",
    "RateDynamics",
    "Relaxation",
    "SlowPoints",
    "attractors",
    "codes_of",
    "distinct_points",
    "exact_reports_score",
    "grid_probits",
    "hold_by_hand",
    "ideal_probits",
    "measured_slopes",
    "paired",
    "principal_axes",
    "probit_paths",
    "probit_slopes",
    "rest",
    "slow_points",
    "spectra",
    "state_gain",
    "sufficient_mean",
    "summary",
    "symmetry_leak",
    "time_constants",
    "timing_scores",
    "world_scores",
]
