import dataclasses

import numpy as np
import pytest
import torch

from trilateration.sweeps import decoding_scores, scores
from trilateration.training import Configuration, protocol, train

PROTOCOL = protocol("fast", stimulus_steps=5, batch=16, steps=5)


@pytest.fixture(scope="module")
def trained():
    configurations = [
        Configuration("rnn", n, s, protocol=PROTOCOL, n_units=16) for n, s in ((2, 0), (6, 1))
    ]
    return train(configurations, progress=False)


def with_hidden(monkeypatch, hidden_of):
    """Let recordings have the hidden states that a function of the latents gives."""
    original = scores.record

    def record(*arguments):
        found = original(*arguments)
        return found._replace(hidden=hidden_of(found.latents)[:, :, None])

    monkeypatch.setattr(scores, "record", record)


def test_a_perfect_code_scores_one(trained, monkeypatch):
    with_hidden(monkeypatch, lambda x: np.concatenate([x, 1 - x], axis=-1))
    table = decoding_scores(trained, n_trials=400)
    np.testing.assert_allclose(table[["r2", "ood_r2", "worst_ood_r2", "within_r2"]], 1, atol=1e-4)
    assert (table["silent_units"] == 0).all()


def test_a_code_of_sides_knows_the_quadrant_and_nothing_within(trained, monkeypatch):
    with_hidden(monkeypatch, lambda x: np.concatenate([np.sign(x), 0 * x], axis=-1))
    table = decoding_scores(trained, n_trials=4000)
    # A side explains 3/4 of a uniform coordinate's variance, in each quadrant and in all.
    np.testing.assert_allclose(table[["r2", "ood_r2"]], 0.75, atol=0.02)
    np.testing.assert_allclose(table["within_r2"], 0, atol=0.05)
    assert (table["worst_ood_r2"] <= table["ood_r2"]).all()
    assert (table["silent_units"] == 2).all()


def test_noise_scores_nothing(trained, monkeypatch):
    rng = np.random.default_rng(0)
    with_hidden(monkeypatch, lambda x: rng.standard_normal((*x.shape[:2], 5)))
    table = decoding_scores(trained, n_trials=2000)
    assert (table["r2"].abs() < 0.05).all()
    assert (table["ood_r2"] < 0.05).all()


def test_decisions_are_scored_over_a_networks_own_tasks(trained):
    ensemble = trained.ensemble
    with torch.no_grad():
        # Readouts of zero: an undecided network pays log 2 and calls every label 0.
        kept = [p.clone() for p in ensemble.heads.parameters()]
        for parameter in ensemble.heads.parameters():
            parameter.zero_()
    table = decoding_scores(trained, n_trials=2000)
    with torch.no_grad():
        for parameter, before in zip(ensemble.heads.parameters(), kept, strict=True):
            parameter.copy_(before)
    np.testing.assert_allclose(table["decision_loss"], np.log(2), rtol=1e-6)
    np.testing.assert_allclose(table["accuracy"], 0.5, atol=0.05)


def test_a_score_does_not_depend_on_the_company(trained):
    alone = train(trained.configurations[1:], progress=False)
    mixed = decoding_scores(trained, n_trials=300).iloc[1]
    np.testing.assert_allclose(decoding_scores(alone, n_trials=300).iloc[0], mixed, atol=1e-3)


@pytest.mark.parametrize("dimension", [1, 3, 12])
def test_any_dimension_can_be_scored(dimension):
    configuration = Configuration(
        n_tasks=3, dimension=dimension, tasks="random", protocol=PROTOCOL, n_units=8
    )
    table = decoding_scores(train([configuration], progress=False), n_trials=300)
    assert np.isfinite(table.to_numpy(float)).all()


def test_too_few_trials_are_refused(trained):
    with pytest.raises(ValueError, match=r"^n_trials must be a whole number >= 100, got 3$"):
        decoding_scores(dataclasses.replace(trained), n_trials=3)
