"""Ensembles: independence of replicates, the registry, a reader's own module, encoders."""

import math
import textwrap

import jaxtyping
import numpy as np
import pytest
import torch
from torch import nn

from trilateration.networks import (
    Core,
    Encoders,
    Ensemble,
    affine,
    architecture,
    architectures,
    core,
    from_module,
    make_core,
    uniform,
)

ALL = architectures()


def build(name, seeds=(3, 1, 4), n_tasks=(2, 5, 3), **changes):
    return Ensemble(name, seeds=seeds, n_tasks=n_tasks, n_features=4, n_units=16, **changes)


@pytest.fixture
def features():
    return torch.from_numpy(np.random.default_rng(0).standard_normal((3, 5, 6, 4))).float()


@pytest.fixture
def empty_registry(monkeypatch):
    """Forget afterwards what a test registers."""
    monkeypatch.setattr(core, "_REGISTRY", dict(core._REGISTRY))


@pytest.mark.parametrize("name", ALL)
def test_a_replicate_is_the_same_alone(name, features):
    together = build(name)
    for replicate, (seed, n) in enumerate(zip((3, 1, 4), (2, 5, 3), strict=True)):
        alone = build(name, [seed], n)
        for (own, one), other in zip(alone.named_parameters(), together.parameters(), strict=True):
            assert torch.equal(one[0], other[replicate][..., : one.shape[-1]]), own
        found = together(features, 5)
        expected = alone(features[replicate : replicate + 1], 5)
        assert torch.equal(found.hidden[replicate], expected.hidden[0])
        assert torch.equal(found.readouts[replicate, ..., :n], expected.readouts[0])


@pytest.mark.parametrize("name", ALL)
def test_seeds_act_and_repeat(name):
    one, two = build(name), build(name, seeds=(3, 1, 5))
    for (own, a), b in zip(one.named_parameters(), two.parameters(), strict=True):
        assert torch.equal(a[:2], b[:2])
        if a[2].any() and not (a[2] == 1).all():  # not what begins at 0 or 1
            assert not torch.equal(a[2], b[2]), own


@pytest.mark.parametrize("name", ALL)
def test_the_fixation_channel_is_one_more_feature(name, features):
    """The same network with a literal channel of ones and then zeros appended to the features."""
    ensemble = build(name)
    literal = build(name, fixation=False)
    with torch.no_grad():
        for own, parameter in literal.named_parameters():
            parameter.copy_(ensemble.get_parameter(own))
        weight = torch.cat([ensemble.input.weight, ensemble.input.fixation[:, None]], 1)
    literal.input.weight = nn.Parameter(weight)
    for steps in (0, 1, 4, 6):
        channel = (torch.arange(6) < steps).float().expand(3, 5, 6)[..., None]
        found = ensemble(features, steps)
        expected = literal(torch.cat([features, channel], -1))
        torch.testing.assert_close(found.hidden, expected.hidden, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(found.readouts, expected.readouts, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_bfloat16_is_close_to_float32(name, features):
    def run(precision):
        ensemble = build(name, precision=precision)
        readouts = ensemble(features, 5).readouts
        readouts.square().sum().backward()
        gradient = torch.cat([p.grad.flatten() for p in ensemble.parameters()])
        assert {p.dtype for p in ensemble.parameters()} == {torch.float32}
        return readouts.detach(), gradient

    (exact, slope), (near, near_slope) = run("float32"), run("bfloat16")
    assert near.dtype == torch.float32
    assert 0 < (near - exact).norm() / exact.norm() < 0.02
    assert 0 < (near_slope - slope).norm() / slope.norm() < 0.05


def test_centred_drive_has_mean_zero():
    ensemble = build("lstm")
    features = torch.randn(3, 50, 4) + 2
    ensemble.centre_drive(features)
    drive = ensemble.input(features[:, :, None], 50, torch.float32)
    torch.testing.assert_close(drive.mean((1, 2)), torch.zeros(3, 64), rtol=0, atol=1e-5)


def test_encoders_are_three_layers_of_torchs_default_start_the_last_linear():
    encoders = Encoders([np.random.default_rng(k) for k in (1, 2)], 2)
    points = torch.randn(2, 7, 5, 2)
    found = encoders(points)
    for replicate in range(2):
        layers = []
        for k, fan_in in enumerate((2, 100, 100)):
            weight = getattr(encoders, f"weight_{k}")[replicate]
            bias = getattr(encoders, f"bias_{k}")[replicate]
            for values in (weight, bias):
                bound = 1 / math.sqrt(fan_in)
                assert 0.9 * bound < values.abs().max() <= bound
            layer = nn.Linear(*weight.shape)
            layer.weight.data, layer.bias.data = weight.T, bias
            layers += [layer, nn.ReLU()]
        torch.testing.assert_close(found[replicate], nn.Sequential(*layers[:-1])(points[replicate]))
    assert not any(p.requires_grad for p in encoders.parameters())
    assert torch.equal(Encoders([np.random.default_rng(2)], 2)(points[1:]), found[1:])


@pytest.mark.parametrize("fan_in", [1, 40])
def test_the_default_start_is_that_of_a_linear_layer(fan_in):
    torch.manual_seed(0)
    theirs = nn.Linear(fan_in, 20_000 // fan_in).weight.detach().numpy().ravel()
    ours = uniform(np.random.default_rng(0), (fan_in, 20_000 // fan_in), fan_in).ravel()
    assert ours.std() == pytest.approx(theirs.std(), rel=0.02)
    assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.01)


# ---- a new architecture, and a reader's own module


@pytest.mark.usefixtures("empty_registry")
def test_the_example_of_the_documentation_is_an_elman_network(features):
    lines = core.__doc__.split("::", 1)[1].splitlines()
    example = textwrap.dedent("\n".join(line for line in lines if line[:4].strip() == ""))
    assert len(example.split("\n")) < 40
    names = {"torch": torch, "architecture": architecture, "Core": Core, "uniform": uniform}
    exec(example, names)
    assert "elman" in architectures()

    ensemble = build("elman", fixation=False)
    module = nn.RNN(4, 16, batch_first=True)
    module.weight_ih_l0.data = ensemble.input.weight[1].detach().T.contiguous()
    module.bias_ih_l0.data = ensemble.input.bias[1].detach()
    module.weight_hh_l0.data = ensemble.core.recurrent[1].detach().T.contiguous()
    module.bias_hh_l0.data.zero_()
    expected = module(features[1])[0]
    torch.testing.assert_close(ensemble(features).hidden[1], expected)


class Mine(nn.Module):
    """What a reader may bring: a causal convolution and a gate."""

    def __init__(self, width=16):
        super().__init__()
        self.past = nn.Conv1d(width, width, 3, padding=2)
        self.gate = nn.Sequential(nn.Linear(width, width), nn.Sigmoid())

    def forward(self, drive):
        past = self.past(drive.transpose(1, 2))[..., : drive.shape[1]].transpose(1, 2)
        return torch.tanh(past) * self.gate(drive)


def test_a_readers_module_runs_as_each_copy_alone(features):
    ensemble = Ensemble.of_core(
        from_module(Mine, 16), seeds=(3, 1, 4), n_tasks=(2, 5, 3), n_features=4, fixation=False
    )
    found = ensemble(features).hidden
    found.square().sum().backward()
    for replicate in range(3):
        module = Mine()
        with torch.no_grad():
            for name, weights in module.named_parameters():
                own = ensemble.core.get_parameter(name.replace(".", "__"))
                weights.copy_(own[replicate])
        drive = features[replicate] @ ensemble.input.weight[replicate].detach()
        expected = module(drive + ensemble.input.bias[replicate].detach())
        torch.testing.assert_close(found[replicate], expected, rtol=1e-5, atol=1e-6)
        expected.square().sum().backward()
        for name, weights in module.named_parameters():
            own = ensemble.core.get_parameter(name.replace(".", "__")).grad[replicate]
            torch.testing.assert_close(own, weights.grad, rtol=1e-4, atol=1e-5)
    starts = ensemble.core.gate__0__weight
    assert not torch.equal(starts[0], starts[1])


def test_copies_start_by_their_own_seed_and_leave_torchs_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    options = {"n_tasks": 2, "n_features": 4}
    one = Ensemble.of_core(from_module(Mine, 16), seeds=(3, 1), **options)
    again = Ensemble.of_core(from_module(Mine, 16), seeds=(1,), **options)
    assert torch.rand(1) == expected
    for a, b in zip(one.parameters(), again.parameters(), strict=True):
        assert torch.equal(a[1], b[0])


def test_a_module_with_running_averages_is_refused():
    with pytest.raises(ValueError, match="the module must have no buffers"):
        from_module(lambda: nn.BatchNorm1d(4), 4)


# ---- bad input


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


BAD_CALLS = [
    (lambda: build("rmm"), "architecture must be one of 'feedforward', 'gru', .* got 'rmm'"),
    (lambda: build("rnn", alpa=0.5), "option of RateNetwork must be one of 'alpha', got 'alpa'"),
    (lambda: build("rnn", alpha=1.5), r"alpha must be a number in \(0, 1\], got 1.5"),
    (lambda: build("rnn", alpha=0), "alpha must be a finite number > 0, got 0"),
    (
        lambda: build("transformer", n_heads=5),
        "n_heads must divide n_units = 16, got 5, which leaves 1",
    ),
    (lambda: build("transformer", n_heads=0), "n_heads must be a whole number >= 1, got 0"),
    (lambda: build("transformer", n_layers=0), "n_layers must be a whole number >= 1, got 0"),
    (lambda: build("transformer", positions="yes"), "positions must be True or False, got 'yes'"),
    (lambda: make_core("gru", 0), "n_units must be a whole number >= 1, got 0"),
    (lambda: make_core("gru", 2.0), "n_units must be a whole number >= 1, got 2.0"),
    (lambda: build("rnn", seeds=()), "number of seeds must be a whole number >= 1, got 0"),
    (lambda: build("rnn", n_tasks=(2, 3)), "n_tasks must have one entry a seed, 3, got 2"),
    (lambda: build("rnn", n_tasks=(2, 0, 3)), "n_tasks must be a whole number >= 1, got 0"),
    (lambda: build("rnn", n_tasks=-1), "n_tasks must be a whole number >= 1, got -1"),
    (lambda: build("rnn", seeds=(1, -2, 3)), "seed must be a whole number >= 0, got -2"),
    (lambda: build("rnn", head="softmax"), "head must be one of 'logistic', 'probit', got"),
    (lambda: build("rnn", precision="float16"), "precision must be one of 'float32', 'bfloat16'"),
    (
        lambda: Ensemble("rnn", seeds=[1], n_tasks=1, n_features=0),
        "n_features must be a whole number >= 1, got 0",
    ),
    (
        lambda: Ensemble.of_core(make_core("gru", 4), seeds=[1], n_tasks=[0], n_features=2),
        "n_tasks must be a whole number >= 1, got 0",
    ),
    (
        lambda: architecture("rnn")(type("Other", (Core,), {})),
        "name must be new, got 'rnn', which is RateNetwork",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[m[:40] for _, m in BAD_CALLS])
@pytest.mark.usefixtures("as_users_see_it")
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("as_users_see_it")
def test_numbers_of_tasks_may_come_from_numpy():
    assert build("rnn", n_tasks=np.int64(3)).n_tasks == (3, 3, 3)
    assert build("rnn", n_tasks=np.array([1, 2, 3])).n_tasks == (1, 2, 3)


@pytest.mark.usefixtures("empty_registry")
def test_the_same_class_may_be_defined_again_as_in_a_notebook():
    architecture("again")(type("Again", (Core,), {}))
    architecture("again")(type("Again", (Core,), {}))
    assert architectures().count("again") == 1


def test_shapes_in_signatures_are_checked_in_tests():
    with pytest.raises(jaxtyping.TypeCheckError):
        affine(torch.zeros(2, 3, 4, 5), torch.zeros(2, 6, 7), torch.zeros(2, 7))
