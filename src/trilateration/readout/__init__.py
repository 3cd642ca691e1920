"""Reading a position out of a code: closed-form linear decoders and honest scores.

A code is any array of features with one row a trial: reports in some form (:func:`report_code`), or
the units of a network. Decoders are least squares or ridge in closed form (:func:`fit_linear`);
:func:`left_out_predictions` predicts each group of trials from the others, which is the paper's
generalisation test if the groups are orthants (:func:`orthants`) and plain cross-validation if they
are random. Two scores are in use and differ by a factor: :func:`prior_r2`, the paper's, and
:func:`within_r2`, the textbook's.
"""

from trilateration.readout.codes import (
    CODES,
    dense_line_ceiling,
    logistic_constant,
    radial_response,
    report_code,
)
from trilateration.readout.linear import (
    PENALTIES,
    LinearDecoder,
    choose_penalty,
    fit_linear,
    left_out_predictions,
)
from trilateration.readout.regions import orthants, random_groups
from trilateration.readout.scores import (
    Score,
    distance_fraction,
    error_ratio,
    held_out_quadrant_r2,
    mean_error,
    prior_r2,
    within_r2,
)

__all__ = [
    "CODES",
    "PENALTIES",
    "LinearDecoder",
    "Score",
    "choose_penalty",
    "dense_line_ceiling",
    "distance_fraction",
    "error_ratio",
    "fit_linear",
    "held_out_quadrant_r2",
    "left_out_predictions",
    "logistic_constant",
    "mean_error",
    "orthants",
    "prior_r2",
    "radial_response",
    "random_groups",
    "report_code",
    "within_r2",
]
