"""Does each unit carry one latent? Measures that depend on the choice of units.

DCI (Eastwood and Williams, ICLR 2018) and InfoMEC (Hsu et al., NeurIPS 2023), for continuous
latents. Both ask how *axis-aligned* a code is, which a rotation of the code destroys although every
linear decoder keeps working: a low score is no sign that latents are mixed up beyond that.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Real
from scipy import stats
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Lasso

from trilateration._arrays import Scalar
from trilateration._checks import check_between, check_choice, check_count, check_generator
from trilateration.geometry._codes import paired
from trilateration.readout import left_out_predictions, random_groups

REGRESSORS = ("lasso", "forest")
_SURE = 0.999


class DCI(NamedTuple):
    """Disentanglement, completeness and informativeness.

    Attributes
    ----------
    disentanglement
        1 if every unit that matters matters for one latent, 0 if each matters for all alike.
    completeness
        1 if every latent is carried by one unit, 0 if by all alike; a redundant code scores low.
    informativeness
        Held-out R² of the regressor, mean over latents.
    importance
        Of each unit for each latent, ``(unit, dimension)``; every column sums to 1.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    importance: Float[np.ndarray, "unit dimension"]


class InfoMEC(NamedTuple):
    """Modularity, explicitness and compactness.

    Attributes
    ----------
    modularity
        InfoM: 1 if every unit informs about one latent only, 0 if about all alike.
    explicitness
        InfoE: R² of a held-out linear decoder, mean over latents.
    compactness
        InfoC: 1 if every latent is told by one unit only, 0 if by all alike.
    information
        Mutual information of unit and latent by the entropy of the binned latent,
        ``(unit, dimension)``; 0 for units that never vary.
    """

    modularity: float
    explicitness: float
    compactness: float
    information: Float[np.ndarray, "unit dimension"]


def dci(
    codes: Real[np.ndarray, "trial unit"],
    latents: Real[np.ndarray, "trial dimension"],
    *,
    rng: np.random.Generator,
    regressor: str = "lasso",
    penalty: Scalar = 0.02,
) -> DCI:
    """Return disentanglement, completeness and informativeness of a code.

    With R the importances, P_i· = R_i·/Σ_j R_ij and P̃_·j = R_·j/Σ_i R_ij, disentanglement is the
    mean of 1 − H_D(P_i·) over units, weighted by Σ_j R_ij, and completeness the mean of
    1 − H_n(P̃_·j) over latents; H_b is the entropy to base b and n the number of units that vary.

    Parameters
    ----------
    codes, latents
        Shapes ``(trial, unit)`` and ``(trial, dimension)``, at least 2 units that vary and D ≥ 2.
    rng
        Draws which half of the trials is held out, and the forest.
    regressor
        ``"lasso"``: importances are |weights| of standardised units; sees only what is linear.
        ``"forest"``: impurity importances of a random forest, indifferent to monotone warps of
        single units, biased towards units that vary on many levels.
    penalty
        Of the lasso, as a share of the least one that silences all units, between 0 and 1. A small
        one spreads weight over redundant units at random.

    Raises
    ------
    ValueError
        If there are fewer than two varying units or latents, or the regressor finds nothing.

    Notes
    -----
    A rotated code of as many units as latents scores low. Of many redundant units at random
    orientations both regressors pick those that happen to lie along the axes, and
    disentanglement is high although no unit was drawn to any axis: compare with a random code of
    as many units. InfoM has no such choice.
    """
    codes, latents = _at_least_two(codes, latents)
    check_generator(rng)
    check_choice(regressor, REGRESSORS, "regressor")
    check_between(penalty, 0, 1, "penalty")
    varying = np.ptp(codes, axis=0) > 0
    units, targets = _standardised(codes[:, varying]), _standardised(latents)
    train = random_groups(len(units), 2, rng=rng) == 0
    found, scores = np.zeros((len(varying), latents.shape[1])), []
    for j, target in enumerate(targets.T):
        weights, score = _regress(units, target, train, regressor, penalty, rng)
        found[varying, j] = weights
        scores.append(score)
    if not (found.sum(axis=0) > 0).all():
        raise ValueError(
            f"codes must tell something of every latent to a {regressor}, got no importance for "
            f"dimension {int(np.argmin(found.sum(axis=0)))}"
        )
    importance = found / found.sum(axis=0)
    weight = importance.sum(axis=1)
    used = weight > 0
    focus = 1 - _entropy(importance[used] / weight[used, None], axis=1, base=latents.shape[1])
    complete = 1 - _entropy(importance, axis=0, base=int(varying.sum()))
    return DCI(
        float(focus @ weight[used] / weight.sum()),
        float(complete.mean()),
        float(np.mean(scores)),
        importance,
    )


def infomec(
    codes: Real[np.ndarray, "trial unit"],
    latents: Real[np.ndarray, "trial dimension"],
    *,
    rng: np.random.Generator,
    n_bins: int = 10,
) -> InfoMEC:
    """Return modularity, explicitness and compactness of a code.

    With I_ij the mutual information of unit i and latent j, InfoM is the mean over units of
    (max_j I_ij/Σ_j I_ij − 1/D)/(1 − 1/D), and InfoC the mean over latents of
    (max_i I_ij/Σ_i I_ij − 1/n)/(1 − 1/n). Units and latents are cut into bins of equal numbers of
    trials, which makes both indifferent to monotone warps of single units. (The authors' code takes
    latents as classes, which has no meaning for continuous ones.)

    Parameters
    ----------
    codes, latents
        As in :func:`dci`.
    rng
        Draws the folds of the held-out decoder.
    n_bins
        Bins of each unit and latent, ≥ 2.

    Notes
    -----
    Counting overestimates information, by about (B − 1)²/(2n) nats; this is subtracted (Miller and
    Madow), and what chance alone reaches but once in a thousand is set to 0: otherwise 60 units
    that know nothing would make a code of two good ones look diffuse. Units that know nothing
    do not count in InfoM. A code of many redundant units is not compact.

    Raises
    ------
    ValueError
        If codes and latents are not of the same trials, there are fewer than 2 bins, or no unit
        informs about one of the latents.
    """
    codes, latents = _at_least_two(codes, latents)
    check_generator(rng)
    check_count(n_bins, "n_bins", minimum=2)
    varying = np.ptp(codes, axis=0) > 0
    known = np.zeros((codes.shape[1], latents.shape[1]))
    bins = [_binned(values, n_bins) for values in (codes[:, varying], latents)]
    known[varying] = _normalised_information(*bins, n_bins)
    folds = random_groups(len(codes), 5, rng=rng)
    read = left_out_predictions(codes, latents, folds, penalty=1e-4)
    explained = 1 - ((read - latents) ** 2).mean(axis=0) / latents.var(axis=0)
    informed = known[known.sum(axis=1) > 0]
    if not (known.sum(axis=0) > 0).all():
        raise ValueError(
            "codes must inform about every latent, got no unit that does for "
            f"dimension {int(np.argmin(known.sum(axis=0)))}"
        )
    return InfoMEC(
        float(_focus(informed, axis=1).mean()),
        float(explained.mean()),
        float(_focus(known[varying], axis=0).mean()),
        known,
    )


def _at_least_two(codes, latents):
    codes, latents = paired(codes, latents)
    if latents.shape[1] < 2:
        raise ValueError(f"latents must have at least 2 dimensions, got {latents.shape[1]}")
    n_varying = int((np.ptp(codes, axis=0) > 0).sum())
    if n_varying < 2:
        raise ValueError(f"codes must have at least 2 units that vary, got {n_varying}")
    return codes, latents


def _standardised(values):
    return (values - values.mean(axis=0)) / values.std(axis=0)


def _regress(units, target, train, regressor, penalty, rng):
    if regressor == "lasso":
        silencing = np.abs(units[train].T @ (target[train] - target[train].mean())).max()
        model = Lasso(alpha=penalty * silencing / train.sum(), tol=1e-4, max_iter=20_000)
    else:
        model = RandomForestRegressor(
            n_estimators=30,
            min_samples_leaf=5,
            random_state=int(rng.integers(2**31)),
        )
    model.fit(units[train], target[train])
    weights = np.abs(model.coef_) if regressor == "lasso" else model.feature_importances_
    error = ((model.predict(units[~train]) - target[~train]) ** 2).mean()
    return weights, 1 - error / target[~train].var()


def _entropy(shares, axis, base):
    logs = np.log(np.where(shares > 0, shares, 1))
    return -(shares * logs).sum(axis=axis) / np.log(base)


def _focus(information, axis):
    size = information.shape[axis]
    share = information.max(axis=axis) / information.sum(axis=axis)
    return (share - 1 / size) / (1 - 1 / size)


def _binned(values, n_bins) -> Int[np.ndarray, "trial column"]:
    """Return bins of equal numbers of trials; equal values share a bin."""
    edges = np.quantile(values, np.arange(1, n_bins) / n_bins, axis=0)
    columns = zip(values.T, edges.T, strict=True)
    return np.stack([np.searchsorted(e, v, side="left") for v, e in columns], axis=1)


def _normalised_information(units, latents, n_bins):
    n, dimension = latents.shape
    known = np.empty((units.shape[1], dimension))
    for i, j in np.ndindex(*known.shape):
        joint = np.bincount(units[:, i] * n_bins + latents[:, j], minlength=n_bins**2)
        joint = joint.reshape(n_bins, n_bins) / n
        rows, columns = joint.sum(axis=1), joint.sum(axis=0)
        terms = np.where(joint > 0, joint, 1) / np.where(joint > 0, np.outer(rows, columns), 1)
        counted = (joint * np.log(terms)).sum()
        # 2n I is nearly chi-squared for independent variables.
        freedom = ((rows > 0).sum() - 1) * ((columns > 0).sum() - 1)
        entropy = -(columns * np.log(np.where(columns > 0, columns, 1))).sum()
        by_chance = stats.chi2.ppf(_SURE, freedom) / (2 * n)
        above = counted > by_chance
        known[i, j] = (counted - freedom / (2 * n)) / entropy if above else 0.0
    return known
