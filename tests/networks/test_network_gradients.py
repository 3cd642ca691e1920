"""Gradients written by hand, against finite differences and against torch's own."""

import pytest
import torch

from trilateration.networks.attention import _CausalAttention, _Gelu
from trilateration.networks.layers import _Affine, affine
from trilateration.networks.recurrent import _LongShortTermMemory, _Rates

FLOAT = torch.float32  # as for users; float64 arrays pass through it unrounded
REPLICATES, TIME, TRIALS, UNITS = 2, 4, 3, 5
RATES = [(0.0, 1.0), (0.3, 0.7), (1.0, 1.0), (0.0, 0.5)]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(3)


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def plain_rates(drive, recurrent, keep, gain):
    state, states = torch.zeros_like(drive[:, 0]), []
    for now in drive.unbind(1):
        state = keep * state + gain * torch.relu(now + state @ recurrent)
        states.append(state)
    return torch.stack(states, dim=1)


def plain_lstm(drive, recurrent):
    units = recurrent.shape[1]
    state = cell = torch.zeros_like(drive[:, 0, :, :units])
    states = []
    for now in drive.unbind(1):
        enter, forget, leave, candidate = (now + state @ recurrent).split(units, -1)
        cell = forget.sigmoid() * cell + enter.sigmoid() * candidate.tanh()
        state = leave.sigmoid() * cell.tanh()
        states.append(state)
    return torch.stack(states, dim=1)


def plain_affine(inputs, weight, bias, pulse, pulse_steps):
    on = (torch.arange(inputs.shape[1]) < pulse_steps).to(inputs)[:, None, None]
    return inputs @ weight[:, None] + bias[:, None, None] + on * pulse[:, None, None]


def plain_attention(queries_keys_values, n_heads):
    replicates, time, trials, _ = queries_keys_values.shape
    q, k, v = (
        queries_keys_values.view(replicates, time, trials, 3, n_heads, -1)
        .permute(3, 0, 2, 4, 1, 5)
        .unbind()
    )
    seen = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    return seen.permute(0, 3, 1, 2, 4).flatten(3)


def same_gradients(ours, theirs, inputs, gradient=None):
    torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-7)
    gradient = torch.randn_like(ours) if gradient is None else gradient
    found = torch.autograd.grad(ours, inputs, gradient)
    expected = torch.autograd.grad(theirs, inputs, gradient)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(("keep", "gain"), RATES)
def test_rates(keep, gain):
    drive, weight = normal(REPLICATES, TIME, TRIALS, UNITS), normal(REPLICATES, UNITS, UNITS)
    assert torch.autograd.gradcheck(
        lambda d, w: _Rates.apply(d, w, keep, gain, FLOAT), (drive, weight)
    )
    ours = _Rates.apply(drive, weight, keep, gain, FLOAT)
    same_gradients(ours, plain_rates(drive, weight, keep, gain), (drive, weight))


def test_lstm():
    drive, weight = (
        normal(REPLICATES, TIME, TRIALS, 4 * UNITS),
        normal(REPLICATES, UNITS, 4 * UNITS),
    )
    assert torch.autograd.gradcheck(
        lambda d, w: _LongShortTermMemory.apply(d, w, FLOAT), (drive, weight)
    )
    ours = _LongShortTermMemory.apply(drive, weight, FLOAT)
    same_gradients(ours, plain_lstm(drive, weight), (drive, weight))


@pytest.mark.parametrize("pulse_steps", [0, 2, TIME])
def test_affine_with_a_pulse(pulse_steps):
    given = (normal(2, TIME, 3, 4), normal(2, 4, 5), normal(2, 5), normal(2, 5))

    def ours(x, w, b, p):
        return affine(x, w, b, pulse=p, pulse_steps=pulse_steps)

    assert torch.autograd.gradcheck(ours, given)
    same_gradients(ours(*given), plain_affine(*given, pulse_steps), given)


def test_affine_without_a_pulse():
    given = (normal(2, TIME, 3, 4), normal(2, 4, 5), normal(2, 5))
    assert torch.autograd.gradcheck(affine, given)
    same_gradients(affine(*given), plain_affine(*given, torch.zeros(2, 5), 0), given)


def test_frozen_inputs_get_no_gradient_and_change_none():
    x, w, b = normal(2, TIME, 3, 4), normal(2, 4, 5), normal(2, 5)
    gradient = torch.randn(2, TIME, 3, 5, dtype=torch.float64)
    _, *expected = torch.autograd.grad(affine(x, w, b), (x, w, b), gradient)
    found = torch.autograd.grad(affine(x.detach(), w, b), (w, b), gradient)
    torch.testing.assert_close(found, tuple(expected))


def test_attention_and_gelu():
    packed = normal(2, TIME, 3, 3 * 4)
    assert torch.autograd.gradcheck(lambda x: _CausalAttention.apply(x, 2), (packed,))
    same_gradients(_CausalAttention.apply(packed, 2), plain_attention(packed, 2), (packed,))
    x = torch.linspace(-6, 6, 101, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(_Gelu.apply, (x,))
    same_gradients(_Gelu.apply(x), torch.nn.functional.gelu(x, approximate="tanh"), (x,))


@pytest.mark.parametrize("time", [1, TIME])
@pytest.mark.parametrize("expanded", [True, False])
def test_layouts_in_memory_do_not_matter(time, expanded):
    """Drives that are views, gradients that are one number seen everywhere, trials of one step."""
    weight = normal(REPLICATES, UNITS, UNITS)
    drive = normal(REPLICATES, TRIALS, time, UNITS)
    gradient = torch.ones((), dtype=torch.float64).expand(REPLICATES, time, TRIALS, UNITS)
    gradient = (
        gradient
        if expanded
        else torch.randn(REPLICATES, TRIALS, time, UNITS).double().transpose(1, 2)
    )
    for keep, gain in RATES:
        ours = _Rates.apply(drive.transpose(1, 2), weight, keep, gain, FLOAT)
        plain = plain_rates(drive.transpose(1, 2), weight, keep, gain)
        same_gradients(ours, plain, (drive, weight), gradient)
    weight, drive = (
        normal(REPLICATES, UNITS, 4 * UNITS),
        normal(REPLICATES, TRIALS, time, 4 * UNITS),
    )
    ours = _LongShortTermMemory.apply(drive.transpose(1, 2), weight, FLOAT)
    same_gradients(ours, plain_lstm(drive.transpose(1, 2), weight), (drive, weight), gradient)
    x, w, b = (
        normal(REPLICATES, TRIALS, time, 4),
        normal(REPLICATES, 4, UNITS),
        normal(REPLICATES, UNITS),
    )
    plain = plain_affine(x.transpose(1, 2), w, b, torch.zeros(REPLICATES, UNITS), 0)
    same_gradients(affine(x.transpose(1, 2), w, b), plain, (x, w, b), gradient)


SECOND = {
    "rates": lambda d, w: _Rates.apply(d, w, 0.3, 0.7, FLOAT),
    "affine": lambda d, w: _Affine.apply(d, w, torch.zeros(2, 5).double(), None, 0, FLOAT, False),
    "gelu": lambda d, w: _Gelu.apply(d),
    "attention": lambda d, w: _CausalAttention.apply(d[..., :3].contiguous(), 1),
}


@pytest.mark.parametrize("function", SECOND.values(), ids=SECOND)
def test_a_second_derivative_is_refused_rather_than_wrong(function):
    drive = normal(2, TIME, 3, 5)
    (slope,) = torch.autograd.grad(
        function(drive, normal(2, 5, 5)).square().sum(), drive, create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()
