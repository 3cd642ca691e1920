"""Tests of the theory on recorded activity, each with a statistic, a null and a p-value."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Real
from scipy import stats

from trilateration._checks import check_count, check_finite, check_generator
from trilateration.geometry.spikes import errors_given_position, unbiased_estimates
from trilateration.readout import fit_linear


class SharedErrors(NamedTuple):
    """What two halves of a population get wrong together.

    Attributes
    ----------
    across
        Covariance of the errors of the two halves across the line from the origin to x*, in squared
        latent units: s² if both read the same mean. A gain that neurons share moves estimates along
        that line, not across it.
    along
        The same along the line.
    half_width
        Of the 95 % interval of ``across``, over positions times repeats.
    p_value
        One-sided, that ``across`` is as large if the repeats of one half are permuted.
    """

    across: float
    along: float
    half_width: float
    p_value: float


def shared_errors(
    first: Real[np.ndarray, "position repeat unit"],
    second: Real[np.ndarray, "position repeat units"],
    positions: Real[np.ndarray, "position 2"],
    *,
    rng: np.random.Generator,
    n_permutations: int = 199,
) -> SharedErrors:
    """Decode the position from two sets of neurons on its own each, and correlate the errors.

    Parameters
    ----------
    first, second
        Activity of disjoint sets of neurons in the same repeats, such as two areas.
    positions
        x* in the plane, none at the origin.
    rng
        Permutes repeats.
    n_permutations
        How often.

    Raises
    ------
    ValueError
        If a position is the origin, or arguments are as they must not be in
        :func:`unbiased_estimates`.
    """
    check_generator(rng)
    check_count(n_permutations, "n_permutations", minimum=19)
    lengths = np.linalg.norm(positions, axis=1)
    if positions.shape[1] != 2 or not (lengths > 0).all():
        raise ValueError("positions must be points of the plane other than the origin")
    along = positions / lengths[:, None]
    across = along[:, ::-1] * [-1, 1]
    errors = [
        errors_given_position(unbiased_estimates(half, positions)) for half in (first, second)
    ]
    parts = [[np.einsum("prd,pd->pr", e, axis) for e in errors] for axis in (across, along)]
    products = parts[0][0] * parts[0][1]
    observed = products.mean()
    # Even and odd repeats have decoders of their own: permute within each.
    null = np.zeros(n_permutations)
    for part in (slice(0, None, 2), slice(1, None, 2)):
        one, other = parts[0][0][:, part], parts[0][1][:, part]
        many = rng.permuted(np.broadcast_to(other, (n_permutations, *other.shape)), axis=2)
        null += np.einsum("pr,npr->n", one, many) / products.size
    return SharedErrors(
        float(observed),
        float((parts[1][0] * parts[1][1]).mean()),
        float(1.96 * products.std(ddof=1) / products.size**0.5),
        float((1 + (null >= observed).sum()) / (1 + n_permutations)),
    )


class HeldOut(NamedTuple):
    """How a decoder does in a group of trials that it never saw.

    Attributes
    ----------
    correlation
        Mean over groups and directions of the correlation of decoded and true distance.
    p_directions
        One-sided, among decoders that point in random directions of the same space.
    p_trials
        One-sided, if the trials of each group are permuted.
    """

    correlation: float
    p_directions: float
    p_trials: float


def held_out_distances(
    codes: Real[np.ndarray, "trial unit"],
    latents: Real[np.ndarray, "trial dimension"],
    groups: Int[np.ndarray, " trial"],
    directions: Real[np.ndarray, "group direction dimension"],
    *,
    sides: Real[np.ndarray, "trial direction"] | None = None,
    rng: np.random.Generator,
    n_random: int = 199,
) -> HeldOut:
    """Decode distances along given directions in each group, with a decoder of the other groups.

    Units are scaled to unit variance. The two p-values answer two questions. Permuted trials ask
    whether the decoder carries *any* information in the new group; a code that has nothing to do
    with the old ones does by accident, since two fixed directions of a finite space are never at
    right angles. Random directions ask whether it carries *more* than such an accident.

    Parameters
    ----------
    codes
        Activity.
    latents
        x*.
    groups
        0, 1, …: quadrants, or blocks of trials with one task each.
    directions
        For each group the directions a, along which distances a·x* are compared.
    sides
        If given, the label of each trial for each direction; its mean is taken out, so that only
        distance within a side counts.
    rng
        Draws directions and permutations.
    n_random
        How many.

    Raises
    ------
    ValueError
        If a code is not finite, or there are not two groups with directions for each.
    """
    check_generator(rng)
    check_count(n_random, "n_random", minimum=19)
    codes, latents = np.asarray(codes, float), np.asarray(latents, float)
    check_finite(codes, "codes")
    names = np.unique(groups)
    if len(names) < 2 or len(directions) != len(names):
        raise ValueError(
            f"directions must have one entry for each of at least 2 groups, got {len(directions)} "
            f"for {len(names)}"
        )
    spread = codes.std(axis=0)
    scaled = (codes - codes.mean(axis=0)) / np.where(spread > 0, spread, 1)
    total, by_direction, by_trials, count = 0.0, np.zeros(n_random), np.zeros(n_random), 0
    for name, axes in zip(names, directions, strict=True):
        here = groups == name
        decoder = fit_linear(scaled[~here], latents[~here], penalty=0.1)
        tested = scaled[here]
        for index, axis in enumerate(axes):
            wanted = latents[here] @ axis
            side = None if sides is None else sides[here, index]
            wanted = _centred(wanted[:, None], side)
            random = rng.standard_normal((tested.shape[1], n_random))
            shown = _centred(tested @ np.column_stack([decoder.weights @ axis, random]), side)
            each = (wanted.T @ shown)[0]
            total += each[0]
            by_direction += each[1:]
            permuted = rng.permuted(np.repeat(wanted.T, n_random, axis=0), axis=1)
            by_trials += permuted @ shown[:, 0]
            count += 1
    ranks = [(1 + (null >= total).sum()) / (1 + n_random) for null in (by_direction, by_trials)]
    return HeldOut(float(total / count), *(float(rank) for rank in ranks))


class Growth(NamedTuple):
    """How the slope of activity on position grows with time.

    Attributes
    ----------
    exponent
        b of slope ∝ k^b: 0 for a code of the mean, ½ of probits, 1 of the sum; NaN if the slopes of
        a window are lost in noise.
    standard_error
        By leaving out a tenth of the trials at a time.
    """

    exponent: float
    standard_error: float

    def p_value(self, exponent: float) -> float:
        """Return the two-sided p-value of another exponent; 1 where none could be fitted."""
        if not np.isfinite(self.exponent):
            return 1.0
        return float(2 * stats.norm.sf(abs(self.exponent - exponent) / self.standard_error))


def slope_growth(
    counts: Real[np.ndarray, "trial window unit"],
    latents: Real[np.ndarray, "trial dimension"],
    steps: Real[np.ndarray, " window"],
) -> Growth:
    """Fit the power with which the population's slope on position grows.

    The size of the slopes in a window is their inner product with the slopes in the last window,
    one from even and the other from odd trials, so that noise does not inflate it. Trials must be
    in random order.

    Parameters
    ----------
    counts
        Spikes in successive windows.
    latents
        x*.
    steps
        k of each window, such as its middle.
    """
    counts, latents = np.asarray(counts, float), np.asarray(latents, float)
    logs = np.log(np.asarray(steps, float))
    logs = (logs - logs.mean()) / ((logs - logs.mean()) ** 2).sum()
    tenth = (np.arange(len(counts)) // 2) % 10
    # Sums of each tenth, from which any nine tenths follow.
    parts = []
    for half in (0, 1):
        rows = np.arange(len(counts)) % 2 == half
        one = np.column_stack([np.ones(rows.sum()), latents[rows]])
        flat = counts[rows].reshape(rows.sum(), -1)
        sums = [
            (one[own].T @ one[own], one[own].T @ flat[own])
            for own in (tenth[rows] == j for j in range(10))
        ]
        parts.append([np.stack(each) for each in zip(*sums, strict=True)])
    values = [_exponent(parts, left, counts.shape[1:], logs) for left in (None, *range(10))]
    spread = np.array(values[1:]) - np.mean(values[1:])
    return Growth(values[0], float((0.9 * (spread**2).sum()) ** 0.5))


def encoding_cosine(
    counts: Real[np.ndarray, "trial unit"], latents: Real[np.ndarray, "trial 2"]
) -> float:
    """Return the cosine of the angle between the slopes on two latents, free of noise bias.

    Their Gram matrix is the product of slopes from even and from odd trials.

    Parameters
    ----------
    counts
        Activity; trials in random order.
    latents
        x* in the plane.
    """
    slopes = [fit_linear(latents[k::2], np.asarray(counts[k::2], float)).weights for k in (0, 1)]
    gram = slopes[0] @ slopes[1].T
    size = (gram[0, 0] * gram[1, 1]) ** 0.5
    return float(np.clip((gram[0, 1] + gram[1, 0]) / 2 / size, -1, 1))


def _exponent(parts, left, shape, logs):
    kept = [j for j in range(10) if j != left]
    slopes = []
    for squares, products in parts:
        found = np.linalg.solve(squares[kept].sum(axis=0), products[kept].sum(axis=0))[1:]
        slopes.append(found.reshape(-1, *shape))
    one, other = slopes  # (dimension, window, unit)
    sizes = (one * other[:, -1:] + other * one[:, -1:]).sum(axis=(0, 2))
    return float(np.log(sizes) @ logs) if (sizes > 0).all() else float("nan")


def _centred(values, side):
    """Take out the mean, on each side if there are sides, and scale to unit length."""
    values = values - values.mean(axis=0)
    if side is not None:
        for name in np.unique(side):
            own = side == name
            values[own] -= values[own].mean(axis=0)
    return values / np.maximum(np.linalg.norm(values, axis=0), 1e-12)
