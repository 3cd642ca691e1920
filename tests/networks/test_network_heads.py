"""Links against other ways to compute them, and heads with different numbers of tasks."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special

from trilateration.networks import LINKS, Ensemble
from trilateration.networks.heads import Heads
from trilateration.readout.links import margin_loss

readouts = st.floats(-30, 30)
labels = st.sampled_from([0.0, 0.5, 1.0]) | st.integers(0, 64).map(lambda k: k / 64)


def f64(value):
    return torch.tensor(value, dtype=torch.float64)


def mills(x):
    """Return φ(x)/Φ(−x), by erfc near 0 and by Laplace's continued fraction far from it."""
    if x < 4:
        return math.exp(-x * x / 2) / math.sqrt(2 * math.pi) / (0.5 * math.erfc(x / math.sqrt(2)))
    fraction = x
    for k in range(400, 0, -1):
        fraction = x + k / fraction
    return fraction


def log_phi(z):
    """Return log Φ(z) from the ratio above."""
    if z > 0:
        return math.log1p(-0.5 * math.erfc(z / math.sqrt(2)))
    return -z * z / 2 - math.log(math.sqrt(2 * math.pi) * mills(-z))


FAR = [-1e4, -300.0, -38.5, -20.0, -8.3, -5.0, -3.9, -1.0, -1e-3, 0.0, 1e-3, 1.0, 5.0, 8.3, 20.0]


@pytest.mark.parametrize("z", FAR)
def test_probit_is_exact_far_into_both_tails(z):
    link = LINKS["probit"]
    pull = mills(-z)  # φ/Φ
    for dtype, rtol in ((torch.float64, 1e-12), (torch.float32, 2e-6)):
        at = torch.tensor(z, dtype=dtype)
        z_rounded = at.item()
        one, zero = at.new_tensor(1.0), at.new_tensor(0.0)
        far = rtol * max(1, z * z / 4)  # of exp(−z²/2), whose exponent is rounded
        for loss in (link.loss(at, one), link.loss(-at, zero)):
            tolerance = rtol if z < 0 else far
            assert loss.item() == pytest.approx(-log_phi(z_rounded), rel=tolerance, abs=1e-44)
            expected = -special.log_ndtr(z_rounded)
            assert loss.item() == pytest.approx(expected, rel=tolerance, abs=1e-44)
        for slope in (link.slope(at, one), -link.slope(-at, zero), link.slope_of_labels(at, one)):
            assert slope.item() == pytest.approx(-pull, rel=far, abs=1e-36)


@pytest.mark.parametrize("z", [*FAR, 40.0, 80.0])
def test_the_logistic_loss_is_exact_far_into_both_tails(z):
    for dtype, rtol in ((torch.float64, 1e-14), (torch.float32, 1e-6)):
        at = torch.tensor(z, dtype=dtype)
        expected = np.logaddexp(0, -at.item())
        assert LINKS["logistic"].loss(at, at.new_tensor(1.0)).item() == pytest.approx(
            expected, rel=rtol
        )
        assert LINKS["logistic"].loss(-at, at.new_tensor(0.0)).item() == pytest.approx(
            expected, rel=rtol
        )


@pytest.mark.parametrize("name", LINKS)
@given(z=readouts, y=labels)
@example(z=20.0, y=0.0)
@settings(max_examples=60, deadline=None)
def test_the_slope_is_the_derivative_of_the_loss(name, z, y):
    link = LINKS[name]
    at = f64(z).requires_grad_()
    (derivative,) = torch.autograd.grad(link.loss(at, f64(y)), at)
    torch.testing.assert_close(link.slope(f64(z), f64(y)), derivative, rtol=1e-9, atol=1e-12)
    h = 1e-4
    difference = (link.loss(f64(z + h), f64(y)) - link.loss(f64(z - h), f64(y))) / (2 * h)
    torch.testing.assert_close(link.slope(f64(z), f64(y)), difference, rtol=1e-6, atol=1e-6)
    half = link.slope(f64(z), f64(0.5))
    torch.testing.assert_close(link.slope_at_half(f64(z)), half, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", LINKS)
@given(z=readouts, y=labels)
@settings(max_examples=60, deadline=None)
def test_swapping_the_labels_turns_the_sign(name, z, y):
    link = LINKS[name]
    same = {"rtol": 1e-12, "atol": 1e-14}
    torch.testing.assert_close(link.loss(-f64(z), f64(1 - y)), link.loss(f64(z), f64(y)), **same)
    torch.testing.assert_close(link.slope(-f64(z), f64(1 - y)), -link.slope(f64(z), f64(y)), **same)
    torch.testing.assert_close(link.reports(-f64(z)), 1 - link.reports(f64(z)), **same)
    torch.testing.assert_close(link.slope_at_half(-f64(z)), -link.slope_at_half(f64(z)), **same)


@pytest.mark.parametrize("name", LINKS)
def test_links_are_those_of_the_readout_room(name):
    z = np.linspace(-30, 30, 301)
    expected = margin_loss(z, name)
    one = torch.ones(301, dtype=torch.float64)
    found = LINKS[name].loss(torch.from_numpy(z), one).numpy()
    np.testing.assert_allclose(found, expected.value, rtol=1e-9)
    found = LINKS[name].slope(torch.from_numpy(z), one).numpy()
    np.testing.assert_allclose(found, -expected.pull, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", LINKS)
def test_a_report_is_best_when_it_is_the_probability(name):
    """The log loss is proper: its mean over labels with P(1) = y is least at the report y."""
    z = torch.linspace(-4, 4, 8001, dtype=torch.float64)
    for y in (0.1, 0.5, 0.93):
        best = z[LINKS[name].loss(z, f64(y)).argmin()]
        assert LINKS[name].reports(best).item() == pytest.approx(y, abs=2e-4)


COUNTS = (2, 5, 5, 1)


@pytest.fixture
def heads():
    return Heads([np.random.default_rng(k) for k in range(4)], 6, COUNTS, "logistic")


def test_each_replicate_reads_its_own_tasks(heads):
    hidden = torch.randn(4, 3, 7, 6, generator=torch.Generator().manual_seed(0))
    found = heads(hidden)
    assert found.shape == (4, 3, 7, 5)
    for replicate, n in enumerate(COUNTS):
        weight, bias = heads.weight[replicate, :, :n], heads.bias[replicate, :n]
        torch.testing.assert_close(found[replicate, ..., :n], hidden[replicate] @ weight + bias)
        assert (found[replicate, ..., n:] == 0).all()
        assert heads.mask[replicate].sum() == n


def test_the_start_of_a_head_depends_on_its_own_seed_and_number_only(heads):
    for replicate, n in enumerate(COUNTS):
        alone = Heads([np.random.default_rng(replicate)], 6, [n], "probit")
        assert torch.equal(alone.weight[0, :, :n], heads.weight[replicate, :, :n])
        assert torch.equal(alone.bias[0, :n], heads.bias[replicate, :n])
    assert heads.weight.abs().max() <= 1 / math.sqrt(6)


def test_columns_that_a_replicate_lacks_get_no_gradient(heads):
    hidden = torch.randn(4, 3, 7, 6, requires_grad=True)
    heads(hidden).square().sum().backward()
    for replicate, n in enumerate(COUNTS):
        assert (heads.weight.grad[replicate, :, n:] == 0).all()
        assert (heads.bias.grad[replicate, n:] == 0).all()
        assert (heads.bias.grad[replicate, :n] != 0).all()


def test_reports_are_undefined_for_tasks_that_a_replicate_lacks():
    ensemble = Ensemble("rnn", seeds=[0, 1], n_tasks=[1, 3], n_features=2, n_units=4)
    readouts = ensemble(torch.randn(2, 5, 3, 2), 1).readouts
    reports = ensemble.reports(readouts)
    assert reports.isnan().sum(dim=(1, 2)).tolist() == [[0, 15, 15], [0, 0, 0]]
    torch.testing.assert_close(reports[1], readouts[1].sigmoid())
