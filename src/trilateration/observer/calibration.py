"""Are reports honest probabilities? Calibration curves and proper scores, in nats."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Real

from trilateration._arrays import Array, Scalar, as_floating, matching, namespace
from trilateration._checks import check_count, check_probability
from trilateration.observer.reports import LogReports
from trilateration.tasks import validate_labels

Labels = Real[Array, "*shape"] | Bool[Array, "*shape"]


class CalibrationCurve(NamedTuple):
    """Reports and label frequencies in bins of equal width on [0, 1].

    Attributes
    ----------
    mean_report
        Mean report of each bin, shape ``(bin,)``; NaN where a bin is empty.
    frequency
        Fraction of labels that are 1, same shape; NaN where a bin is empty.
    count
        Number of reports in each bin, as floating point.
    standard_error
        Binomial standard error of ``frequency`` if the reports are honest,
        √(p̄(1 − p̄)/n) with p̄ the mean report. Several tasks of one trial share its evidence, so
        pool them only where that dependence does not matter.
    """

    mean_report: Float[Array, " bin"]
    frequency: Float[Array, " bin"]
    count: Float[Array, " bin"]
    standard_error: Float[Array, " bin"]

    @property
    def largest_gap(self) -> float:
        """Largest |frequency − mean report| of any bin, in its standard errors.

        If the reports are honest and the trials independent, this is close to the largest of as
        many standard normal numbers as there are occupied bins.
        """
        xp = namespace(self.count)
        gap = xp.abs(self.frequency - self.mean_report) / self.standard_error
        return float(xp.max(xp.where(self.count > 0, gap, xp.zeros_like(gap))))

    @property
    def largest_error(self) -> float:
        """Largest |frequency − mean report| of any bin, a probability."""
        xp = namespace(self.count)
        gap = xp.abs(self.frequency - self.mean_report)
        return float(xp.max(xp.where(self.count > 0, gap, xp.zeros_like(gap))))


def calibration_curve(
    reports: Real[Array, "*shape"], labels: Labels, n_bins: int = 10
) -> CalibrationCurve:
    """Return how often the label is 1, bin by bin of the report.

    Parameters
    ----------
    reports
        Probabilities in [0, 1], any shape.
    labels
        0 or 1, the same shape.
    n_bins
        Number of bins of equal width; a report of 1 falls in the last one.
    """
    reports, labels = _paired(reports, labels)
    check_count(n_bins, "n_bins")
    xp = namespace(reports)
    reports, labels = reports.reshape(-1), labels.reshape(-1)
    bins = xp.astype(xp.clip(xp.floor(reports * n_bins), 0, n_bins - 1), xp.int64)
    total, yes, count = (
        matching(xp.bincount(bins, weights=w, minlength=n_bins), reports)
        for w in (reports, labels, xp.ones_like(reports))
    )
    # An empty bin has no mean; 0/0 says so, without a warning.
    divisor = xp.where(count > 0, count, count + float("nan"))
    mean = total / divisor
    return CalibrationCurve(mean, yes / divisor, count, (mean * (1 - mean) / divisor) ** 0.5)


def expected_calibration_error(
    reports: Real[Array, "*shape"], labels: Labels, n_bins: int = 10
) -> Float[Array, ""]:
    """Return Σ_b (n_b/n) |frequency_b − mean report_b| over the bins of :func:`calibration_curve`.

    Honest reports give about Σ_b √(2 n_b p̄_b(1 − p̄_b)/π)/n, not zero.
    """
    curve = calibration_curve(reports, labels, n_bins)
    xp = namespace(curve.count)
    gap = xp.abs(curve.frequency - curve.mean_report)
    gap = xp.where(curve.count > 0, gap, xp.zeros_like(gap))
    return xp.sum(curve.count * gap) / xp.sum(curve.count)


def log_loss(
    reports: Real[Array, "*shape"] | LogReports, labels: Labels, *, axis: int | None = None
) -> Float[Array, "..."]:
    """Return the mean of −log P(label), in nats: the binary cross-entropy.

    Parameters
    ----------
    reports
        Probabilities in [0, 1], any shape, or :class:`LogReports`, which keep the loss finite where
        a probability has saturated. A confident error gives infinity with probabilities.
    labels
        0 or 1, the same shape.
    axis
        Axis to average over; by default all.
    """
    if isinstance(reports, LogReports):
        log_yes, labels = _same_shape(reports.log_yes, labels)
        log_no = as_floating(reports.log_no, "reports.log_no")
    else:
        reports, labels = _paired(reports, labels)
        log_yes, log_no = _logarithms(reports)
    xp = namespace(log_yes)
    loss = -xp.where(labels > 0, log_yes, log_no)
    return xp.mean(loss) if axis is None else xp.mean(loss, axis=axis)


def binary_entropy(reports: Scalar | Real[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return H(p) = −p log p − (1 − p) log(1 − p) in nats; 0 at p = 0 and 1.

    Its mean over trials is the log loss that honest reports pay.
    """
    reports = as_floating(reports, "reports")
    check_probability(reports, "reports")
    xp = namespace(reports)
    # 0 log 0 counts as 0; the neutral argument keeps infinities out of value and gradient.
    yes = reports * xp.log(xp.where(reports > 0, reports, reports + 1))
    no = (1 - reports) * xp.log1p(-xp.where(reports < 1, reports, reports - 1))
    return -(yes + no)


def _logarithms(reports):
    xp = namespace(reports)
    with np.errstate(divide="ignore"):
        return xp.log(reports), xp.log1p(-reports)


def _paired(reports, labels):
    reports = as_floating(reports, "reports")
    check_probability(reports, "reports")
    return _same_shape(reports, labels)


def _same_shape(values, labels):
    values = as_floating(values, "reports")
    labels = validate_labels(labels)
    if tuple(labels.shape) != tuple(values.shape):
        raise ValueError(
            f"labels must have the shape {tuple(values.shape)} of the reports, "
            f"got {tuple(labels.shape)}"
        )
    return values, matching(labels, values)
