"""Decoders where they were not trained: protocols of shifts, and what each code predicts there.

A decoder is fitted on trials of one law and tested on trials of another. :func:`corner_transfer`
holds a corner of the box out, an orthant if its side is half the box; :func:`transfer` takes any
two sets of trials. Scores are one a replicate, because the trained network is the unit of
replication; what a score cannot be trusted for is said in its notes. The closed forms
(:func:`extrapolation_r2`, :func:`correlation_shift_r2`, :func:`noise_shift_r2`,
:func:`length_shift_r2`) say what ideal codes do under the same shift.
"""

import math
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Real
from scipy import special

from trilateration._arrays import Scalar
from trilateration._checks import (
    check_at_least,
    check_between,
    check_choice,
    check_count,
    check_generator,
    check_minimum_ndim,
    check_positive,
)
from trilateration.evidence import standard_error
from trilateration.readout.codes import CODES, radial_response
from trilateration.readout.linear import PENALTIES, choose_penalty, fit_linear
from trilateration.readout.regions import orthants
from trilateration.readout.scores import prior_r2, within_r2

EXTRAPOLATED = (*CODES, "clipped")
FEW_TRIALS = "fewer trials than features"
FEW_TESTS = "fewer than 30 test trials"
_FEW = 30
_BOX_NODES, _NOISE_NODES = 40, 10

Codes = Real[np.ndarray, "replicate trial feature"]
Latents = Real[np.ndarray, "replicate trial dimension"]


class Transfer(NamedTuple):
    """How decoders do on trials of another law, one score a replicate.

    Attributes
    ----------
    prior
        r² by the paper's fixed baseline, the variance 1/12 per axis of the training box.
    within
        R² by the textbook's, the variance of the tested trials about the mean of their region.
    notes
        Named warnings, each once; empty if there is nothing to say.
    """

    prior: Float[np.ndarray, " replicate"]
    within: Float[np.ndarray, " replicate"]
    notes: tuple[str, ...]


def in_corner(
    latents: Real[np.ndarray, "*batch dimension"],
    side: Scalar,
    signs: Sequence[int] | None = None,
    *,
    half_width: Scalar = 0.5,
) -> Bool[np.ndarray, "*batch"]:
    """Tell which positions lie in a corner of the box.

    Parameters
    ----------
    latents
        x*, shape ``(..., dimension)``.
    side
        Side a of the corner, 0 < a < 2h: h for an orthant.
    signs
        ±1 for each axis: which corner; by default the positive one, [h − a, h]^D.
    half_width
        h > 0 of the box.

    Raises
    ------
    ValueError
        If the corner would be the whole box, which leaves nothing to train on.
    """
    latents = np.asarray(latents)
    check_minimum_ndim(latents, 1, "latents", "(..., dimension)")
    check_positive(half_width, "half_width")
    check_positive(side, "side")
    if side >= 2 * half_width:
        raise ValueError(
            f"side must be less than the box's {2 * half_width:g}, got {side}: that leaves nothing "
            "to train on"
        )
    signs = np.ones(latents.shape[-1]) if signs is None else np.asarray(signs)
    return (signs * latents > half_width - side).all(axis=-1)


def corner_transfer(
    codes: Codes, latents: Latents, side: Scalar, *, penalties: Sequence[float] = PENALTIES
) -> Transfer:
    """Hold each corner of the box out in turn, fit on the rest, and test in the corner.

    With ``side`` = ½ it is the paper's test of generalisation, each orthant left out in turn. The
    ridge penalty is chosen by leaving out one orthant of the *training* trials at a time.

    Parameters
    ----------
    codes
        Features of each replicate, shape ``(replicate, trial, feature)``.
    latents
        x*, shape ``(replicate, trial, dimension)``, in the box with h = ½.
    side
        Side a of the corner, 0 < a < 1.
    penalties
        The penalties to choose from.

    Raises
    ------
    ValueError
        If no training trials would be left, or no trial lies in a corner.
    """
    _check_codes(codes, latents, "codes", "latents")
    notes: set[str] = set()
    scores = np.empty((2, len(codes)))
    corners = list(product((-1, 1), repeat=latents.shape[-1]))
    for replicate, (code, latent) in enumerate(zip(codes, latents, strict=True)):
        truth, read, group = [], [], []
        for index, signs in enumerate(corners):
            out = in_corner(latent, side, signs)
            if not out.any():
                raise ValueError(
                    f"side must be large enough that each corner holds a trial, got {side} with "
                    f"{len(latent)} trials"
                )
            decoder = _fit(code[~out], latent[~out], penalties, notes)
            _note_few_tests(out.sum(), notes)
            truth.append(latent[out])
            read.append(decoder.predict(code[out]))
            group.append(np.full(out.sum(), index))
        truth, read, group = (np.concatenate(x) for x in (truth, read, group))
        scores[:, replicate] = prior_r2(truth, read).value, within_r2(truth, read, group).value
    return Transfer(*scores, tuple(sorted(notes)))


def transfer(
    codes: Codes,
    latents: Latents,
    test_codes: Real[np.ndarray, "replicate test feature"],
    test_latents: Real[np.ndarray, "replicate test dimension"],
    *,
    penalties: Sequence[float] = PENALTIES,
) -> Transfer:
    """Fit a decoder on one set of trials and test it on another.

    Parameters
    ----------
    codes, latents
        Training trials, as in :func:`corner_transfer`; the penalty is chosen by leaving out one of
        their orthants at a time.
    test_codes, test_latents
        Test trials of the same replicates.
    penalties
        The penalties to choose from.

    Raises
    ------
    ValueError
        If there are no training trials, or the shapes do not agree.
    """
    _check_codes(codes, latents, "codes", "latents")
    _check_codes(test_codes, test_latents, "test_codes", "test_latents")
    if len(codes) != len(test_codes):
        raise ValueError(
            f"test_codes must be of the same {len(codes)} replicates, got {len(test_codes)}"
        )
    notes: set[str] = set()
    _note_few_tests(test_codes.shape[1], notes)
    scores = np.empty((2, len(codes)))
    for replicate, (code, latent, test, truth) in enumerate(
        zip(codes, latents, test_codes, test_latents, strict=True)
    ):
        read = _fit(code, latent, penalties, notes).predict(test)
        scores[:, replicate] = prior_r2(truth, read).value, within_r2(truth, read).value
    return Transfer(*scores, tuple(sorted(notes)))


def correlated_latents(
    n_trials: int, correlation: Scalar, *, rng: np.random.Generator
) -> Float[np.ndarray, "trial 2"]:
    """Draw positions in the unit square whose coordinates are uniform and correlated.

    x_j = Φ(g_j) − ½ with g Gaussian of correlation 2 sin(πρ/6), which makes the correlation of the
    uniform coordinates ρ (Pearson's formula for the Gaussian copula).

    Parameters
    ----------
    n_trials
        Number of trials.
    correlation
        ρ of the coordinates themselves, −1 < ρ < 1.
    rng
        Source of all randomness.

    Raises
    ------
    ValueError
        If there is no trial, or the correlation is not between -1 and 1.
    """
    check_count(n_trials, "n_trials")
    check_between(correlation, -1, 1, "correlation")
    check_generator(rng)
    hidden = 2 * math.sin(math.pi * correlation / 6)
    g = rng.standard_normal((n_trials, 2))
    g[:, 1] = hidden * g[:, 0] + math.sqrt(1 - hidden**2) * g[:, 1]
    return special.ndtr(g) - 0.5


def extrapolation_r2(kind: str, box_scale: Scalar, s: Scalar) -> float:
    """Return the R² of an ideal code on the box made S times as wide, by its own variance S²/12.

    Evenly spaced lines in the limit N → ∞, read by the decoder that treats all directions alike,
    x̂ = κ g₁(|μ|) μ/|μ|, with the gain κ that is best on the unit square. As s → 0 the four curves
    are: probit 1; sign 6m₁²(2S − 1)/S²; logit 6(m₃²/m₄)S(2 − S); clipped 1 − (1 − 1/S)³, where m_k
    is the mean of |x*|^k over the unit square.

    Parameters
    ----------
    kind
        One of :data:`CODES`, or ``"clipped"``: μ moved to the nearest point of the unit square, as
        an observer does who believes that nothing lies outside.
    box_scale
        S > 0.
    s
        Standard error s > 0.

    Raises
    ------
    ValueError
        If the kind is unknown, or a size is not positive.
    """
    check_choice(kind, EXTRAPOLATED, "kind")
    check_positive(box_scale, "box_scale")
    check_positive(s, "s")
    gain = 1.0 if kind == "clipped" else _moments_of(kind, 1.0, s, best_gain=True)
    return float(1 - 6 * _moments_of(kind, float(box_scale), s, gain=gain) / box_scale**2)


def correlation_shift_r2(trained: Scalar, tested: Scalar, s: Scalar) -> float:
    """Return the r² of the best linear decoder of μ for one correlation, tested at another.

    Along the diagonals of the square the variances are λ± = (1 ± ρ)/12, and the decoder shrinks by
    k± = λ±/(λ± + s²): r² = 1 − 6 Σ± [(1 − k±)² λ′± + k±² s²], with λ′ of the test.

    Parameters
    ----------
    trained, tested
        Correlations of the two coordinates, between −1 and 1.
    s
        Standard error s > 0.

    Raises
    ------
    ValueError
        If a correlation is not between -1 and 1, or s is not positive.
    """
    for name, value in (("trained", trained), ("tested", tested)):
        check_between(value, -1, 1, name)
    check_positive(s, "s")
    signs = np.array([1, -1])
    spread, there = (1 + signs * trained) / 12, (1 + signs * tested) / 12
    shrink = spread / (spread + s**2)
    return float(1 - 6 * np.sum((1 - shrink) ** 2 * there + shrink**2 * s**2))


def noise_shift_r2(sigma: Scalar, n_steps: Scalar, tested: Scalar, *, adaptive: bool) -> float:
    """Return the r² of an unbiased decoder at σ, tested at σ′.

    With fixed gain the code is μ itself and r² = 1 − 12 σ′²/t. An adaptive code reports distances
    in units of the present standard error, so the decoder is off by the factor σ/σ′:
    r² = 1 − (σ/σ′ − 1)² − 12 (σ/σ′)² σ′²/t.

    Parameters
    ----------
    sigma, n_steps
        σ > 0 and t ≥ 1 in training.
    tested
        σ′ > 0.
    adaptive
        Which of the two codes.

    Raises
    ------
    ValueError
        If a noise is not positive.
    """
    check_positive(tested, "tested")
    s = standard_error(sigma, n_steps) * tested / sigma
    gain = sigma / tested if adaptive else 1.0
    return float(1 - (gain - 1) ** 2 - 12 * gain**2 * s**2)


def length_shift_r2(sigma: Scalar, n_steps: Scalar, tested: Scalar, exponent: Scalar) -> float:
    """Return the r² of an unbiased decoder at t, tested at t′, of a code whose gain grows as t^α.

    r² = 1 − ((t′/t)^α − 1)² − 12 (t′/t)^{2α} σ²/t′. α = 0: the mean; ½: the probits of the ideal
    observer; 1: the sum of the evidence.

    Parameters
    ----------
    sigma, n_steps
        σ > 0 and t ≥ 1 in training.
    tested
        t′ ≥ 1.
    exponent
        α ≥ 0.

    Raises
    ------
    ValueError
        If a number of steps is not positive, or the exponent is negative.
    """
    check_positive(n_steps, "n_steps")
    check_at_least(exponent, 0, "exponent")
    gain = (tested / n_steps) ** exponent
    return float(1 - (gain - 1) ** 2 - 12 * gain**2 * standard_error(sigma, tested) ** 2)


def _moments_of(kind, box_scale, s, *, gain=1.0, best_gain=False):
    """Return E|x̂ − x*|² on the box × S for a gain, or the gain of least error there."""
    latent, mean, weights = _box_and_noise(box_scale, s)
    if kind == "clipped":
        read = np.clip(mean.real, -0.5, 0.5) + 1j * np.clip(mean.imag, -0.5, 0.5)
    else:
        radius = np.abs(mean)
        table = np.linspace(0, radius.max(), 800)
        response = np.interp(radius, table, radial_response(table, kind, s))
        read = response * np.exp(1j * np.angle(mean))
    if best_gain:
        return (weights @ (read.conj() * latent).real) / (weights @ np.abs(read) ** 2)
    return weights @ np.abs(gain * read - latent) ** 2


def _box_and_noise(box_scale, s):
    """Return nodes of x* in a quarter of the box, of μ, and their weights, in the complex plane."""
    nodes, weights = np.polynomial.legendre.leggauss(_BOX_NODES)
    axis, weights = box_scale * (nodes + 1) / 4, weights / 2
    latent = (axis[:, None] + 1j * axis).reshape(-1, 1)
    noise, noise_weights = np.polynomial.hermite_e.hermegauss(_NOISE_NODES)
    noise_weights = noise_weights / noise_weights.sum()
    shift = s * (noise[:, None] + 1j * noise).reshape(1, -1)
    weight = np.outer(np.outer(weights, weights), np.outer(noise_weights, noise_weights))
    both = np.broadcast_to(latent, weight.shape)
    return both.reshape(-1), (latent + shift).reshape(-1), weight.reshape(-1)


def _fit(code, latent, penalties, notes):
    if len(latent) <= code.shape[1]:
        notes.add(FEW_TRIALS)
    groups = orthants(latent)
    if len(np.unique(groups)) < 2:
        raise ValueError(
            "latents must leave training trials in two orthants or more, to choose the penalty by, "
            f"got {len(latent)} trials in one"
        )
    penalty = choose_penalty(code, latent, groups, penalties)
    return fit_linear(code, latent, penalty=penalty)


def _note_few_tests(n_tests, notes):
    if n_tests < _FEW:
        notes.add(FEW_TESTS)


def _check_codes(codes, latents, name, latents_name):
    if codes.ndim != 3 or latents.ndim != 3 or codes.shape[:2] != latents.shape[:2]:
        raise ValueError(
            f"{name} and {latents_name} must agree in replicates and trials, got shapes "
            f"{codes.shape} and {latents.shape}"
        )
    if codes.shape[1] < 2:
        raise ValueError(f"{name} must hold at least 2 trials, got {codes.shape[1]}: no data left")
