"""The transformer against torch's modules, the state-space model against its recurrence."""

import numpy as np
import pytest
import torch
from torch import nn

from trilateration.networks import Ensemble

FEATURES, UNITS, TIME, TRIALS, SEEDS = 3, 8, 6, 4, (1, 2)


def transformer(**options):
    ensemble = Ensemble(
        "transformer",
        seeds=SEEDS,
        n_tasks=2,
        n_features=FEATURES,
        n_units=UNITS,
        fixation=False,
        n_heads=4,
        **options,
    )
    with torch.no_grad():  # GPT-2's weights are so small at the start that attention is uniform
        for name, parameter in ensemble.core.named_parameters():
            if "scale" not in name:
                parameter.copy_(
                    20 * parameter
                    + 0.1 * torch.sin(torch.arange(parameter[0].numel())).view(parameter[0].shape)
                )
    return ensemble.double()


@pytest.fixture
def features():
    rng = np.random.default_rng(6)
    return torch.from_numpy(3 * rng.standard_normal((len(SEEDS), TRIALS, TIME, FEATURES)))


def reference(ensemble, replicate, x):
    """Run one replicate with torch's own modules, from drive to last norm."""
    own = {name: p[replicate].detach() for name, p in ensemble.core.named_parameters()}
    later = nn.Transformer.generate_square_subsequent_mask(TIME, dtype=torch.float64)
    state = x @ ensemble.input.weight[replicate] + ensemble.input.bias[replicate]
    if ensemble.core.positions:
        state = state + own["position"][:TIME]

    def norm(name, values):
        layer = nn.LayerNorm(UNITS, dtype=torch.float64)
        layer.weight.data, layer.bias.data = own[name.format("scale")], own[name.format("shift")]
        return layer(values)

    def linear(name, values):
        return nn.functional.linear(values, own[name.format("")].T, own[name.format("_bias")])

    for k in range(ensemble.core.n_layers):
        attention = nn.MultiheadAttention(UNITS, 4, batch_first=True, dtype=torch.float64)
        attention.in_proj_weight.data = own[f"attend_{k}"].T
        attention.in_proj_bias.data = own[f"attend_bias_{k}"]
        attention.out_proj.weight.data = own[f"mix_{k}"].T
        attention.out_proj.bias.data = own[f"mix_bias_{k}"]
        seen = norm(f"first_{{}}_{k}", state)
        state = state + attention(seen, seen, seen, attn_mask=later, need_weights=False)[0]
        inner = linear(f"widen{{}}_{k}", norm(f"second_{{}}_{k}", state))
        inner = nn.GELU(approximate="tanh")(inner)
        state = state + linear(f"narrow{{}}_{k}", inner)
    return norm("last_{}", state)


@pytest.mark.parametrize("positions", [True, False])
@pytest.mark.parametrize("n_layers", [1, 2])
def test_it_is_a_pre_norm_transformer(n_layers, positions, features):
    ensemble = transformer(n_layers=n_layers, positions=positions)
    hidden = ensemble(features).hidden
    for replicate in range(len(SEEDS)):
        expected = reference(ensemble, replicate, features[replicate])
        torch.testing.assert_close(hidden[replicate], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "invariant"),
    [({}, True), ({"positions": True}, False), ({"n_layers": 2}, False)],
    ids=["one layer", "with positions", "two layers"],
)
def test_one_layer_without_positions_does_not_see_the_order_of_the_past(
    options, invariant, features
):
    """A second layer sees states of the first, and those know what came before them."""
    ensemble = transformer(**options)
    order = torch.tensor([3, 0, 4, 1, 2, 5])  # the last step, which asks, stays the last
    last = ensemble(features).hidden[:, :, -1]
    moved = ensemble(features[:, :, order]).hidden[:, :, -1]
    assert torch.allclose(last, moved, rtol=0, atol=1e-12) == invariant


def test_positions_reach_as_far_as_they_are_learned():
    ensemble = transformer(positions=True)
    with pytest.raises(ValueError, match="at most 256 steps, got 257"):
        ensemble(torch.zeros(len(SEEDS), 1, 257, FEATURES, dtype=torch.float64))


@pytest.fixture
def state_space():
    ensemble = Ensemble(
        "state-space", seeds=SEEDS, n_tasks=2, n_features=FEATURES, n_units=UNITS, fixation=False
    )
    return ensemble.double()


def test_the_state_space_model_is_its_recurrence(state_space, features):
    own = {name: p.detach() for name, p in state_space.core.named_parameters()}
    decay = own["rate"].sigmoid()[:, None]
    drive = features @ state_space.input.weight[:, None] + state_space.input.bias[:, None, None]
    state, hidden = torch.zeros(len(SEEDS), TRIALS, UNITS, dtype=torch.float64), []
    for k in range(TIME):
        state = decay * state + (1 - decay) * drive[:, :, k]
        hidden.append((state @ own["output"] + own["bias"][:, None]).relu())
    torch.testing.assert_close(state_space(features).hidden, torch.stack(hidden, 2))


def test_its_time_constants_lie_between_one_and_a_hundred_steps():
    ensemble = Ensemble("state-space", seeds=[0], n_tasks=1, n_features=1, n_units=2000)
    tau = -1 / ensemble.core.rate[0].detach().double().sigmoid().log()
    assert tau.min() > 0.999
    assert tau.max() < 100.1
    assert tau.log10().mean() == pytest.approx(1, abs=0.05)  # log-uniform
