"""Networks whose weights are set by hand, so that their state holds the evidence and nothing else.

They show what an architecture can represent, whatever training makes of it. The networks must be
shown the readings themselves (``observation="identity"``).
"""

import math

import numpy as np
import torch

from trilateration._arrays import Scalar
from trilateration._checks import check_between
from trilateration.networks import Ensemble
from trilateration.networks.attention import StateSpace, Transformer
from trilateration.networks.recurrent import GRU, LSTM, Memoryless, RateNetwork


@torch.no_grad()
def hold_by_hand(ensemble: Ensemble, smallness: Scalar = 1e-4) -> str:
    """Set all weights below the heads so that the state holds a statistic of the readings.

    Parameters
    ----------
    ensemble
        Untrained networks that are shown the readings; changed in place, to double precision.
    smallness
        ε in (0, 1): saturating units work at this share of their range, leaks and the normalisation
        of layers are made as small as this. The error falls as ε² (as ε in the state-space model);
        rate networks and the memoryless one have none.

    Returns
    -------
    str
        What an affine map of the state returns at step k: ``"sum"``, Σ_j X(j); ``"mean"``, μ(k);
        or ``"reading"``, X(k).

    Raises
    ------
    ValueError
        If the architecture is not known here, or has too few units for it.
    """
    check_between(smallness, 0, 1, "smallness")
    core = ensemble.double().core
    known = [hand for kind, hand in _HANDS.items() if isinstance(core, kind)]
    if not known:
        raise ValueError(f"ensemble must be of a known architecture, got {type(core).__name__}")
    hold, least, held = known[0]
    dimension = ensemble.input.weight.shape[1]
    if core.n_units < least(dimension):
        raise ValueError(
            f"n_units must be at least {least(dimension)} to hold the {held} of {dimension} "
            f"coordinates, got {core.n_units}"
        )
    for part in (ensemble.input, core):
        for parameter in part.parameters():
            parameter.zero_()
    hold(core, ensemble.input, torch.eye(dimension, dtype=torch.float64), float(smallness))
    return held


def _signed(one):
    """Return a matrix twice as wide and high, for a pair of rectified units an axis."""
    return torch.cat([torch.cat([one, -one], 1), torch.cat([-one, one], 1)])


def _rates(core, inputs, one, _):
    """S' = keep S + gain v for v = relu(v) − relu(−v), which is S + x for the v set here."""
    size = 2 * len(one)
    inputs.weight[:, :, :size] = torch.cat([one, -one], 1) / core.gain
    core.recurrent[:, :size, :size] = (1 - core.keep) / core.gain * _signed(one)


def _lstm(core, inputs, one, small):
    """C' = (1 − ε²) c + tanh(ε x)/2 and h = tanh(c)/2."""
    units = core.n_units
    inputs.weight[:, :, 3 * units : 3 * units + len(one)] = small * one
    inputs.bias[:, units : 2 * units] = math.log(1 / small**2 - 1)


def _gru(core, inputs, one, small):
    """H' = h/2 + tanh(h + 2 ε x)/2, both gates half open."""
    start = 2 * core.n_units
    end = start + len(one)
    inputs.weight[:, :, start:end] = 2 * small * one
    core.recurrent[:, : len(one), start:end] = 2 * one


def _state_space(core, inputs, one, small):
    """S' = (1 − ε) s + ε x, rectified in pairs."""
    core.rate.fill_(math.log(1 / small - 1))
    inputs.weight[:, :, : len(one)] = one / small
    core.output[:, : len(one), : 2 * len(one)] = torch.cat([one, -one], 1)


def _transformer(core, inputs, one, small):
    """Uniform attention; a constant 1/ε along one direction makes the norm of a layer harmless."""
    n, size = core.n_units, len(one)
    # Orthonormal rows, the first along (1, …, 1), whose component a normalised layer removes.
    start = np.eye(n)
    start[:, 0] = 1
    rows = torch.from_numpy(np.linalg.qr(start)[0].T.copy())
    constant, seen, mean = rows[1], rows[2 : 2 + size], rows[2 + size : 2 + 2 * size]
    inputs.weight[:] = seen
    inputs.bias[:] = constant / small
    restore = 1 / (small * math.sqrt(n))  # what a normalised layer divides by
    core.attend_0[:, :, 2 * n : 2 * n + size] = restore * seen.T
    core.mix_0[:, :size] = mean
    for name, parameter in core.named_parameters():
        if "_scale" in name:
            parameter.fill_(1)
    core.last_scale.fill_(restore)


def _memoryless(core, inputs, one, _):
    size = 2 * len(one)
    inputs.weight[:, :, :size] = torch.cat([one, -one], 1)
    core.second[:, :size, :size] = torch.eye(size, dtype=torch.float64)


# For each architecture how it is set, the units it needs for D coordinates, and what it then holds.
_HANDS = {
    RateNetwork: (_rates, lambda d: 2 * d, "sum"),
    LSTM: (_lstm, lambda d: d, "sum"),
    GRU: (_gru, lambda d: d, "sum"),
    StateSpace: (_state_space, lambda d: 2 * d, "sum"),
    Transformer: (_transformer, lambda d: 2 * d + 2, "mean"),
    Memoryless: (_memoryless, lambda d: 2 * d, "reading"),
}
