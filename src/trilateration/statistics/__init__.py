"""Comparing networks, with the trained network as the unit.

:func:`paired` checks a table with one row a network and returns cells against seeds. Everything
else takes arrays whose last axis is the unit: bootstrap intervals that draw whole networks again,
aggregates of Agarwal et al. (2021), sign-flip tests and the intervals that invert them, effect
sizes, equivalence tests, the number of tasks a network needs, and a mixed model. A family of
hypotheses is judged as a whole by :func:`judge`. :func:`predicted_median` tells whether somebody
else's figure is one that our networks could have given. This room needs the extra ``statistics``
(statsmodels), which ``networks`` includes; it needs no torch.
"""

try:
    import statsmodels  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "trilateration.statistics needs statsmodels: pip install 'trilateration[statistics]'",
        name="statsmodels",
    ) from error

from trilateration.statistics.aggregates import (
    improvement_of_first,
    interquartile_mean,
    mean_of_interquartile_means,
    paired_improvement,
    performance_profile,
    probability_of_improvement,
)
from trilateration.statistics.bootstrap import (
    Interval,
    bootstrap_interval,
    expanded_confidence,
    over_units,
)
from trilateration.statistics.clustered import (
    FalsePositives,
    design_effect,
    false_positive_rate,
    simulated_false_positives,
)
from trilateration.statistics.effects import Effect, hedges_correction, paired_effect, pairing_ratio
from trilateration.statistics.equivalence import Equivalence, equivalence
from trilateration.statistics.factors import size_of_factor, squared_difference
from trilateration.statistics.families import (
    Equal,
    FewerTasks,
    Higher,
    Judged,
    holm,
    holm_levels,
    judge,
)
from trilateration.statistics.mixed import MixedModel, mixed_model
from trilateration.statistics.needed import Needed, crossing, swap_p, tasks_needed, tasks_ratio
from trilateration.statistics.power import seeds_needed, sign_flip_power, t_power
from trilateration.statistics.rejections import (
    Rate,
    rejection_rate,
)
from trilateration.statistics.replication import PredictedMedian, predicted_median
from trilateration.statistics.signflips import (
    EXACT_UNITS,
    least_p,
    sign_flip_interval,
    sign_flip_p,
)
from trilateration.statistics.tables import FACTORS, PairedScores, paired

__all__ = [
    "EXACT_UNITS",
    "FACTORS",
    "Effect",
    "Equal",
    "Equivalence",
    "FalsePositives",
    "FewerTasks",
    "Higher",
    "Interval",
    "Judged",
    "MixedModel",
    "Needed",
    "PairedScores",
    "PredictedMedian",
    "Rate",
    "bootstrap_interval",
    "crossing",
    "design_effect",
    "equivalence",
    "expanded_confidence",
    "false_positive_rate",
    "hedges_correction",
    "holm",
    "holm_levels",
    "improvement_of_first",
    "interquartile_mean",
    "judge",
    "least_p",
    "mean_of_interquartile_means",
    "mixed_model",
    "over_units",
    "paired",
    "paired_effect",
    "paired_improvement",
    "pairing_ratio",
    "performance_profile",
    "predicted_median",
    "probability_of_improvement",
    "rejection_rate",
    "seeds_needed",
    "sign_flip_interval",
    "sign_flip_p",
    "sign_flip_power",
    "simulated_false_positives",
    "size_of_factor",
    "squared_difference",
    "swap_p",
    "t_power",
    "tasks_needed",
    "tasks_ratio",
]
