import numpy as np
import pytest

from trilateration.sweeps import expand
from trilateration.training import Configuration, protocol


def test_a_grid_is_the_product_of_its_lists():
    found = expand({"n_tasks": [2, 24], "seed": range(2), "protocol": ["fast"], "steps": [7]})
    fast = protocol("fast", steps=7)
    assert found == [
        Configuration(n_tasks=n, seed=s, protocol=fast) for n in (2, 24) for s in (0, 1)
    ]


def test_attributes_of_the_protocol_change_the_one_that_is_named():
    found = expand({"protocol": ["authors", protocol("fast", batch=5)], "steps": [3, 4]})
    assert [(c.protocol.name, c.protocol.batch, c.protocol.steps) for c in found] == [
        ("authors", 16, 3),
        ("authors", 16, 4),
        ("fast", 5, 3),
        ("fast", 5, 4),
    ]


def test_an_option_goes_to_the_architectures_that_have_it():
    found = expand({"architecture": ["rnn", "transformer"], "n_heads": [4, 8]})
    assert [(c.architecture, c.options) for c in found] == [
        ("rnn", ()),
        ("transformer", (("n_heads", 4),)),
        ("transformer", (("n_heads", 8),)),
    ]


def test_numbers_of_numpy_become_plain():
    (found,) = expand({"sigma": np.array([0.3]), "n_tasks": np.array([4])})
    assert type(found.sigma) is float
    assert found == Configuration(sigma=0.3, n_tasks=4)


def test_configurations_pass_as_they_are():
    given = (Configuration(seed=1), Configuration(architecture="gru"))
    assert expand(given) == list(given)


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"sgima": [1]}, r"got 'sgima'; did you mean 'sigma'\?$"),
        ({"n_task": [1]}, r"got 'n_task'; did you mean 'n_tasks'\?$"),
        ({"zzz": [1]}, r"got 'zzz'; known: .*learning_rate"),
        ({"name": ["fast"]}, r"^grid must name .*, got 'name'"),
        ({"n_heads": [4]}, r"^n_heads is an option of transformer, none of which .*: rnn$"),
        ({"n_tasks": []}, r"^n_tasks must list at least one value, got none$"),
        ({"architecture": "rnn"}, r"^architecture must be a list of values, got 'rnn'; write"),
        ({"seed": 3}, r"^seed must be a list of values, got 3; write \[3\]$"),
        ({"seed": [0, 1, 0]}, r"^seed must list each value once, got 0 twice$"),
        ({"n_tasks": [2, 0]}, r"^n_tasks must be a whole number >= 1, got 0$"),
        ({"steps": [10, -1]}, r"^steps must be a whole number >= 1, got -1$"),
        ({"architecture": ["rnm"]}, r"^architecture must be one of .*, got 'rnm'$"),
        ({"protocol": ["slow"]}, r"^protocol must be one of .*, got 'slow'$"),
        ({"architecture": ["transformer"], "n_heads": [7]}, r"^n_heads must divide n_units = 64"),
        ([], r"^grid must hold at least one configuration, got none$"),
        ([Configuration(), Configuration()], r"^grid must hold each network once, got twice"),
        (["rnn"], r"^grid must be a mapping or hold Configurations, got 'rnn'$"),
    ],
)
def test_bad_grids_are_named(grid, message):
    with pytest.raises(ValueError, match=message):
        expand(grid)
