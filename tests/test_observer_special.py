"""Φ and its inverses, in and out of log space, in NumPy and torch."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import integrate, special

from trilateration.observer import (
    log_normal_cdf,
    normal_cdf,
    normal_quantile,
    normal_quantile_from_log,
    normal_quantile_from_log_pair,
)
from trilateration.observer.special import log_one_minus_exp


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("z", [-3.0, -1.0, 0.0, 0.5, 4.0])
def test_cdf_is_the_integral_of_the_density(z):
    area, _ = integrate.quad(lambda x: np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), -40, z, limit=200)
    assert normal_cdf(z) == pytest.approx(area, abs=1e-12)


def test_cdf_and_log_cdf_agree_and_are_symmetric():
    z = np.linspace(-8, 8, 101)
    np.testing.assert_allclose(np.exp(log_normal_cdf(z)), normal_cdf(z), rtol=1e-13)
    np.testing.assert_allclose(normal_cdf(z) + normal_cdf(-z), 1, atol=1e-15)
    np.testing.assert_allclose(normal_quantile(normal_cdf(z[:60])), z[:60], atol=1e-12)


def test_log_cdf_follows_mills_far_out():
    z = np.array([-1e3, -1e5])
    leading = -(z**2) / 2 - np.log(-z * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(log_normal_cdf(z), leading, rtol=1e-11)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_distances_come_back_from_one_logarithm(library, torch):
    z = np.linspace(-60, 36, 2000)
    logs = special.log_ndtr(z)
    logs = torch.from_numpy(logs) if library == "torch" else logs
    np.testing.assert_allclose(np.asarray(normal_quantile_from_log(logs)), z, atol=1e-12)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_distances_come_back_from_both_logarithms_on_both_sides(library, torch):
    z = np.concatenate([np.linspace(-30, 30, 1001), [-500, -100, 100, 500]])
    logs = special.log_ndtr(z), special.log_ndtr(-z)
    if library == "torch":
        logs = tuple(torch.from_numpy(x) for x in logs)
    np.testing.assert_allclose(np.asarray(normal_quantile_from_log_pair(*logs)), z, rtol=1e-12)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_single_precision_is_kept_and_reaches_as_far(library, torch):
    z = np.linspace(-1000, 1000, 2001).astype(np.float32)
    z = torch.from_numpy(z) if library == "torch" else z
    back = normal_quantile_from_log_pair(log_normal_cdf(z), log_normal_cdf(-z))
    assert back.dtype == z.dtype
    np.testing.assert_allclose(np.asarray(back), np.asarray(z), rtol=1e-6, atol=1e-6)


def test_torch_agrees_with_scipy(torch):
    z = np.linspace(-35, 35, 701)
    tensor = torch.from_numpy(z)
    np.testing.assert_allclose(normal_cdf(tensor).numpy(), special.ndtr(z), rtol=1e-12)
    np.testing.assert_allclose(log_normal_cdf(tensor).numpy(), special.log_ndtr(z), rtol=1e-12)
    p = np.linspace(1e-6, 1 - 1e-6, 99)
    np.testing.assert_allclose(
        normal_quantile(torch.from_numpy(p)).numpy(), special.ndtri(p), atol=1e-12
    )


def test_gradients_are_right(torch):
    y = torch.tensor([-450.0, -40, -7, -5.001, -4.9, -1, -0.2, -0.05], dtype=torch.float64)
    y.requires_grad_()
    assert torch.autograd.gradcheck(normal_quantile_from_log, y)
    assert torch.autograd.gradgradcheck(normal_quantile_from_log, y)
    z = torch.linspace(-3, 3, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(normal_cdf, z)
    assert torch.autograd.gradcheck(
        lambda x: normal_quantile_from_log_pair(log_normal_cdf(x), log_normal_cdf(-x)), z
    )


def test_gradient_of_the_round_trip_is_one_even_far_out(torch):
    z = torch.tensor([-30.0, -8, 8, 30], dtype=torch.float64, requires_grad=True)
    back = normal_quantile_from_log_pair(log_normal_cdf(z), log_normal_cdf(-z))
    (slope,) = torch.autograd.grad(back.sum(), z)
    np.testing.assert_allclose(slope.numpy(), 1, rtol=1e-10)


def test_log_one_minus_exp_keeps_its_digits(torch):
    y = -np.logspace(-300, 2, 200)
    expected = np.log(-special.expm1(y))
    np.testing.assert_allclose(log_one_minus_exp(y)[:180], expected[:180], rtol=1e-13)
    assert log_one_minus_exp(np.array([-50.0]))[0] == pytest.approx(-np.exp(-50.0), rel=1e-13)
    np.testing.assert_allclose(
        log_one_minus_exp(torch.from_numpy(y)).numpy(), log_one_minus_exp(y), rtol=1e-13
    )


def test_the_observer_works_without_torch():
    script = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("torch")

sys.meta_path.insert(0, Blocker())
import numpy as np
from trilateration import evidence, observer, tasks

lines = tasks.evenly_spaced_lines(3)
logs = observer.log_reports(np.zeros((4, 2)), lines, 0.2, 5)
distances = observer.distances_from_log_reports(logs, 0.2, 5)
assert np.abs(observer.trilaterate(distances, lines).position).max() < 1e-15
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
