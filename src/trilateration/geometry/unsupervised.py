"""Codes that are found without labels, beside those that labels make, on the same trials.

Principal and independent components (scikit-learn) and autoencoders see one observation at a time;
a matcher also sees which readings are of one trial. :func:`twisted` makes another latent state of
the same law, which is why the former cannot be trusted in general.
"""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Real
from scipy.optimize import linear_sum_assignment

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import (
    check_at_least,
    check_count,
    check_last_axis,
    check_minimum_ndim,
    check_positive,
)
from trilateration.geometry.worlds import CODES, Codes
from trilateration.parameters import generator
from trilateration.readout import code_scores
from trilateration.training import TrainedEnsemble
from trilateration.training.unsupervised import train_autoencoders, train_matchers

ROUTES = ("PCA", "ICA", "autoencoder", "β = 1", "β = 4", "of readings", "wide", "matcher")
_APART = 100_000  # between seeds of different starts
_BETAS = {"autoencoder": 0.0, "β = 1": 1.0, "β = 4": 4.0}  # weight of the divergence


def seen_readings(
    trained: TrainedEnsemble, n_trials: int, *, stream: str, n_readings: int | None = None
) -> Float[np.ndarray, "replicate trial time feature"]:
    """Return what networks see of each reading, in float32.

    Parameters
    ----------
    trained
        Networks, for their worlds: each replicate's own map and noise.
    n_trials
        Trials of each.
    stream
        Name of the trials. :func:`codes_of` has the same of the same name.
    n_readings
        How many readings of each trial, from the first; by default all.

    Raises
    ------
    ValueError
        If more readings are asked for than a trial has.
    """
    check_count(n_trials, "n_trials")
    protocol = trained.worlds.protocol
    n_readings = protocol.stimulus_steps if n_readings is None else n_readings
    if check_count(n_readings, "n_readings") > protocol.stimulus_steps:
        raise ValueError(
            f"n_readings must be at most {protocol.stimulus_steps}, the readings of a trial, got "
            f"{n_readings}"
        )
    during = slice(protocol.fixation_steps, protocol.fixation_steps + n_readings)
    seen = trained.worlds.trials(n_trials, stream=stream).features
    return seen[:, during].transpose(1, 2).cpu().numpy()


def component_codes(
    training: Real[np.ndarray, "trial feature"],
    test: Real[np.ndarray, "other_trial feature"],
    n_components: int,
    *,
    seed: int = 0,
) -> dict[str, Float[np.ndarray, "other_trial component"]]:
    """Return principal (``"PCA"``) and independent (``"ICA"``) components of test observations.

    Parameters
    ----------
    training, test
        Observations; the components are found in the first.
    n_components
        At most the number of features.
    seed
        Of FastICA's start.

    Raises
    ------
    ValueError
        If the numbers of features differ or there are fewer than ``n_components``.
    """
    # Imported here: a second that those who want other codes need not wait.
    from sklearn.decomposition import PCA, FastICA
    from sklearn.exceptions import ConvergenceWarning

    training, test = as_floating(training, "training"), as_floating(test, "test")
    check_minimum_ndim(training, 2, "training", "(trial, feature)")
    check_last_axis(test, training.shape[-1], "test", "feature")
    check_count(n_components, "n_components")
    if n_components > training.shape[-1]:
        raise ValueError(
            f"n_components must be at most {training.shape[-1]}, the number of features, got "
            f"{n_components}"
        )
    pca = PCA(n_components, svd_solver="full").fit(training)
    ica = FastICA(n_components, whiten="unit-variance", random_state=seed, max_iter=500)
    with warnings.catch_warnings():
        # Where no rotation is better than others none is settled on, and any will do.
        warnings.simplefilter("ignore", ConvergenceWarning)
        ica.fit(training)
    return {"PCA": pca.transform(test), "ICA": ica.transform(test)}


def unlabelled_codes(
    trained: Mapping[str, TrainedEnsemble],
    n_trials: int,
    *,
    n_training: int = 2_000,
    n_units: int = 32,
    n_wide: int = 8,
    n_readings: int = 8,
    steps: int = 600,
    matcher_steps: int = 800,
    n_starts: int = 2,
    batch: int = 32,
    stream: str = "test",
) -> dict[str, list[dict[str, Float[np.ndarray, "trial latent"]]]]:
    """Return codes of all :data:`ROUTES`, for each network's own map, of its own test trials.

    Components and autoencoders are found in observations averaged over a trial, and code those; but
    ``"of readings"`` is trained on single readings of different trials, and averages its codes, and
    so does the matcher, who is told which readings are of one trial. ``"wide"`` has ``n_wide`` code
    coordinates, all others as many as there are latent ones. All worlds are trained together.

    Parameters
    ----------
    trained
        Networks by world, for their worlds; equally many in each, of the same seeds, dimension and
        number of features.
    n_trials, stream
        Test trials, as for :func:`codes_of`.
    n_training
        Trials without labels, of other streams.
    n_units
        Of the layers of autoencoders and matchers.
    n_wide
        Code coordinates of the wide autoencoder.
    n_readings
        Readings of each trial that matchers are trained on.
    steps, matcher_steps, batch
        Of the descent of autoencoders and of matchers.
    n_starts
        Matchers that are trained in each world. The one of the least loss is kept: some starts end
        in a poor minimum, and the loss, for which no label is needed, tells.
    """
    check_count(n_starts, "n_starts")
    worlds, first = list(trained), next(iter(trained.values()))
    own_seeds, dimension = [own.seed for own in first.configurations], first.worlds.dimension
    seeds = own_seeds * len(worlds)
    options = {"n_units": n_units, "steps": steps, "batch": batch}

    def seen(name, count, shown=None):
        each = [
            seen_readings(own, count, stream=name, n_readings=shown) for own in trained.values()
        ]
        return np.concatenate(each)

    few = seen("grouped", n_training, n_readings)
    many = options | {"steps": matcher_steps}
    starts = [seed + _APART * start for start in range(n_starts) for seed in seeds]
    matchers = train_matchers(np.concatenate([few] * n_starts), starts, n_latents=dimension, **many)
    plain = [0.0] * len(seeds)
    single = train_autoencoders(few[:, :, 0], seeds, plain, n_latents=dimension, **options)
    means = seen("unlabelled", n_training).mean(2)
    wide = train_autoencoders(means, seeds, plain, n_latents=n_wide, **options)
    kinds = len(_BETAS)
    narrow = train_autoencoders(
        np.concatenate([means] * kinds),
        seeds * kinds,
        [beta for beta in _BETAS.values() for _ in seeds],
        n_latents=dimension,
        **options,
    )
    test = seen(stream, n_trials)
    averaged = test.mean(2)
    coded = narrow.codes(np.concatenate([averaged] * kinds))
    coded = dict(zip(_BETAS, np.split(coded, kinds), strict=True))
    coded["of readings"] = single.mean_codes(test)
    coded["wide"] = wide.codes(averaged)
    matched = matchers.mean_codes(np.concatenate([test] * n_starts))
    best = matchers.losses.reshape(n_starts, -1).argmin(axis=0)
    at = best, np.arange(len(seeds))
    coded["matcher"] = matched.reshape(n_starts, len(seeds), *matched.shape[1:])[at]
    found = {world: [] for world in worlds}
    for index, seed in enumerate(seeds):
        both = means[index].astype(float), averaged[index].astype(float)
        codes = component_codes(*both, dimension, seed=seed)
        codes |= {name: each[index] for name, each in coded.items()}
        found[worlds[index // len(own_seeds)]].append(codes)
    return found


def route_scores(
    networks: Sequence[Codes],
    unlabelled: Sequence[Mapping[str, Float[np.ndarray, "trial latent"]]],
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how well position is decoded linearly from codes with and without labels.

    Parameters
    ----------
    networks
        One a network.
    unlabelled
        Codes of the same trials by name, one dictionary a network.
    seed
        Of the random folds, as in :func:`world_scores`.

    Returns
    -------
    pandas.DataFrame
        As :func:`world_scores` for :data:`CODES` and the other names, and ``axes``:
        :func:`matched_correlation`, or NaN if a code has not D coordinates.
    """
    rows = []
    for index, (own, others) in enumerate(zip(networks, unlabelled, strict=True)):
        for name, code in ({kind: getattr(own, kind) for kind in CODES} | dict(others)).items():
            scores = code_scores(code, own.latents, rng=generator(seed, "folds", str(index)))
            values = dict(zip(scores._fields, (each.value for each in scores), strict=True))
            same = code.shape == own.latents.shape
            axes = matched_correlation(code, own.latents) if same else np.nan
            rows.append({"network": index, "code": name, **values, "axes": axes})
    return pd.DataFrame(rows)


def matched_correlation(
    code: Real[np.ndarray, "trial unit"], latents: Real[np.ndarray, "trial dimension"]
) -> float:
    """Return the mean |correlation| of latent and code coordinates, in the best pairing.

    1 if and only if each code coordinate is a latent one up to shift, scale and sign. A code of the
    plane that is a rotation of it has at least cos 45°, and 0.90 on average over rotations.

    Parameters
    ----------
    code, latents
        Of the same shape.

    Raises
    ------
    ValueError
        If the shapes differ, or a coordinate is constant.
    """
    code, latents = as_floating(code, "code"), as_floating(latents, "latents")
    if code.ndim != 2 or code.shape != latents.shape:
        raise ValueError(f"code must have the shape {latents.shape} of latents, got {code.shape}")
    if not (np.ptp(code, axis=0).all() and np.ptp(latents, axis=0).all()):
        raise ValueError("code and latents must vary in all coordinates, got a constant one")
    dimension = latents.shape[1]
    table = np.abs(np.corrcoef(code, latents, rowvar=False)[:dimension, dimension:])
    return float(table[linear_sum_assignment(table, maximize=True)].mean())


def twisted(
    points: Real[np.ndarray, "*batch dimension"],
    strength: Scalar,
    *,
    half_width: Scalar = 0.5,
) -> Float[np.ndarray, "*batch dimension"]:
    """Return points with the disc of radius h twisted: another latent state of the same law.

    The plane of the first two coordinates is turned by the angle κ (1 − r²/h²) where its radius r
    is below h, and stays as it is elsewhere. That is a volume-preserving bijection with continuous
    derivatives, the inverse of that of −κ, which keeps the box [−h, h]^D and its uniform law.

    Parameters
    ----------
    points
        x, D ≥ 2.
    strength
        κ, radians.
    half_width
        h > 0.

    Raises
    ------
    ValueError
        If there are fewer than two coordinates or h is not positive.
    """
    points = as_floating(points, "points")
    check_at_least(abs(strength), 0, "strength")
    check_positive(half_width, "half_width")
    if points.ndim == 0 or points.shape[-1] < 2:
        raise ValueError(f"points must have at least 2 coordinates, got shape {points.shape}")
    plane = points[..., 0] + 1j * points[..., 1]
    depth = np.maximum(1 - np.abs(plane) ** 2 / half_width**2, 0)
    plane = plane * np.exp(1j * strength * depth)
    return np.concatenate([plane.real[..., None], plane.imag[..., None], points[..., 2:]], axis=-1)


def twisted_r2(strength: Scalar) -> float:
    """Return the r² of the best affine guess of one latent state from the other, D = 2.

    Write both as complex numbers, x and x′. By the symmetry of the square the best affine guess is
    c x, with c = E[x′ x̄]/E|x|², and r² = |c|². On the square of half side h, ∫|x|² = (8/3) h⁴. The
    disc has (π/2) h⁴ of it, in place of which c has π h⁴ ∫₀¹ ν e^{iκ(1 − ν)} dν, ν = r²/h².

    Parameters
    ----------
    strength
        κ, not 0.
    """
    check_positive(abs(strength), "abs(strength)")
    k = 1j * float(strength)
    inside = np.pi * (np.exp(k) - 1 - k) / k**2
    return float(abs(1 + (inside - np.pi / 2) * 3 / 8) ** 2)
