"""Protocols and configurations: what they say, refuse, and keep in their records."""

import json
import math

import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilateration.training import PROTOCOLS, Configuration, Protocol, check_packs, protocol


def test_the_authors_protocol_is_theirs():
    authors = protocol("authors")
    assert (authors.n_steps, authors.neutral_steps, authors.cue_steps) == (22, 21, 21)
    assert (authors.batch, authors.steps, authors.learning_rate) == (16, 100_000, 1e-3)
    assert authors.loss_floor == pytest.approx(21 / 22 * math.log(2))
    assert {authors.rate(step) for step in (0, 5, 99_999)} == {1e-3}


def test_dense_asks_at_every_step_and_has_no_other_steps():
    dense = protocol("dense")
    assert (dense.n_steps, dense.neutral_steps, dense.cue_steps, dense.loss_floor) == (20, 0, 0, 0)
    assert not dense.has_fixation_channel
    asked = protocol("authors", asked="always")
    assert (asked.n_steps, asked.neutral_steps, asked.cue_steps) == (22, 1, 21)


@given(st.integers(2, 1250).map(lambda k: 4 * k), st.floats(1e-5, 1.0))
@settings(max_examples=30, deadline=None)
def test_one_cycle_rises_for_a_quarter_and_falls_to_nothing(steps, top):
    cycle = protocol("fast", steps=steps, learning_rate=top)
    rates = np.array([cycle.rate(step) for step in range(steps)])
    peak = steps // 4
    assert np.all(rates > 0)
    assert np.all(np.diff(rates[: peak + 1]) >= 0)
    assert np.all(np.diff(rates[peak:]) <= 0)
    assert rates[peak] == pytest.approx(top)
    assert rates[0] == pytest.approx(top / 25)
    assert rates[-1] <= top * max(1e-3, 6 / steps**2)


def changed():
    """Return a configuration whose numbers came from NumPy, as those of a grid do."""
    return Configuration(
        "transformer",
        n_tasks=np.int64(5),
        seed=3,
        head="probit",
        protocol=protocol("fast", steps=np.int64(7), learning_rate=np.float32(0.25), averaging=0.5),
        n_units=np.int32(12),
        options={"n_heads": np.int64(3), "positions": np.bool_(True)},
        dimension=3,
        tasks="random",
        offset_half_width=np.float64(0.2),
        sigma=np.float32(0.5),
        observation="identity",
    )


@pytest.mark.parametrize("make", [Configuration, changed], ids=["default", "changed"])
@pytest.mark.usefixtures("as_users_see_it")
def test_a_record_survives_json(make):
    configuration = make()
    record = json.loads(json.dumps(configuration.record()))
    again = Configuration.from_record(record)
    assert again == configuration
    assert hash(again) == hash(configuration)
    assert again.record() == record


def test_replicates_may_differ_in_what_is_their_own_and_in_nothing_else():
    base = Configuration()
    own = [
        Configuration(seed=1),
        Configuration(n_tasks=3),
        Configuration(sigma=0.1),
        Configuration(tasks="random", offset_half_width=0.1),
    ]
    check_packs([base, *own])
    assert len({c.packs_with() for c in [base, *own]}) == 1
    shared = {
        "n_units": Configuration(n_units=32),
        "head": Configuration(head="probit"),
        "architecture": Configuration("gru"),
        "option.alpha": Configuration(options={"alpha": 0.5}),
        "protocol.steps": Configuration(protocol=protocol("authors", steps=7)),
        "dimension": Configuration(dimension=3, tasks="random"),
        "observation": Configuration(observation="identity"),
        "precision": Configuration(precision="bfloat16"),
    }
    for key, other in shared.items():
        with pytest.raises(ValueError, match=f"{key} must be the same in one ensemble, got"):
            check_packs([base, other])
        assert other.packs_with() != base.packs_with()
    with pytest.raises(ValueError, match="configurations must hold at least one, got none"):
        check_packs([])


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


BAD_CALLS = [
    (
        lambda: protocol("author"),
        "protocol must be one of 'authors', 'dense', 'fast', got 'author'",
    ),
    (lambda: protocol("fast", step=7), "attribute of the protocol must be one of .* got 'step'"),
    (lambda: protocol("fast", steps=0), "steps must be a whole number >= 1, got 0"),
    (lambda: protocol("fast", batch=2.5), "batch must be a whole number >= 1, got 2.5"),
    (lambda: protocol("fast", stimulus_steps=0), "stimulus_steps must be a whole number >= 1"),
    (lambda: protocol("fast", fixation_steps=-1), "fixation_steps must be a whole number >= 0"),
    (lambda: protocol("fast", patience=-1), "patience must be a whole number >= 0, got -1"),
    (lambda: protocol("fast", learning_rate=0), "learning_rate must be a finite number > 0, got 0"),
    (lambda: protocol("fast", learning_rate=math.nan), "learning_rate must be a finite number > 0"),
    (
        lambda: protocol("fast", schedule="cosine"),
        "schedule must be one of 'constant', 'one-cycle'",
    ),
    (lambda: protocol("fast", start="warm"), "start must be one of 'default', 'persistent', got"),
    (lambda: protocol("fast", asked="never"), "asked must be one of 'decision', 'always', got"),
    (lambda: protocol("fast", averaging=1), "averaging must be a finite number strictly between"),
    (lambda: protocol("fast", averaging=-0.5), "averaging must be a finite number >= 0, got -0.5"),
    (
        lambda: protocol("authors", decision_steps=0),
        "decision_steps must be at least 1 if asked = 'decision', got 0",
    ),
    (lambda: Configuration("rmm"), "architecture must be one of .* got 'rmm'"),
    (lambda: Configuration(n_tasks=0), "n_tasks must be a whole number >= 1, got 0"),
    (lambda: Configuration(n_units=-1), "n_units must be a whole number >= 1, got -1"),
    (lambda: Configuration(seed=-1), "seed must be a whole number >= 0, got -1"),
    (lambda: Configuration(seed=0.5), "seed must be a whole number >= 0, got 0.5"),
    (lambda: Configuration(head="tanh"), "head must be one of 'logistic', 'probit', got 'tanh'"),
    (lambda: Configuration(protocol="slow"), "protocol must be one of .* got 'slow'"),
    (lambda: Configuration(protocol=3), "protocol must be a Protocol or its name, got 3"),
    (lambda: Configuration(sigma=0), "sigma must be a finite number > 0, got 0"),
    (lambda: Configuration(sigma=math.inf), "sigma must be a finite number > 0, got inf"),
    (lambda: Configuration(tasks="odd"), "tasks must be one of 'even', .* got 'odd'"),
    (lambda: Configuration(dimension=0), "dimension must be a whole number >= 1, got 0"),
    (
        lambda: Configuration(dimension=3),
        "tasks must be 'random' unless dimension is 2 .* got 'even' with 3, 0",
    ),
    (lambda: Configuration(offset_half_width=0.1), "tasks must be 'random' unless"),
    (lambda: Configuration(observation="cubes"), "observation must be one of 'relu', 'identity'"),
    (lambda: Configuration(precision="half"), "precision must be one of 'float32', 'bfloat16'"),
    (lambda: Configuration("gru", options={"alpha": 1}), "option of GRU must be one of"),
    (
        lambda: Configuration("transformer", n_units=60),
        "n_heads must divide n_units = 60, got 8, which leaves 4",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[m[:40] for _, m in BAD_CALLS])
@pytest.mark.usefixtures("as_users_see_it")
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_every_protocol_has_its_own_name():
    assert [protocol(name).name for name in PROTOCOLS] == list(PROTOCOLS)
    assert isinstance(Configuration().protocol, Protocol)
