"""Recurrent cores against torch's modules and against loops written from their formulas."""

import numpy as np
import pytest
import torch
from torch import nn

from trilateration.networks import Ensemble, Memoryless

FEATURES, UNITS, TIME, TRIALS, SEEDS = 3, 6, 7, 4, (1, 2)


def ensemble_of(name, **options):
    ensemble = Ensemble(
        name, seeds=SEEDS, n_tasks=2, n_features=FEATURES, n_units=UNITS, fixation=False, **options
    )
    return ensemble.double()


@pytest.fixture
def features():
    rng = np.random.default_rng(5)
    return torch.from_numpy(rng.standard_normal((len(SEEDS), TRIALS, TIME, FEATURES)))


def gates_to(ours, order):
    """Return torch's ``(gate x unit, input)`` from ours, ``(input, gate x unit)``."""
    ordered = torch.cat([ours.split(UNITS, -1)[gate] for gate in order], -1)
    return ordered.T.contiguous() if ordered.ndim == 2 else ordered


# Where torch's gates stand in ours: i f g o in input, forget, output, candidate; r z n as they are.
MODULES = {"lstm": (nn.LSTM, (0, 1, 3, 2)), "gru": (nn.GRU, (0, 1, 2))}


@pytest.mark.parametrize("name", MODULES)
def test_states_and_weight_gradients_are_those_of_torch(name, features):
    module_of, order = MODULES[name]
    ensemble = ensemble_of(name)
    hidden = ensemble(features).hidden
    gradient = torch.randn(
        hidden.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    hidden.backward(gradient)
    own = dict(ensemble.named_parameters())
    ways = {
        "weight_ih_l0": "input.weight",
        "bias_ih_l0": "input.bias",
        "weight_hh_l0": "core.recurrent",
    }
    ways["bias_hh_l0"] = "input.second_bias" if name == "lstm" else "core.recurrent_bias"

    for replicate in range(len(SEEDS)):
        module = module_of(FEATURES, UNITS, batch_first=True).double()
        for theirs, ours in ways.items():
            getattr(module, theirs).data = gates_to(own[ours][replicate].detach(), order)
        states, _ = module(features[replicate])
        states.backward(gradient[replicate])
        torch.testing.assert_close(hidden[replicate], states)
        for theirs, ours in ways.items():
            found = gates_to(own[ours].grad[replicate], order)
            torch.testing.assert_close(
                found, getattr(module, theirs).grad, msg=f"gradient of {ours}"
            )


def loop(ensemble, features, step):
    """Run h_k = step(h_{k−1}, relu(W h_{k−1} + U x_k + b)) in NumPy, one replicate at a time."""
    own = {name: p.detach().numpy() for name, p in ensemble.named_parameters()}
    hidden = np.zeros((len(features), TRIALS, TIME, UNITS))
    for r, x in enumerate(features.numpy()):
        state = np.zeros((TRIALS, UNITS))
        for k in range(TIME):
            drive = x[:, k] @ own["input.weight"][r] + own["input.bias"][r]
            drive = drive + own["input.second_bias"][r] + state @ own["core.recurrent"][r]
            state = step(state, np.maximum(drive, 0))
            hidden[r, :, k] = state
    return hidden


@pytest.mark.parametrize(
    ("name", "options", "step"),
    [
        ("rnn", {}, lambda h, r: r),
        ("rnn", {"alpha": 0.2}, lambda h, r: 0.8 * h + 0.2 * r),
        ("integrator", {}, lambda h, r: h + r),
    ],
    ids=["no leak", "leak", "integrator"],
)
def test_rate_networks_are_their_formula(name, options, step, features):
    ensemble = ensemble_of(name, **options)
    found = ensemble(features).hidden.detach().numpy()
    np.testing.assert_allclose(found, loop(ensemble, features, step), atol=1e-12)


def test_without_a_leak_it_is_the_rnn_of_torch(features):
    ensemble = ensemble_of("rnn")
    module = nn.RNN(FEATURES, UNITS, nonlinearity="relu", batch_first=True).double()
    module.weight_ih_l0.data = ensemble.input.weight[1].detach().T.contiguous()
    module.weight_hh_l0.data = ensemble.core.recurrent[1].detach().T.contiguous()
    module.bias_ih_l0.data = ensemble.input.bias[1].detach()
    module.bias_hh_l0.data = ensemble.input.second_bias[1].detach()
    torch.testing.assert_close(ensemble(features).hidden[1], module(features[1])[0])


def test_the_integrator_only_grows(features):
    hidden = ensemble_of("integrator")(features).hidden
    assert (hidden.diff(dim=2) >= 0).all()


@pytest.mark.parametrize(
    ("name", "alpha", "decay"), [("rnn", 1.0, 0.95), ("rnn", 0.3, 0.95), ("integrator", None, 1.0)]
)
def test_a_persistent_start_outlasts_a_trial(name, alpha, decay):
    ensemble = ensemble_of(name, **({} if alpha is None else {"alpha": alpha}))
    ensemble.core.make_persistent()
    drive = torch.zeros(len(SEEDS), 20, TRIALS, UNITS, dtype=torch.float64)
    drive[:, 0] = 1.0
    hidden = ensemble.core(drive)
    expected = hidden[:, :1] * decay ** torch.arange(20)[:, None, None]
    torch.testing.assert_close(hidden, expected.expand_as(hidden), rtol=1e-6, atol=0)


def test_the_memoryless_control_sees_the_present_only(features):
    ensemble = ensemble_of("feedforward")
    order = torch.randperm(TIME, generator=torch.Generator().manual_seed(1))
    shuffled = ensemble(features[:, :, order]).hidden
    torch.testing.assert_close(shuffled, ensemble(features).hidden[:, :, order])
    layers = nn.Sequential(
        nn.Linear(FEATURES, UNITS), nn.ReLU(), nn.Linear(UNITS, UNITS), nn.ReLU()
    )
    layers.double()
    layers[0].weight.data, layers[0].bias.data = ensemble.input.weight[0].T, ensemble.input.bias[0]
    layers[2].weight.data, layers[2].bias.data = ensemble.core.second[0].T, ensemble.core.bias[0]
    torch.testing.assert_close(ensemble(features).hidden[0], layers(features[0]))
    assert isinstance(ensemble.core, Memoryless)


CAUSAL = ["rnn", "integrator", "lstm", "gru", "transformer", "state-space", "feedforward"]


@pytest.mark.parametrize("name", CAUSAL)
def test_the_future_changes_nothing_earlier(name, features):
    options = {"n_heads": 3, "n_layers": 2, "positions": True} if name == "transformer" else {}
    ensemble = ensemble_of(name, **options)
    before = ensemble(features).hidden
    changed = features.clone()
    changed[:, :, 4:] += 1
    after = ensemble(changed).hidden
    torch.testing.assert_close(after[:, :, :4], before[:, :, :4], rtol=0, atol=1e-14)
    assert not torch.allclose(after[:, :, 4:], before[:, :, 4:])


@pytest.mark.parametrize("name", CAUSAL)
def test_trials_do_not_see_one_another(name, features):
    options = {"n_heads": 3} if name == "transformer" else {}
    ensemble = ensemble_of(name, **options)
    alone = ensemble(features[:, 1:2]).hidden
    torch.testing.assert_close(alone, ensemble(features).hidden[:, 1:2], rtol=0, atol=1e-12)
