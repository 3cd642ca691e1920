"""The same seed gives the same bits, alone or in any company: odd widths, any number of threads."""

import numpy as np
import pytest
import torch

from trilateration.sweeps import CONTESTANTS
from trilateration.training import Configuration, protocol, train
from trilateration.training.optimiser import PaddedAdam

COUNTS = (1, 2, 3, 3, 6, 12, 24, 24)


@pytest.fixture
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


def pack(network, n_units=None, *, seed=10, **changes):
    """Eight networks that differ in seed, tasks and noise."""
    own = CONTESTANTS[network]
    shared = {"steps": 60, "learning_rate": 2e-2, "stimulus_steps": 6}
    shared |= {k: changes.pop(k) for k in ("steps", "batch", "averaging") if k in changes}
    return [
        Configuration(
            own.architecture, seed=seed + k, n_tasks=n, n_units=n_units or own.matched_units,
            options=own.options, sigma=(0.2, 0.1)[k % 2], protocol=protocol("fast", **shared),
            **changes,
        )
        for k, n in enumerate(COUNTS)
    ]  # fmt: skip


def assert_alone_is_as_in_company(configurations, which):
    together = train(configurations, device="cpu", progress=False)
    for k in which:
        alone = train([configurations[k]], device="cpu", progress=False)
        pairs = zip(alone.ensemble.named_parameters(), together.ensemble.parameters(), strict=True)
        for (name, own), other in pairs:
            other = other[k][tuple(map(slice, own[0].shape))]
            assert torch.equal(own[0], other), f"{name} of replicate {k}"
        np.testing.assert_allclose(alone.losses[:, 0], together.losses[:, k], rtol=1e-6)


@pytest.mark.parametrize("head", ["logistic", "probit"])
@pytest.mark.parametrize("network", CONTESTANTS)
def test_alone_and_in_company_to_the_last_bit(network, head):
    assert_alone_is_as_in_company(pack(network, head=head), (0, 2, 5))


@pytest.mark.parametrize("threads", [2, 3], indirect=True)
@pytest.mark.parametrize("network", ["rnn", "lstm", "gru", "transformer", "state-space"])
@pytest.mark.usefixtures("threads")
def test_on_several_threads(network):
    assert_alone_is_as_in_company(pack(network, steps=8, batch=96), (3,))


@pytest.mark.parametrize(
    ("network", "units"),
    [("rnn", 17), ("integrator", 5), ("lstm", 13), ("gru", 7), ("state-space", 9),
     ("memoryless", 11), ("transformer", 9), ("transformer-positions", 27)],
)  # fmt: skip
@pytest.mark.parametrize(("batch", "dimension"), [(64, 2), (13, 3)])
def test_at_other_sizes(network, units, batch, dimension):
    changes = {"batch": batch, "dimension": dimension, "tasks": "random", "averaging": 0.9}
    assert_alone_is_as_in_company(pack(network, units, steps=10, **changes), (1, 6))


def test_the_place_in_the_pack_does_not_matter():
    configurations = pack("lstm", seed=30)[3:6]  # with 3, 6 and 12 tasks
    others = pack("lstm", seed=50)[:3]
    one = train(configurations, device="cpu", progress=False)
    other = train(others + configurations[::-1], device="cpu", progress=False)
    for own, theirs in zip(one.ensemble.parameters(), other.ensemble.parameters(), strict=True):
        for k in range(3):
            assert torch.equal(own[k], theirs[5 - k])


# ---- Adam


def weights(*shapes):
    rng = np.random.default_rng(4)
    return [torch.nn.Parameter(torch.from_numpy(rng.standard_normal(s)).float()) for s in shapes]


def gradients(parameters, seed):
    rng = np.random.default_rng(seed)
    for parameter in parameters:
        drawn = torch.from_numpy(rng.standard_normal(parameter.shape)).float()
        parameter.grad = drawn


def test_padded_adam_is_torchs():
    ours, theirs = weights((3, 5, 7), (3, 7), (1,)), weights((3, 5, 7), (3, 7), (1,))
    adam, expected = PaddedAdam(ours), torch.optim.Adam(theirs, 1e-2, foreach=False)
    for step in range(30):
        gradients(ours, step)
        gradients(theirs, step)
        expected.param_groups[0]["lr"] = rate = 1e-2 / (1 + step)
        adam.step(rate)
        expected.step()
        assert all(p.grad is None for p in ours)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


def test_padded_adam_goes_on_from_its_state():
    ours = weights((3, 5, 7), (3, 7))
    adam = PaddedAdam(ours)
    assert adam.state() == [{}, {}]
    gradients(ours, 0)
    adam.step(1e-2)
    copies = [torch.nn.Parameter(p.detach().clone()) for p in ours]
    again = PaddedAdam(copies)
    again.restore([{k: v.clone() for k, v in own.items()} for own in adam.state()])
    for parameters, optimiser in ((ours, adam), (copies, again)):
        gradients(parameters, 1)
        optimiser.step(1e-2)
    assert all(torch.equal(a, b) for a, b in zip(ours, copies, strict=True))


def test_a_parameter_that_nothing_uses_stays():
    ours = weights((4,), (4,))
    before = ours[1].detach().clone()
    adam = PaddedAdam(ours)
    for step in range(3):
        gradients(ours[:1], step)
        adam.step(0.1)
    assert torch.equal(ours[1], before)


def test_trained_networks_own_their_memory():
    trained = train(pack("gru", steps=2)[:2], device="cpu", progress=False)
    for parameter in trained.ensemble.parameters():
        assert parameter.untyped_storage().nbytes() == parameter.numel() * 4
