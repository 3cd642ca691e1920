"""The comparison of architectures: which networks it has, at which settings, as one table.

Seeds are paired: the same seed has the same encoder, the same boundaries and the same evidence in
every network and head. Two settings are fair in two ways. In ``"parameters"`` all networks have
about as many parameters below the heads as the authors' recurrent network (within 7 %), and take
equally many steps of the descent. In ``"compute"`` all have its 64 units, and as many steps as the
same floating-point operations pay for.
"""

import inspect
import itertools
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import pandas as pd

from trilateration._checks import check_choice, check_count
from trilateration.networks import LINKS, flops
from trilateration.sweeps.grids import expand
from trilateration.sweeps.running import sweep
from trilateration.training import Configuration, protocol, step_products

SETTINGS = ("parameters", "compute")
_REFERENCE = "rnn"
_WIDTH = 64


class Contestant(NamedTuple):
    """One network of the comparison.

    Attributes
    ----------
    architecture, options
        As a :class:`~trilateration.training.Configuration` takes them.
    matched_units
        Hidden units with which it has about as many parameters as the reference.
    learning_rate
        The best of the search on seeds that the comparison does not use.
    """

    architecture: str
    matched_units: int
    options: dict
    learning_rate: float


CONTESTANTS = {
    "rnn": Contestant("rnn", 64, {}, 2e-3),
    "leaky": Contestant("rnn", 64, {"alpha": 0.5}, 1e-2),
    "integrator": Contestant("integrator", 64, {}, 1e-3),
    "lstm": Contestant("lstm", 25, {}, 5e-3),
    "gru": Contestant("gru", 31, {}, 2e-2),
    "transformer": Contestant("transformer", 21, {"n_heads": 3}, 2e-2),
    "transformer-positions": Contestant("transformer", 21, {"n_heads": 3, "positions": True}, 2e-2),
    "transformer-2": Contestant("transformer", 15, {"n_heads": 3, "n_layers": 2}, 2e-3),
    "state-space": Contestant("state-space", 64, {}, 5e-3),
    "memoryless": Contestant("feedforward", 64, {}, 2e-3),
}


def contestant(
    network: str,
    *,
    n_tasks: int,
    seed: int,
    head: str = "logistic",
    setting: str = "parameters",
    steps: int = 400,
    learning_rate: float | None = None,
) -> Configuration:
    """Return the configuration of one network of the comparison.

    Parameters
    ----------
    network
        One of :data:`CONTESTANTS`.
    n_tasks, seed, head
        As a :class:`~trilateration.training.Configuration` takes them.
    setting
        ``"parameters"`` or ``"compute"``.
    steps
        Steps of the descent ≥ 1; at ``"compute"`` those of the reference, ``"rnn"``.
    learning_rate
        In place of the one that the search found.

    Raises
    ------
    ValueError
        If a name is unknown or a value not allowed.
    """
    check_choice(network, tuple(CONTESTANTS), "network")
    check_choice(setting, SETTINGS, "setting")
    check_count(steps, "steps")
    own = CONTESTANTS[network]
    rate = own.learning_rate if learning_rate is None else learning_rate
    equal_width = setting == "compute"
    configuration = Configuration(
        architecture=own.architecture,
        n_tasks=n_tasks,
        seed=seed,
        head=head,
        protocol=protocol("fast", steps=steps, learning_rate=rate),
        n_units=_WIDTH if equal_width else own.matched_units,
        options=_options(own, equal_width),
    )
    if not equal_width:
        return configuration
    paid = max(1, round(steps * _step_cost(_REFERENCE) / _step_cost(network)))
    return Configuration.from_record(configuration.record() | {"protocol.steps": paid})


def _options(own, equal_width):
    # 64 units divide into the 8 heads of the authors, 21 and 15 into 3.
    return {k: v for k, v in own.options.items() if not (equal_width and k == "n_heads")}


@cache
def _step_cost(network):
    """Return the operations of one step of a network of 64 units with 24 tasks."""
    own = CONTESTANTS[network]
    return flops(
        step_products(
            Configuration(
                own.architecture,
                n_tasks=24,
                n_units=_WIDTH,
                options=_options(own, True),
                protocol="fast",
            )
        )
    )


def comparison_grid(
    *,
    networks: Sequence[str] = tuple(CONTESTANTS),
    n_tasks: Sequence[int] = (2, 3, 6, 12, 24),
    seeds: Sequence[int] = tuple(range(10)),
    heads: Sequence[str] = ("logistic",),
    setting: str = "parameters",
    steps: int = 400,
    learning_rates: Sequence[float | None] = (None,),
) -> tuple[pd.DataFrame, list[Configuration]]:
    """Return the labels and the configurations of a comparison, one row a network.

    Parameters
    ----------
    networks, n_tasks, seeds, heads, learning_rates
        All combinations are taken; ``None`` stands for the learning rate of the search.
    setting, steps
        As for :func:`contestant`.

    Returns
    -------
    labels : pandas.DataFrame
        Columns ``setting``, ``network``, ``head``, ``n_tasks``, ``seed``.
    configurations : list of Configuration
        In the same order.

    Raises
    ------
    ValueError
        If a list is empty or has a value twice, or a value is not allowed.
    """
    lists = {
        "networks": networks, "heads": heads, "n_tasks": n_tasks, "seeds": seeds,
        "learning_rates": learning_rates,
    }  # fmt: skip
    for name, values in lists.items():
        if isinstance(values, str) or not len(values):
            raise ValueError(f"{name} must list at least one value, got {values!r}")
        if len(set(values)) < len(values):
            raise ValueError(f"{name} must list each value once, got {list(values)}")
    for head in heads:
        check_choice(head, tuple(LINKS), "heads")
    rows = list(itertools.product(*lists.values()))
    configurations = expand(
        [
            contestant(
                network, n_tasks=n, seed=seed, head=head, setting=setting, steps=steps,
                learning_rate=rate,
            )
            for network, head, n, seed, rate in rows
        ]
    )  # fmt: skip
    labels = [(setting, *row[:-1]) for row in rows]
    columns = ["setting", "network", "head", "n_tasks", "seed"]
    return pd.DataFrame(labels, columns=columns), configurations


def comparison(**options) -> pd.DataFrame:
    """Train and measure a comparison, except what is stored, and return one row a network.

    Parameters
    ----------
    **options
        Those of :func:`comparison_grid`, and those of :func:`~trilateration.sweeps.sweep`
        (``executor``, ``directory``, ``progress``, ...).

    Returns
    -------
    pandas.DataFrame
        The labels of :func:`comparison_grid`, ``learning_rate``, ``steps``, ``n_units``,
        ``diverged``, ``seconds``, and the scores of
        :func:`~trilateration.sweeps.decoding_scores`, NaN for a network that diverged.

    Raises
    ------
    ValueError, PacksFailed, OSError
        As for :func:`~trilateration.sweeps.sweep`.
    """
    names = tuple(inspect.signature(comparison_grid).parameters)
    grid = {name: options.pop(name) for name in names if name in options}
    labels, configurations = comparison_grid(**grid)
    table = sweep(configurations, **options)
    first = list(table.columns).index("diverged")
    scores = table.iloc[:, first:].drop(columns="stopped_at")
    scores = scores.loc[:, ~scores.columns.str.startswith("option.")]
    own = table[["protocol.learning_rate", "protocol.steps", "n_units"]]
    own = own.set_axis(["learning_rate", "steps", "n_units"], axis=1)
    return pd.concat([labels, own, scores], axis=1)
