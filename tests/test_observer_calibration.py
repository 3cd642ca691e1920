"""Calibration curves and proper scores."""

import jaxtyping
import numpy as np
import pytest

from trilateration import observer
from trilateration.observer import (
    LogReports,
    binary_entropy,
    calibration_curve,
    expected_calibration_error,
    log_loss,
    log_normal_cdf,
    normal_cdf,
)


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def test_curve_counts_by_hand():
    curve = calibration_curve(np.array([[0.1, 0.2], [0.9, 1.0]]), np.array([[0, 1], [1, 1]]), 2)
    np.testing.assert_allclose(curve.mean_report, [0.15, 0.95])
    np.testing.assert_allclose(curve.frequency, [0.5, 1.0])
    np.testing.assert_array_equal(curve.count, [2, 2])
    np.testing.assert_allclose(curve.standard_error, np.sqrt([0.15 * 0.85 / 2, 0.95 * 0.05 / 2]))


def test_an_empty_bin_is_nan_and_does_not_count():
    reports, labels = np.array([0.05, 0.95]), np.array([0, 1])
    curve = calibration_curve(reports, labels, 3)
    assert np.isnan(curve.frequency[1])
    assert expected_calibration_error(reports, labels, 3) == pytest.approx(0.05)


def test_honest_reports_lie_on_the_diagonal_and_overconfident_ones_do_not(rng):
    u = rng.standard_normal(200_000) * 2
    labels = rng.uniform(size=u.shape) < normal_cdf(u)
    honest = calibration_curve(normal_cdf(u), labels)
    deviation = (honest.frequency - honest.mean_report) / honest.standard_error
    assert np.abs(deviation).max() < 4.5
    assert expected_calibration_error(normal_cdf(u), labels) < 0.005
    assert expected_calibration_error(normal_cdf(2 * u), labels) > 0.05


def test_honest_reports_pay_their_entropy_and_others_pay_more(rng):
    u = rng.standard_normal(200_000)
    labels = rng.uniform(size=u.shape) < normal_cdf(u)
    honest = log_loss(normal_cdf(u), labels)
    assert honest == pytest.approx(binary_entropy(normal_cdf(u)).mean(), abs=0.005)
    for factor in (0.7, 1.4):
        assert log_loss(normal_cdf(factor * u), labels) > honest


def test_log_loss_from_logarithms_stays_finite():
    u = np.array([30.0, -30.0])
    logs = LogReports(log_normal_cdf(u), log_normal_cdf(-u))
    wrong = np.array([0, 1])
    assert log_loss(normal_cdf(u), np.array([1, 0])) == pytest.approx(0, abs=1e-15)
    assert log_loss(logs, wrong) == pytest.approx(-log_normal_cdf(-30.0), rel=1e-12)
    assert log_loss(np.array([1.0]), np.array([0])) == np.inf


def test_log_loss_averages_over_the_axis_asked_for(rng):
    reports = rng.uniform(0.1, 0.9, (5, 3))
    labels = rng.integers(0, 2, (5, 3))
    per_task = log_loss(reports, labels, axis=0)
    assert per_task.shape == (3,)
    assert per_task.mean() == pytest.approx(log_loss(reports, labels))


def test_entropy_is_symmetric_largest_at_a_half_and_zero_when_certain():
    p = np.linspace(0, 1, 101)
    entropy = binary_entropy(p)
    np.testing.assert_allclose(entropy, entropy[::-1], atol=1e-15)
    assert entropy.max() == entropy[50] == pytest.approx(np.log(2))
    assert entropy[0] == entropy[-1] == 0


def test_torch_agrees_and_keeps_dtype(torch, rng):
    reports = rng.uniform(0, 1, (50, 4)).astype(np.float32)
    labels = (rng.uniform(size=(50, 4)) < reports).astype(np.int8)
    tensors = torch.from_numpy(reports), torch.from_numpy(labels)
    ours, theirs = calibration_curve(*tensors, 5), calibration_curve(reports, labels, 5)
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == torch.float32
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-5)
    assert float(log_loss(*tensors)) == pytest.approx(float(log_loss(reports, labels)), rel=1e-5)
    p = torch.tensor([0.2, 0.7], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: log_loss(x, torch.tensor([0, 1])), p)
    assert torch.autograd.gradcheck(binary_entropy, p)


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


HALF = np.array([0.5, 0.5])
BAD_CALLS = [
    (
        lambda: calibration_curve(np.array([0.5, 1.5]), np.array([0, 1])),
        r"reports must lie in \[0, 1\], got 1 of 2 values outside",
    ),
    (lambda: calibration_curve(HALF, np.array([0, 2])), "labels must be 0 or 1, got 1 other"),
    (
        lambda: calibration_curve(HALF, np.array([0, 1, 1])),
        r"labels must have the shape \(2,\) of the reports, got \(3,\)",
    ),
    (
        lambda: calibration_curve(HALF, np.array([0, 1]), 0),
        "n_bins must be a whole number >= 1, got 0",
    ),
    (lambda: log_loss(np.array([np.nan]), np.array([1])), r"reports must lie in \[0, 1\]"),
]


@pytest.mark.usefixtures("as_users_see_it")
@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[m[:30] for _, m in BAD_CALLS])
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_a_biased_agent_shows_its_bias_and_an_honest_one_does_not():
    rng = np.random.default_rng(3)
    honest = rng.random((50_000, 2))
    labels = (rng.random(honest.shape) < honest).astype(float)
    for measure in (observer.report_bias, observer.overconfidence):
        result = measure(honest, labels)
        assert abs(result.value) < 4 * result.standard_error
    pushed = np.clip(honest + 0.1, 0, 1)
    assert observer.report_bias(pushed, labels).value > 0.08
    sharpened = np.where(honest > 0.5, honest**0.5, 1 - (1 - honest) ** 0.5)
    assert observer.overconfidence(sharpened, labels).value > 0.05
    timid = 0.5 + (honest - 0.5) / 2
    assert observer.overconfidence(timid, labels).value < -0.05


def test_divergence_is_the_loss_that_dishonesty_costs():
    rng = np.random.default_rng(4)
    p, q = rng.random(50), rng.random(50)
    cross_entropy = -(p * np.log(q) + (1 - p) * np.log(1 - q))
    divergence = observer.binary_divergence(p, q)
    np.testing.assert_allclose(divergence + observer.binary_entropy(p), cross_entropy)
    assert (divergence >= 0).all()
    np.testing.assert_allclose(observer.binary_divergence(p, p), 0, atol=1e-12)
    ends = observer.binary_divergence(np.array([0.0, 1.0]), np.array([0.25, 0.25]))
    np.testing.assert_allclose(ends, [-np.log(0.75), -np.log(0.25)])


def test_gaps_are_judged_only_where_counts_are_close_to_normal():
    with pytest.raises(ValueError, match="curve must have a bin that expects 10 labels of each"):
        _ = observer.calibration_curve(np.ones(1000), np.ones(1000)).largest_gap
    # One certain agent among many: the bin of ones is left out, the others still count.
    reports = np.concatenate([np.ones(5), np.full(100, 0.55)])
    labels = np.concatenate([np.ones(5), np.repeat([0, 1], 50)])
    gap = observer.calibration_curve(reports, labels).largest_gap
    np.testing.assert_allclose(gap, 0.05 / (0.55 * 0.45 / 100) ** 0.5)
