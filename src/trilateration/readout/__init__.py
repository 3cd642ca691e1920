"""Readouts: what trained classifiers and decoders recover."""

from trilateration.readout.asymptotics import fisher_information_of_labels, parameter_covariance
from trilateration.readout.classifiers import (
    ClassifierFit,
    LinearClassifiers,
    fit_logistic,
    fit_probit,
    tilts,
)
from trilateration.readout.flow import FlowPath, gradient_flow, max_margin
from trilateration.readout.links import MarginLoss, margin_loss
from trilateration.readout.separability import is_separable
from trilateration.readout.trials import (
    Population,
    Trials,
    draw_trials,
    population,
    repeat_training,
    ruler,
)

__all__ = [
    "ClassifierFit",
    "FlowPath",
    "LinearClassifiers",
    "MarginLoss",
    "Population",
    "Trials",
    "draw_trials",
    "fisher_information_of_labels",
    "fit_logistic",
    "fit_probit",
    "gradient_flow",
    "is_separable",
    "margin_loss",
    "max_margin",
    "parameter_covariance",
    "population",
    "repeat_training",
    "ruler",
    "tilts",
]
