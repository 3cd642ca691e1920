"""What networks that were trained alike let us say.

:func:`predicted_median` tells whether somebody else's figure is one that our networks could have
given.
"""

from trilateration.statistics.replication import PredictedMedian, predicted_median

__all__ = ["PredictedMedian", "predicted_median"]
