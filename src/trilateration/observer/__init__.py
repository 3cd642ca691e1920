"""The ideal observer: reports, positions, information and calibration.

From evidence to reports (:func:`reports`, :func:`log_reports`, :func:`reports_over_time`, and under
the bounded prior :func:`box_reports`), from reports back to distances and the position
(:func:`distances_from_log_reports`, :func:`trilaterate`; without knowing the tasks,
:func:`positions_up_to_affine` and :func:`positions_up_to_motion`), and what bounds both
(:func:`r2_ceiling`, :func:`readout_covariance`, :func:`marchenko_pastur_pdf`). Arrays are NumPy or
torch with any leading shape; dtype and device are kept.
"""

from trilateration.evidence import standard_error
from trilateration.observer.best_noise import (
    LineInformation,
    best_standard_error,
    dense_line_error,
    dense_line_information,
    line_error,
    mean_radius_power,
)
from trilateration.observer.box import (
    BoxPosteriorMoments,
    box_posterior_mean,
    box_posterior_moments,
    box_reports,
    probability_outside,
)
from trilateration.observer.box_sampling import MonteCarloReports, box_reports_monte_carlo
from trilateration.observer.calibration import (
    CalibrationCurve,
    MeanWithError,
    binary_divergence,
    binary_entropy,
    calibration_curve,
    expected_calibration_error,
    log_loss,
    overconfidence,
    report_bias,
)
from trilateration.observer.ceilings import DecisionCeilings, decision_ceilings
from trilateration.observer.curved import (
    circle_probits,
    circle_reports,
    distances_from_circle_reports,
    position_from_circles,
    product_reports,
)
from trilateration.observer.information import (
    MeasuredR2,
    autoregressive_mean_variance,
    box_bayes_error,
    cramer_rao_bound,
    effective_steps,
    fisher_information,
    measured_r2,
    r2_ceiling,
)
from trilateration.observer.mapped import (
    GridMoments,
    GridObserver,
    LogRatio,
    likelihood_errors,
    log_ratio,
    mapped_information,
    matched_noise,
)
from trilateration.observer.memory import leaky_steps
from trilateration.observer.noisy_reports import NoisyTrilateration, trilaterate_noisy_reports
from trilateration.observer.oracle import (
    brute_force_axis_reports,
    brute_force_box_reports,
    brute_force_reading_reports,
    discrete_posterior,
)
from trilateration.observer.other_noise import (
    autoregressive_mean,
    location_log_density,
    location_posterior_mean,
    mean_efficiency,
    mean_variance,
    scatter_reports,
)
from trilateration.observer.position import (
    Trilateration,
    distances_from_log_reports,
    distances_from_reports,
    probability_noise_weights,
    readout_covariance,
    trilaterate,
)
from trilateration.observer.precision import (
    FLOAT32,
    FLOAT64,
    RecoverableRange,
    ReportFormat,
    binary_places,
)
from trilateration.observer.reports import (
    GaussianPosterior,
    LogReports,
    anisotropic_reports,
    gaussian_posterior,
    log_reports,
    noise_along_normals,
    reports,
    standardized_distances,
)
from trilateration.observer.special import (
    log_normal_cdf,
    normal_cdf,
    normal_quantile,
    normal_quantile_from_log,
    normal_quantile_from_log_pair,
)
from trilateration.observer.spectra import (
    SpectrumEdges,
    expected_inverse_gram,
    inverse_gram_after_next,
    marchenko_pastur_cdf,
    marchenko_pastur_edges,
    marchenko_pastur_pdf,
    sample_grams,
    singular_value_edges,
    singular_value_pdf,
)
from trilateration.observer.stopping import (
    Diffusion,
    Responses,
    drift_diffusion,
    respond,
    timed_positions,
)
from trilateration.observer.streaming import reports_over_time
from trilateration.observer.truncated import LogTails, axis_log_reports, axis_reports
from trilateration.observer.two_streams import stream_correlations
from trilateration.observer.unknown_tasks import (
    AffinePositions,
    RecoveredWorld,
    positions_up_to_affine,
    positions_up_to_motion,
)

__all__ = [
    "FLOAT32",
    "FLOAT64",
    "AffinePositions",
    "BoxPosteriorMoments",
    "CalibrationCurve",
    "DecisionCeilings",
    "Diffusion",
    "GaussianPosterior",
    "GridMoments",
    "GridObserver",
    "LineInformation",
    "LogRatio",
    "LogReports",
    "LogTails",
    "MeanWithError",
    "MeasuredR2",
    "MonteCarloReports",
    "NoisyTrilateration",
    "RecoverableRange",
    "RecoveredWorld",
    "ReportFormat",
    "Responses",
    "SpectrumEdges",
    "Trilateration",
    "anisotropic_reports",
    "autoregressive_mean",
    "autoregressive_mean_variance",
    "axis_log_reports",
    "axis_reports",
    "best_standard_error",
    "binary_divergence",
    "binary_entropy",
    "binary_places",
    "box_bayes_error",
    "box_posterior_mean",
    "box_posterior_moments",
    "box_reports",
    "box_reports_monte_carlo",
    "brute_force_axis_reports",
    "brute_force_box_reports",
    "brute_force_reading_reports",
    "calibration_curve",
    "circle_probits",
    "circle_reports",
    "cramer_rao_bound",
    "decision_ceilings",
    "dense_line_error",
    "dense_line_information",
    "discrete_posterior",
    "distances_from_circle_reports",
    "distances_from_log_reports",
    "distances_from_reports",
    "drift_diffusion",
    "effective_steps",
    "expected_calibration_error",
    "expected_inverse_gram",
    "fisher_information",
    "gaussian_posterior",
    "inverse_gram_after_next",
    "leaky_steps",
    "likelihood_errors",
    "line_error",
    "location_log_density",
    "location_posterior_mean",
    "log_loss",
    "log_normal_cdf",
    "log_ratio",
    "log_reports",
    "mapped_information",
    "marchenko_pastur_cdf",
    "marchenko_pastur_edges",
    "marchenko_pastur_pdf",
    "matched_noise",
    "mean_efficiency",
    "mean_radius_power",
    "mean_variance",
    "measured_r2",
    "noise_along_normals",
    "normal_cdf",
    "normal_quantile",
    "normal_quantile_from_log",
    "normal_quantile_from_log_pair",
    "overconfidence",
    "position_from_circles",
    "positions_up_to_affine",
    "positions_up_to_motion",
    "probability_noise_weights",
    "probability_outside",
    "product_reports",
    "r2_ceiling",
    "readout_covariance",
    "report_bias",
    "reports",
    "reports_over_time",
    "respond",
    "sample_grams",
    "scatter_reports",
    "singular_value_edges",
    "singular_value_pdf",
    "standard_error",
    "standardized_distances",
    "stream_correlations",
    "timed_positions",
    "trilaterate",
    "trilaterate_noisy_reports",
]
