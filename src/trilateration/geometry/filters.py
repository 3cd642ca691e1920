"""What networks do with readings that come at different times, and what their units would show."""

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar
from trilateration._checks import check_count, check_positive
from trilateration.geometry.recorded import SharedErrors, shared_errors
from trilateration.geometry.spikes import ring_positions
from trilateration.observer import trilaterate
from trilateration.parameters import generator
from trilateration.readout import reported_probits
from trilateration.training import TrainedEnsemble, boundaries_of, record


def fitted_weights(
    positions: Real[np.ndarray, "trial dimension"],
    readings: Real[np.ndarray, "trial time dimension"],
) -> Float[np.ndarray, " time"]:
    """Return the weights w_j of the readings in an estimate, by least squares, scaled to sum 1.

    All axes have the same weights and constants of their own. What the estimate is multiplied by
    does not matter.

    Parameters
    ----------
    positions
        An estimate of the position in every trial.
    readings
        X(1..t); more numbers in all than steps.

    Raises
    ------
    ValueError
        If the weights add up to nothing, or axes do not fit.
    """
    positions, readings = np.asarray(positions, float), np.asarray(readings, float)
    if readings.ndim != 3 or positions.shape != readings[:, 0].shape:
        raise ValueError(
            "readings must have axes (trial, time, dimension) with the trials and dimensions of "
            f"positions, got {readings.shape} and {positions.shape}"
        )
    columns = (readings - readings.mean(axis=0)).swapaxes(1, 2).reshape(-1, readings.shape[1])
    wanted = (positions - positions.mean(axis=0)).ravel()
    weights = np.linalg.lstsq(columns, wanted, rcond=None)[0]
    if abs(weights.sum()) < 1e-9 * np.abs(weights).max() or not weights.any():
        raise ValueError("positions must depend on the readings, got weights of sum 0")
    return weights / weights.sum()


def network_weights(
    trained: TrainedEnsemble, n_trials: int, *, stream: str = "test"
) -> Float[np.ndarray, "replicate time"]:
    """Return the weights of the readings in the position that each network's reports tell, A⁺u.

    Parameters
    ----------
    trained
        Networks on flat tasks.
    n_trials, stream
        Test trials, of the law of training.
    """
    seen = record(trained.ensemble, trained.worlds, n_trials, stream=stream)
    readings = trained.worlds.readings(n_trials, stream=stream)
    rows = []
    for replicate, own in enumerate(trained.configurations):
        probits = reported_probits(seen.readouts[replicate, :, -1, : own.n_tasks], own.head)
        lines = boundaries_of(own)
        told = trilaterate(probits + lines.offsets, lines).position
        rows.append(fitted_weights(told, readings[replicate]))
    return np.stack(rows)


def mean_lag(weights: Float[np.ndarray, "*batch time"]) -> Scalar | Float[np.ndarray, "*batch"]:
    """Return Σ_j w_j (t − j), how many steps ago the average reading of an estimate was taken."""
    return weights @ np.arange(weights.shape[-1])[::-1]


def ring_spikes(
    trained: TrainedEnsemble,
    n_repeats: int,
    *,
    n_positions: int = 8,
    spikes: Scalar = 8.0,
    seed: int = 0,
) -> list[Float[np.ndarray, "position repeat _unit"]]:
    """Let hidden units spike at rates in proportion to their last state, at positions on a ring.

    Units that are constant are left out. Each of the others has on average ``spikes`` spikes above
    its least rate.

    Parameters
    ----------
    trained
        Networks.
    n_repeats
        Trials at each position.
    n_positions
        Of the ring.
    spikes
        > 0.
    seed
        Of the spikes.
    """
    check_count(n_repeats, "n_repeats")
    check_positive(spikes, "spikes")
    latents = np.repeat(ring_positions(n_positions), n_repeats, axis=0)
    seen = record(trained.ensemble, trained.worlds, len(latents), stream="ring", latents=latents)
    found = []
    for replicate in range(len(trained.configurations)):
        rates = seen.code[replicate] - seen.code[replicate].min(axis=0)
        rates = rates[:, rates.std(axis=0) > 1e-6]
        rates = rates * (spikes / rates.mean(axis=0))
        rng = generator(seed, "network spikes", str(replicate))
        found.append(rng.poisson(rates).reshape(n_positions, n_repeats, -1).astype(float))
    return found


def network_shared_errors(
    counts: list[Float[np.ndarray, "position repeat _unit"]], *, seed: int = 0
) -> list[SharedErrors]:
    """Split the units of each network at random, and return what the halves get wrong together.

    Parameters
    ----------
    counts
        Of :func:`ring_spikes`.
    seed
        Of the halves.
    """
    found = []
    for replicate, own in enumerate(counts):
        rng = generator(seed, "halves", str(replicate))
        order = rng.permutation(own.shape[2])
        half = len(order) // 2
        positions = ring_positions(len(own))
        parts = own[..., order[:half]], own[..., order[half:]]
        found.append(shared_errors(*parts, positions, rng=rng))
    return found
