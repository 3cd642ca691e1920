"""The counted work of a step, and the fit of seconds to it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilateration.networks import flops
from trilateration.sweeps import Work, fit_seconds, inference_work, step_work
from trilateration.training import Configuration, protocol, step_products

SMALL = protocol("fast", batch=3, stimulus_steps=5, steps=1)
CASES = [
    ("rnn", {}),
    ("rnn", {"alpha": 0.5}),
    ("integrator", {}),
    ("lstm", {}),
    ("transformer", {"n_layers": 2, "n_heads": 4}),
    ("transformer", {"positions": True}),
    ("state-space", {}),
    ("feedforward", {}),
]


@pytest.mark.parametrize(("architecture", "options"), CASES)
@pytest.mark.parametrize("own", [SMALL, protocol("authors", batch=3, stimulus_steps=5)])
def test_a_real_step_takes_the_products_that_are_listed(architecture, options, own):
    one = Configuration(architecture, 7, n_units=8, options=options, protocol=own)
    assert step_work(one, 5).flops == pytest.approx(5 * flops(step_products(one)), rel=1e-12)


def test_a_large_step_that_draws_each_time_is_counted_with_its_encoder():
    large = protocol("fast", batch=40, stimulus_steps=80)  # one group, one chunk a step
    one = Configuration("feedforward", 2, n_units=8, dimension=32, tasks="random", protocol=large)
    work = step_work(one)
    assert work.flops == pytest.approx(flops(step_products(one)), rel=1e-12)
    assert work.generators == 1
    assert work.draws == 40 * 81 * 32


def test_forward_products_are_those_of_the_list_without_gradients():
    one = Configuration("transformer", 7, n_units=8, protocol=SMALL)
    # The frozen encoder, which has no gradients, made the features already.
    listed = sum(p.forward_flops for p in step_products(one) if p.gradients)
    per_trial = listed / one.protocol.batch
    assert inference_work(one, 4).flops == pytest.approx(4 * per_trial, rel=1e-12)


def test_attention_normalises_a_row_for_each_step_head_and_trial_forward_and_backward():
    options = {"n_layers": 2, "n_heads": 4}
    one = Configuration("transformer", 7, n_units=8, options=options, protocol=SMALL)
    rows = 2 * 4 * SMALL.stimulus_steps  # of a trial: layers, heads, steps
    assert inference_work(one, 6, 3).rows == 3 * 6 * rows
    assert step_work(one, 3).rows == 2 * 3 * SMALL.batch * rows
    assert step_work(Configuration("rnn", 7, n_units=8, protocol=SMALL)).rows == 0


@pytest.mark.parametrize("architecture", ["rnn", "lstm", "gru", "transformer", "state-space"])
def test_amounts_grow_with_the_ensemble_and_calls_do_not(architecture):
    # Sizes that fill cache lines: others go one after the other, too, so that they round alike.
    filled = protocol("fast", batch=16, stimulus_steps=4)
    one = Configuration(architecture, 8, n_units=16, protocol=filled)
    two, six = step_work(one, 2), step_work(one, 6)
    for name in ("flops", "special", "rows", "draws", "matrices", "label_flops"):
        assert getattr(six, name) == pytest.approx(3 * getattr(two, name), rel=1e-9)
    for name in ("element_bytes", "product_bytes"):
        assert getattr(six, name) == pytest.approx(3 * getattr(two, name), rel=1e-2)
    # Only the encoder and the copies into it go one network after the other.
    assert six.calls - two.calls < 0.1 * two.calls
    assert two.shared_calls == six.shared_calls


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_fit_finds_seconds_that_made_the_times(seed):
    rng = np.random.default_rng(seed)
    terms = ["flops", "calls", "runs"]
    work = pd.DataFrame(10 ** rng.uniform([6, 1, 0], [10, 4, 1], (12, 3)), columns=terms)
    each = 10 ** rng.uniform([-12, -7, -5], [-10, -5, -3])
    found = fit_seconds(work, work.to_numpy() @ each, terms)
    np.testing.assert_allclose(found.of(work), work.to_numpy() @ each, rtol=1e-8)
    np.testing.assert_allclose(found.each, each, rtol=1e-3)


def test_no_kind_of_work_takes_negative_time():
    work = pd.DataFrame({"flops": [1.0, 2, 3, 4], "calls": [4.0, 3, 2, 1.5]})
    found = fit_seconds(work, np.array([1.0, 2, 3, 4.5]), ["flops", "calls"])
    assert (found.each >= 0).all()
    assert found.each[1] == 0


def test_relative_errors_are_what_is_least():
    work = pd.DataFrame({"runs": [1.0, 1.0]})
    found = fit_seconds(work, np.array([1.0, 3.0]), ["runs"])
    # (c − 1)² + (c/3 − 1)² is least at c = (1 + 1/3)/(1 + 1/9).
    assert found.each[0] == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("seconds", "terms", "message"),
    [
        ([1.0, -1], ["calls"], "seconds must be positive and finite, got -1"),
        ([1.0, np.nan], ["calls"], "seconds must be positive and finite, got nan"),
        ([1.0], ["calls"], "seconds must have one entry a row, 2"),
        ([1.0, 2], ["speed"], "got none called speed"),
        ([1.0, 2], ["calls", "flops"], "work must tell the terms apart"),
    ],
)
def test_a_fit_that_cannot_be_is_refused(seconds, terms, message):
    work = pd.DataFrame({"calls": [1.0, 2], "flops": [2.0, 4]})
    with pytest.raises(ValueError, match=message):
        fit_seconds(work, np.array(seconds), terms)


def test_counts_below_one_are_refused():
    with pytest.raises(ValueError, match="n_networks"):
        step_work(Configuration(protocol=SMALL), 0)
    with pytest.raises(ValueError, match="n_trials"):
        inference_work(Configuration(protocol=SMALL), 0)
    assert Work._fields[-1] == "runs"
