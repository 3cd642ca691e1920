"""Reading a position out of a code, and distances out of trained classifiers.

A code is any array of features with one row a trial: reports in some form (:func:`report_code`), or
the units of a network. Decoders are least squares or ridge in closed form (:func:`fit_linear`);
:func:`left_out_predictions` predicts each group of trials from the others, which is the paper's
generalisation test if the groups are orthants (:func:`orthants`) and plain cross-validation if they
are random. Decoders under other shifts are in :func:`corner_transfer` and :func:`transfer`, and
what ideal codes do there in :func:`extrapolation_r2` and its like. Two scores are in use and differ
by a factor: :func:`prior_r2`, the paper's, and :func:`within_r2`, the textbook's. Linear
classifiers trained on labels are here too (:func:`fit_probit`, :func:`fit_logistic`), with what
theory says of them. The baseline of raw observations is :func:`code_scores` of
:func:`mapped_trials`.
"""

from trilateration.readout.asymptotics import fisher_information_of_labels, parameter_covariance
from trilateration.readout.baseline import (
    CodeScores,
    MappedTrials,
    code_scores,
    mapped_trials,
    raw_ceiling,
)
from trilateration.readout.classifiers import (
    ClassifierFit,
    LinearClassifiers,
    fit_logistic,
    fit_probit,
    tilts,
)
from trilateration.readout.codes import (
    CODES,
    dense_line_ceiling,
    logistic_constant,
    radial_response,
    report_code,
)
from trilateration.readout.descent import descend
from trilateration.readout.flow import FlowPath, gradient_flow, max_margin
from trilateration.readout.linear import (
    PENALTIES,
    LinearDecoder,
    choose_penalty,
    fit_linear,
    left_out_predictions,
)
from trilateration.readout.links import MarginLoss, margin_loss
from trilateration.readout.regions import orthants, random_groups
from trilateration.readout.reported import (
    calibration_errors,
    decoded_r2,
    growth_exponent,
    log_reports_of,
    position_kept,
    reported_positions,
    reported_probits,
    ruler_slopes,
    step_r2,
)
from trilateration.readout.responding import ResponseCurves, response_curves
from trilateration.readout.scores import (
    Median,
    Score,
    distance_fraction,
    error_ratio,
    held_out_quadrant_r2,
    mean_error,
    mean_over_networks,
    median_over_networks,
    prior_r2,
    within_r2,
)
from trilateration.readout.separability import is_separable
from trilateration.readout.shifts import (
    EXTRAPOLATED,
    FEW_TESTS,
    FEW_TRIALS,
    Transfer,
    corner_transfer,
    correlated_latents,
    correlation_shift_r2,
    extrapolation_r2,
    in_corner,
    length_shift_r2,
    noise_shift_r2,
    transfer,
)
from trilateration.readout.trials import (
    Population,
    Trials,
    draw_trials,
    population,
    repeat_training,
    ruler,
)

__all__ = [
    "CODES",
    "EXTRAPOLATED",
    "FEW_TESTS",
    "FEW_TRIALS",
    "PENALTIES",
    "ClassifierFit",
    "CodeScores",
    "FlowPath",
    "LinearClassifiers",
    "LinearDecoder",
    "MappedTrials",
    "MarginLoss",
    "Median",
    "Population",
    "ResponseCurves",
    "Score",
    "Transfer",
    "Trials",
    "calibration_errors",
    "choose_penalty",
    "code_scores",
    "corner_transfer",
    "correlated_latents",
    "correlation_shift_r2",
    "decoded_r2",
    "dense_line_ceiling",
    "descend",
    "distance_fraction",
    "draw_trials",
    "error_ratio",
    "extrapolation_r2",
    "fisher_information_of_labels",
    "fit_linear",
    "fit_logistic",
    "fit_probit",
    "gradient_flow",
    "growth_exponent",
    "held_out_quadrant_r2",
    "in_corner",
    "is_separable",
    "left_out_predictions",
    "length_shift_r2",
    "log_reports_of",
    "logistic_constant",
    "mapped_trials",
    "margin_loss",
    "max_margin",
    "mean_error",
    "mean_over_networks",
    "median_over_networks",
    "noise_shift_r2",
    "orthants",
    "parameter_covariance",
    "population",
    "position_kept",
    "prior_r2",
    "radial_response",
    "random_groups",
    "raw_ceiling",
    "repeat_training",
    "report_code",
    "reported_positions",
    "reported_probits",
    "response_curves",
    "ruler",
    "ruler_slopes",
    "step_r2",
    "tilts",
    "transfer",
    "within_r2",
]
