"""The descent against one written with torch's modules, and replicates that do not feel company."""

import math
import warnings

import jaxtyping
import numpy as np
import pytest
import torch
from torch import nn

from trilateration.networks import architectures
from trilateration.readout import PENALTIES, left_out_predictions, orthants, prior_r2
from trilateration.training import (
    Configuration,
    DivergenceWarning,
    Worlds,
    choose_device,
    loop,
    protocol,
    record,
    train,
    untrained,
)


def run(configurations, **options):
    return train(configurations, **({"device": "cpu", "progress": False} | options))


def mixed(n, **shared):
    """Configurations that differ in all that replicates of one ensemble may differ in."""
    counts = (2, 3, 6, 12, 24)
    return [
        Configuration(seed=k, n_tasks=counts[5 * k // n], sigma=(0.2, 0.1, 0.3)[k % 3], **shared)
        for k in range(n)
    ]


def weights_of(trained, replicate):
    """Return one replicate's weights by name, without columns of tasks it lacks."""
    own = {name: p[replicate] for name, p in trained.ensemble.named_parameters()}
    n = trained.configurations[replicate].n_tasks
    return own | {name: own[name][..., :n] for name in ("heads.weight", "heads.bias")}


def assert_same(one, other, atol=0.0):
    for name, weights in one.items():
        torch.testing.assert_close(weights, other[name], rtol=0, atol=atol, msg=f"{name} differ")


# ---- the authors' step, and what theory says of the loss


class Reference(nn.Module):
    """One network as the authors build it: frozen encoder, fixation channel, RNN, sigmoid."""

    def __init__(self, ensemble, worlds):
        super().__init__()
        layers = []
        for k in range(3):
            weight = getattr(worlds.encoders, f"weight_{k}")[0]
            layers += [nn.Linear(*weight.shape), nn.ReLU()]
            layers[-2].weight.data, layers[-2].bias.data = (
                weight.T,
                getattr(worlds.encoders, f"bias_{k}")[0],
            )
        self.encoder = nn.Sequential(*layers[:-1]).requires_grad_(False)
        own = {name: p.detach()[0] for name, p in ensemble.named_parameters()}
        units, n = ensemble.core.n_units, ensemble.n_tasks[0]
        self.rnn = nn.RNN(41, units, nonlinearity="relu", batch_first=True)
        channel = own["input.fixation"][None]
        self.rnn.weight_ih_l0.data = torch.cat([own["input.weight"], channel]).T.contiguous()
        self.rnn.bias_ih_l0.data = own["input.bias"].clone()
        self.rnn.weight_hh_l0.data = own["core.recurrent"].T.contiguous()
        self.rnn.bias_hh_l0.data = own["input.second_bias"].clone()
        self.decoder = nn.Linear(units, n)
        self.decoder.weight.data = own["heads.weight"][:, :n].T.contiguous()
        self.decoder.bias.data = own["heads.bias"][:n].clone()

    def forward(self, evidence):
        """Return readouts from evidence ``(trial, time, 2)``, a step before and one after it."""
        silence = torch.zeros_like(evidence[:, :1])
        inputs = self.encoder(torch.cat([silence, evidence, silence], 1))
        fixation = torch.ones_like(inputs[..., :1])
        fixation[:, -1] = 0
        return self.decoder(self.rnn(torch.cat([inputs, fixation], -1))[0])


def logistic_loss(readouts, targets):
    return nn.BCELoss()(torch.sigmoid(readouts), targets)


def probit_loss(readouts, targets):
    sides = (
        targets * torch.special.log_ndtr(readouts),
        (1 - targets) * torch.special.log_ndtr(-readouts),
    )
    return -(sides[0] + sides[1]).mean()


@pytest.mark.parametrize(
    ("head", "loss_of"), [("logistic", logistic_loss), ("probit", probit_loss)]
)
@pytest.mark.parametrize("asked", ["decision", "always"])
def test_the_authors_step_is_that_of_ordinary_modules_and_torchs_adam(head, loss_of, asked):
    changes = {"steps": 50, "stimulus_steps": 8, "asked": asked, "learning_rate": 2e-3}
    configuration = Configuration(
        seed=3, n_tasks=4, n_units=16, head=head, protocol=protocol("authors", **changes)
    )
    ensemble, worlds = untrained([configuration])
    network = Reference(ensemble, worlds)
    optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], 2e-3)
    # The same evidence without the encoder, and the labels of the paper's lines y > x tan φ.
    bare = Worlds(
        [Configuration(seed=3, n_tasks=4, observation="identity", protocol=configuration.protocol)]
    )
    tangents = torch.tan((torch.arange(4) + 0.5) * math.pi / 4)
    losses = []
    for step in range(50):
        batch = bare.batch(step)
        x = batch.latents[0]
        labels = (x[:, 1:] > x[:, :1] * tangents).float()
        readouts = network(batch.features[0, 1:-1].transpose(0, 1))
        targets = labels[:, None].repeat(1, 10, 1)
        targets[:, : 9 if asked == "decision" else 1] = 0.5
        loss = loss_of(readouts, targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())

    trained = run([configuration], records=50)
    np.testing.assert_allclose(trained.losses[:, 0], losses, atol=2e-6)
    np.testing.assert_array_equal(trained.recorded_at, np.arange(1, 51))
    found, expected = weights_of(trained, 0), weights_of_reference(network)
    assert_same(expected, found, atol=2e-5)


def weights_of_reference(network):
    into = network.rnn.weight_ih_l0.detach().T
    return {
        "input.weight": into[:-1],
        "input.fixation": into[-1],
        "input.bias": network.rnn.bias_ih_l0.detach(),
        "input.second_bias": network.rnn.bias_hh_l0.detach(),
        "core.recurrent": network.rnn.weight_hh_l0.detach().T,
        "heads.weight": network.decoder.weight.detach().T,
        "heads.bias": network.decoder.bias.detach(),
    }


@pytest.mark.parametrize("head", ["logistic", "probit"])
def test_an_undecided_network_loses_log_two_and_the_floor_is_what_it_cannot_avoid(
    head, monkeypatch
):
    begin = loop.untrained

    def undecided(configurations, **options):
        ensemble, worlds = begin(configurations, **options)
        with torch.no_grad():
            for parameter in ensemble.heads.parameters():
                parameter.zero_()
        return ensemble, worlds

    monkeypatch.setattr(loop, "untrained", undecided)
    brief = protocol("authors", steps=300, stimulus_steps=3, learning_rate=3e-3)
    trained = run(mixed(3, head=head, protocol=brief), records=300)
    np.testing.assert_allclose(trained.losses[0], math.log(2), rtol=1e-6)
    assert np.all(trained.losses > brief.loss_floor)
    late = trained.losses[-50:].mean(0) - brief.loss_floor
    assert np.all(late < 0.9 * (math.log(2) - brief.loss_floor))


def test_the_running_average_forgets_its_start():
    """m ← d m + (1 − d) w with d = min(decay, k/(k + 9)) after step k, from the start."""
    own = {"seed": 1, "n_tasks": 2, "n_units": 4}

    def after(steps, **changes):
        brief = protocol("authors", steps=steps, stimulus_steps=2, batch=2, **changes)
        return weights_of(run([Configuration(**own, protocol=brief)]), 0)

    start, _ = untrained([Configuration(**own)])
    average = {name: p.detach()[0] for name, p in start.named_parameters()}
    for k in range(1, 6):
        decay = min(0.25, k / (k + 9))
        now = after(k)
        average = {
            n: decay * average[n][..., : w.shape[-1]] + (1 - decay) * w for n, w in now.items()
        }
    assert_same(average, after(5, averaging=0.25), atol=1e-6)


def test_the_fast_protocol_soon_decodes_better_than_chance_weights():
    brief = protocol("fast", steps=150)
    configurations = [Configuration(seed=k, n_tasks=12, protocol=brief) for k in range(3)]
    trained = run(configurations)

    def quality(ensemble, worlds):
        recording = record(ensemble, worlds, 400)
        scores = []
        for hidden, x in zip(recording.hidden[:, :, 0], recording.latents, strict=True):
            x = x.astype(float)
            guess = left_out_predictions(hidden, x, orthants(x), penalty=PENALTIES)
            scores.append(prior_r2(x, guess).value)
        return np.median(scores)

    fresh, worlds = untrained([Configuration(seed=k, n_tasks=12) for k in range(3)])
    assert quality(trained.ensemble, trained.worlds) > quality(fresh, worlds) + 0.05
    assert quality(trained.ensemble, trained.worlds) > 0.7


# ---- company


def test_a_network_trains_the_same_alone_and_among_a_hundred():
    brief = protocol("authors", steps=200, stimulus_steps=4)
    configurations = mixed(100, protocol=brief)
    together = run(configurations)
    for k in (0, 37, 99):  # with 2, 3 and 24 tasks
        alone = run([configurations[k]])
        assert_same(weights_of(alone, 0), weights_of(together, k), atol=1e-5)
        np.testing.assert_allclose(alone.losses[:, 0], together.losses[:, k], rtol=1e-5)
    assert together.losses.shape == (100, 100)
    assert np.isfinite(together.losses).all()
    assert not together.diverged.any()


@pytest.mark.parametrize("head", ["logistic", "probit"])
@pytest.mark.parametrize("name", [name for name in architectures() if name != "rnn"])
def test_so_does_every_architecture(name, head):
    brief = protocol("dense", steps=40, stimulus_steps=4, averaging=0.9, start="persistent")
    options = {"n_heads": 2} if name == "transformer" else {}
    own = {"architecture": name, "n_units": 16, "options": options, "head": head, "protocol": brief}
    configurations = mixed(6, tasks="random", offset_half_width=0.2, **own)
    together = run(configurations)
    for k in (1, 4):
        assert_same(weights_of(run([configurations[k]]), 0), weights_of(together, k), atol=1e-5)


def test_seeds_act_and_repeat():
    brief = protocol("authors", steps=5, stimulus_steps=3)
    one, again = (run([Configuration(seed=2, protocol=brief)]) for _ in range(2))
    other = run([Configuration(seed=3, protocol=brief)])
    assert_same(weights_of(one, 0), weights_of(again, 0))
    for name, weights in weights_of(one, 0).items():
        assert not torch.equal(weights, weights_of(other, 0)[name])


def test_columns_of_tasks_that_a_replicate_lacks_stay_zero():
    brief = protocol("dense", steps=20, stimulus_steps=3, averaging=0.5)
    for head in ("logistic", "probit"):
        heads = run(mixed(4, head=head, n_units=8, protocol=brief)).ensemble.heads
        for replicate, n in enumerate((2, 3, 6, 12)):
            assert (heads.weight[replicate, :, n:] == 0).all()
            assert (heads.bias[replicate, n:] == 0).all()
            assert (heads.bias[replicate, :n] != 0).all()


# ---- divergence and patience


def poison(monkeypatch, replicate, value):
    begin = loop.untrained

    def poisoned(configurations, **options):
        ensemble, worlds = begin(configurations, **options)
        with torch.no_grad():
            ensemble.core.recurrent[replicate] = value
        return ensemble, worlds

    monkeypatch.setattr(loop, "untrained", poisoned)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e6])
def test_a_network_that_diverges_is_named_and_stops_no_other(value, monkeypatch):
    brief = protocol("authors", steps=12, stimulus_steps=4, averaging=0.5)
    configurations = mixed(4, n_units=8, protocol=brief)
    healthy = run(configurations, records=6)
    poison(monkeypatch, 1, value)
    message = r"replicate 1 \(seed 1, 3 tasks\) diverged by step 2: loss .*; the others go on"
    with pytest.warns(DivergenceWarning, match=message) as caught:
        trained = run(configurations, records=6)
    assert len(caught) == 1
    assert trained.diverged.tolist() == [False, True, False, False]
    assert trained.stopped_at.tolist() == [12, 2, 12, 12]
    assert np.isnan(trained.losses).all(axis=0).tolist() == [False, True, False, False]
    for k in (0, 2, 3):
        assert_same(weights_of(trained, k), weights_of(healthy, k))
        np.testing.assert_array_equal(trained.losses[:, k], healthy.losses[:, k])


def test_when_all_have_diverged_there_is_nothing_more_to_do(monkeypatch):
    poison(monkeypatch, slice(None), math.nan)
    brief = protocol("authors", steps=1000, stimulus_steps=2, batch=2)
    with pytest.warns(DivergenceWarning):
        trained = run(mixed(2, n_units=4, protocol=brief), records=200)
    assert trained.recorded_at.tolist() == [5]
    assert trained.stopped_at.tolist() == [5, 5]


def test_patience_stops_each_network_at_its_own_step_and_returns_the_weights_of_that_step():
    changes = {"stimulus_steps": 3, "batch": 4, "patience": 3}
    brief = protocol("authors", steps=80, **changes)
    configurations = mixed(4, n_units=8, protocol=brief)
    together = run(configurations, records=40)
    assert len(set(together.stopped_at)) > 1
    for k, configuration in enumerate(configurations):
        stopped = int(together.stopped_at[k])
        alone = run([configuration], records=40)
        assert alone.stopped_at.tolist() == [stopped]
        assert_same(weights_of(alone, 0), weights_of(together, k), atol=1e-6)
        losses = together.losses[:, k]
        assert np.isfinite(losses[: stopped // 2]).all()
        assert np.isnan(losses[stopped // 2 :]).all()
        # Its last 3 losses did not improve, and at no earlier step was that so.
        running = np.minimum.accumulate(losses[: stopped // 2])
        stalled = [t for t in range(3, len(running)) if running[t] == running[t - 3]]
        assert stalled == [stopped // 2 - 1]
        brief_alone = protocol("authors", steps=stopped, **(changes | {"patience": 0}))
        cut = run([Configuration(**(vars(configuration) | {"protocol": brief_alone}))])
        assert_same(weights_of(cut, 0), weights_of(together, k), atol=1e-6)


# ---- devices, records, bad input


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


TINY = Configuration(n_tasks=1, n_units=2, protocol=protocol("authors", steps=7, stimulus_steps=1))
BAD_CALLS = [
    (lambda: choose_device("quantum"), "device must be 'auto', 'cpu' or 'cuda', got 'quantum'"),
    (
        lambda: run([TINY], device="cuda:99"),
        "device must be 'auto', 'cpu' or 'cuda', got 'cuda:99'",
    ),
    (lambda: run([TINY], records=0), "records must be a whole number >= 1, got 0"),
    (lambda: run([TINY], checkpoint_every=-1), "checkpoint_every must be a finite number >= 0"),
    (lambda: run([TINY], progress="yes"), "progress must be True or False, got 'yes'"),
    (lambda: run([]), "configurations must hold at least one, got none"),
    (
        lambda: run([TINY, Configuration(n_units=3)]),
        "n_units must be the same in one ensemble, got 2 and 3",
    ),
    (lambda: record(*untrained([TINY]), 0), "n_trials must be a whole number >= 1, got 0"),
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[m[:40] for _, m in BAD_CALLS])
@pytest.mark.usefixtures("as_users_see_it")
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_automatic_device_is_one_that_is_there():
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == choose_device(torch.device("cpu")) == torch.device("cpu")


@pytest.mark.parametrize(
    ("records", "expected"), [(1, [7]), (3, [2, 4, 6, 7]), (100, [1, 2, 3, 4, 5, 6, 7])]
)
def test_losses_are_recorded_evenly_and_at_the_end(records, expected):
    assert run([TINY], records=records).recorded_at.tolist() == expected


def test_the_progress_bar_says_what_is_trained(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # notebooks' widgets, where there are none
        run([TINY], progress=True)
    assert "1 x rnn" in capsys.readouterr().err


def test_trained_networks_are_frozen():
    trained = run([TINY])
    assert not trained.ensemble.training
    assert not any(p.requires_grad for p in trained.ensemble.parameters())
    assert trained.seconds > 0
