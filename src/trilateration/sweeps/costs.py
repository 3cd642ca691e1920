"""What a step costs: its work, counted while it is done, and the seconds that each kind takes.

Work is counted on the step itself, operation by operation, as torch dispatches them; only the
evidence, which NumPy draws, is counted from sizes. Seconds a unit of work are those of one machine:
:func:`fit_seconds` finds them from timed steps, by least squares without negative values.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from scipy.optimize import nnls
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from trilateration._checks import check_count
from trilateration.training import Configuration, descent, untrained

# Operations whose arithmetic takes longer than their traffic, and their time per value in units of
# that of σ, as torch on one core takes it, rounded.
_SPECIAL = {
    "sigmoid": 1, "exp": 2, "expm1": 2, "erf": 3, "native_layer_norm": 3, "softplus": 4,
    "log_sigmoid_forward": 4, "special_ndtr": 4, "_softmax": 5, "tanh": 6, "special_erfcx": 55,
    "special_log_ndtr": 60,
}  # fmt: skip


class Work(NamedTuple):
    """The work of a step of an ensemble.

    Attributes
    ----------
    flops
        Floating-point operations of matrix products; a multiplication and an addition are two.
    product_bytes
        Bytes of the factors and results of these products.
    matrices
        Number of matrix products.
    element_bytes
        Bytes that everything else reads and writes: sums, activations, copies, the optimiser.
    scattered_bytes
        Bytes of calls on arrays of which neighbouring numbers are not neighbours in memory; they
        are not among the former.
    special
        Values of functions such as σ, tanh and softmax, in units of the time of one value of σ.
    rows
        Rows that a softmax normalises: short ones take torch longer than the values in them.
    draws
        Random numbers of the evidence.
    generators
        Number of generators that are made to draw them.
    label_flops
        Floating-point operations of comparing latent states with boundaries.
    calls
        Number of operations that are called.
    views
        Number of calls that only look at an array in another way.
    shared_calls
        How many of the calls and views do not grow with the ensemble.
    runs
        1, for what is done once a step whatever the sizes.
    """

    flops: float
    product_bytes: float
    matrices: float
    element_bytes: float
    scattered_bytes: float
    special: float
    rows: float
    draws: float
    generators: float
    label_flops: float
    calls: float
    views: float
    shared_calls: float
    runs: float = 1.0


def step_work(configuration: Configuration, n_networks: int = 1) -> Work:
    """Return the work of a step of the descent, the mean over the steps that share a draw.

    Parameters
    ----------
    configuration
        One network of the ensemble.
    n_networks
        Number of such networks ≥ 1 in it. Two and three of them are run, whatever their number,
        since all work is an affine function of it.

    Raises
    ------
    ValueError
        If there is no network.
    """
    check_count(n_networks, "n_networks")
    own, dimension = configuration.protocol, configuration.dimension
    _, worlds = untrained([configuration])
    evidence = {
        "draws": n_networks * own.batch * (own.stimulus_steps + 1) * dimension,
        "generators": n_networks / worlds.chunk,
        "label_flops": n_networks * 2 * own.batch * configuration.n_tasks * dimension,
    }
    counts = [_count_step([configuration] * n) for n in (2, 3)]
    return _extrapolated(*counts, n_networks)._replace(**evidence)


def inference_work(configuration: Configuration, n_trials: int, n_networks: int = 1) -> Work:
    """Return the work of running an ensemble forward on new trials, without drawing these.

    Parameters
    ----------
    configuration, n_networks
        As for :func:`step_work`.
    n_trials
        Number of trials ≥ 1.

    Raises
    ------
    ValueError
        If there is no trial or no network.
    """
    check_count(n_trials, "n_trials")
    check_count(n_networks, "n_networks")
    counts = []
    for n in (2, 3):
        ensemble, worlds = untrained([configuration] * n)
        features = worlds.trials(n_trials).features.transpose(1, 2)
        with torch.no_grad(), _Counter() as counter:
            ensemble(features, configuration.protocol.cue_steps)
        counts.append(counter.amounts)
    return _extrapolated(*counts, n_networks)


def _count_step(configurations):
    """Return what torch does in the second step of an ensemble."""
    own = configurations[0].protocol
    # With three steps, the second neither comes first nor records a loss.
    three = [replace(c, protocol=replace(c.protocol, steps=3)) for c in configurations]
    steps = descent(three, device="cpu")
    next(steps)  # makes the optimiser's state and draws the first evidence
    with _Counter() as counter:
        next(steps)
    _, worlds = untrained(configurations)
    if worlds.group > 1:  # the step found its features made
        shape = (worlds.group, own.stimulus_steps, own.batch, worlds.dimension)
        with torch.no_grad(), _Counter() as maps:
            worlds.observe(torch.zeros(len(configurations), *shape))
        for name, amount in maps.amounts.items():
            counter.amounts[name] += amount / worlds.group
    return counter.amounts


def _extrapolated(two, three, n_networks):
    """Return the work of an ensemble from the amounts that two and three networks take."""
    own = {name: three[name] - two[name] for name in two}
    amounts = {name: two[name] + (n_networks - 2) * own[name] for name in two}
    shared = sum(two[name] - 2 * own[name] for name in ("calls", "views"))
    return Work(**amounts | {"shared_calls": shared, "runs": 1.0})


class _Counter(TorchDispatchMode):
    """Adds up the work of every operation that is dispatched while it is on."""

    def __init__(self):
        super().__init__()
        self.amounts = dict.fromkeys(Work._fields, 0.0)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = function(*args, **kwargs)
        self._see(function, args, kwargs, result)
        return result

    def _see(self, function, args, kwargs, result):
        aliases = [r.alias_info for r in function._schema.returns]
        if aliases and all(a is not None and not a.is_write for a in aliases):
            self.amounts["views"] += 1
            return
        self.amounts["calls"] += 1
        packet = function._overloadpacket
        leaves = tree_leaves((args, kwargs, result))
        tensors = list({id(x): x for x in leaves if isinstance(x, torch.Tensor)}.values())
        # An expanded array is read where it is.
        traffic = sum(
            min(x.numel() * x.element_size(), x.untyped_storage().nbytes()) for x in tensors
        )
        if packet in flop_registry:
            self.amounts["flops"] += flop_registry[packet](*args, **kwargs, out_val=result)
            self.amounts["product_bytes"] += traffic
            self.amounts["matrices"] += result.shape[0] if result.ndim == 3 else 1
        elif not packet.__name__.startswith(("empty", "new_empty")):  # they only reserve memory
            scattered = any(x.ndim and x.stride(-1) > 1 and x.shape[-1] > 1 for x in tensors)
            self.amounts["scattered_bytes" if scattered else "element_bytes"] += traffic
            out = result[0] if isinstance(result, tuple) else result
            weight = _SPECIAL.get(packet.__name__.removesuffix("_"), 0)
            self.amounts["special"] += weight * out.numel() if weight else 0
            if packet.__name__ in ("_softmax", "_softmax_backward_data"):
                self.amounts["rows"] += out.numel() / out.shape[-1]


class Seconds(NamedTuple):
    """A machine, as far as it matters to a cost: seconds a unit of each kind of work.

    Attributes
    ----------
    terms
        Kinds of work, attributes of :class:`Work`.
    each
        Seconds a unit of each, ≥ 0.
    """

    terms: tuple[str, ...]
    each: Float[np.ndarray, " term"]

    def of(self, work: pd.DataFrame) -> Float[np.ndarray, " row"]:
        """Return the seconds that some work takes, Σ seconds each × amount.

        Parameters
        ----------
        work
            A column for each term, a row for each step of an ensemble.

        Raises
        ------
        ValueError
            If a column is missing.
        """
        return _columns(work, self.terms) @ self.each


def fit_seconds(
    work: pd.DataFrame, seconds: Float[np.ndarray, " row"], terms: Sequence[str]
) -> Seconds:
    """Return the seconds each with which the *relative* errors have the least sum of squares.

    Parameters
    ----------
    work
        As in :meth:`Seconds.of`.
    seconds
        Time > 0 of each row.
    terms
        Kinds of work that take time.

    Raises
    ------
    ValueError
        If a column is missing, a time is not positive and finite, there are fewer rows than terms,
        or two terms cannot be told apart in these rows.
    """
    amounts, seconds = _columns(work, terms), np.asarray(seconds, dtype=float)
    if seconds.shape != (len(amounts),):
        raise ValueError(f"seconds must have one entry a row, {len(amounts)}, got {seconds.shape}")
    if not (np.isfinite(seconds) & (seconds > 0)).all():
        worst = seconds[~(np.isfinite(seconds) & (seconds > 0))][0]
        raise ValueError(f"seconds must be positive and finite, got {worst}")
    # Amounts differ by many orders; a column of size one each keeps the solver exact.
    relative = amounts / seconds[:, None]
    sizes = np.linalg.norm(relative, axis=0)
    if np.linalg.matrix_rank(relative / np.where(sizes > 0, sizes, 1)) < len(terms):
        raise ValueError(
            f"work must tell the terms apart, got {len(amounts)} rows that do not for {list(terms)}"
        )
    scaled, _ = nnls(relative / sizes, np.ones(len(seconds)))
    return Seconds(tuple(terms), scaled / sizes)


def _columns(work, terms):
    missing = [term for term in terms if term not in work]
    if missing:
        raise ValueError(f"work must have the columns {list(terms)}, got none called {missing[0]}")
    return work[list(terms)].to_numpy(dtype=float)
