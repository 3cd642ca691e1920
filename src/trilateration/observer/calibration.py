"""Are reports honest probabilities? Calibration curves and proper scores, in nats."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Real

from trilateration._arrays import Array, Scalar, as_floating, matching, namespace
from trilateration._checks import check_count, check_probability
from trilateration.observer.reports import LogReports
from trilateration.tasks import validate_labels

# A binomial count is close to normal if it expects this many of either label.
_MIN_EXPECTED = 10
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

        Only bins that expect at least ten labels of each kind count, so that the gaps are close to
        normal; if the reports are honest and the trials independent, the result is then close to
        the largest of as many standard normal numbers in absolute value.

        Raises
        ------
        ValueError
            If no bin holds that many.
        """
        return float((self._gap[self._judged] / self.standard_error[self._judged]).max())

    @property
    def largest_error(self) -> float:
        """Largest |frequency − mean report| of the bins that :attr:`largest_gap` judges.

        Raises
        ------
        ValueError
            If no bin holds enough reports.
        """
        return float(self._gap[self._judged].max())

    @property
    def _gap(self):
        return namespace(self.count).abs(self.frequency - self.mean_report)

    @property
    def _judged(self):
        xp = namespace(self.count)
        rarer = xp.where(self.mean_report < 0.5, self.mean_report, 1 - self.mean_report)
        judged = self.count * rarer >= _MIN_EXPECTED  # False where a bin is empty
        if not bool(xp.any(judged)):
            raise ValueError(
                f"curve must have a bin that expects {_MIN_EXPECTED} labels of each kind, got none"
            )
        return judged

    @property
    def frequency_standard_error(self) -> Float[Array, " bin"]:
        """Standard error √(f(1 − f)/n) of the frequency, whether or not the reports are honest."""
        divisor = namespace(self.count).where(self.count > 0, self.count, self.count + 1)
        return (self.frequency * (1 - self.frequency) / divisor) ** 0.5


class MeanWithError(NamedTuple):
    """A mean over trials and its standard error.

    Attributes
    ----------
    value
        The mean.
    standard_error
        From the spread over the first axis, whose entries must be independent.
    """

    value: float
    standard_error: float


def report_bias(reports: Real[Array, "trial *task"], labels: Labels) -> MeanWithError:
    """Return the mean of Ŷ − y: positive if label 1 is stated too surely on the whole.

    Parameters
    ----------
    reports
        Probabilities in [0, 1], shape ``(trial, ...)``; trials must be independent.
    labels
        0 or 1, the same shape.
    """
    reports, labels = _paired(reports, labels)
    return _over_trials(reports - labels)


def overconfidence(reports: Real[Array, "trial *task"], labels: Labels) -> MeanWithError:
    """Return mean confidence minus accuracy: positive if the agent is too sure of its decisions.

    The decision is 1[Ŷ > ½] and the confidence max(Ŷ, 1 − Ŷ); honest reports give zero.

    Parameters
    ----------
    reports, labels
        As in :func:`report_bias`.
    """
    reports, labels = _paired(reports, labels)
    xp = namespace(reports)
    right = xp.where(reports > 0.5, labels, 1 - labels)
    return _over_trials(xp.where(reports > 0.5, reports, 1 - reports) - right)


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


def binary_divergence(
    reports: Real[Array, "*shape"], others: Real[Array, "*shape"] | LogReports
) -> Float[Array, "*shape"]:
    """Return KL(p‖q) = p log(p/q) + (1 − p) log((1 − p)/(1 − q)) in nats, with 0 log 0 = 0.

    It is the log loss that an agent reporting q loses where the honest report is p.

    Parameters
    ----------
    reports
        p in [0, 1], any shape.
    others
        q in [0, 1], the same shape, or :class:`LogReports`, which keep the divergence finite where
        q has saturated.
    """
    reports = as_floating(reports, "reports")
    check_probability(reports, "reports")
    if isinstance(others, LogReports):
        log_yes, log_no = others
    else:
        others = as_floating(others, "others")
        check_probability(others, "others")
        log_yes, log_no = _logarithms(others)
    return -_weighted(reports, log_yes, log_no) - binary_entropy(reports)


def _weighted(reports, log_yes, log_no):
    """Return p log_yes + (1 − p) log_no, where a weight of zero makes its term zero."""
    xp = namespace(reports)
    zero = xp.zeros_like(reports)
    yes = reports * xp.where(reports > 0, log_yes, zero)
    return yes + (1 - reports) * xp.where(reports < 1, log_no, zero)


def _over_trials(values):
    by_trial = values.reshape(values.shape[0], -1)
    xp = namespace(values)
    by_trial = xp.mean(by_trial, axis=1)
    n_trials = by_trial.shape[0]
    spread = xp.std(by_trial, correction=1) if n_trials > 1 else by_trial[0] + float("nan")
    return MeanWithError(float(xp.mean(by_trial)), float(spread) / n_trials**0.5)


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
