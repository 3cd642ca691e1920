"""What a nonlinear decoder finds that a linear one does not."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Real
from sklearn.kernel_ridge import KernelRidge
from sklearn.neighbors import KNeighborsRegressor

from trilateration._checks import check_choice, check_count, check_generator
from trilateration.geometry._codes import paired
from trilateration.readout import PENALTIES, left_out_predictions, random_groups

DECODERS = ("kernel", "neighbours")
_KERNEL_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)


class Decoding(NamedTuple):
    """Held-out R² of two decoders, mean over latents.

    Attributes
    ----------
    linear
        Ridge regression, the penalty chosen on training trials.
    nonlinear
        The other decoder.
    gap
        Nonlinear minus linear: what is there but not laid out straight.
    """

    linear: float
    nonlinear: float
    gap: float


def linear_and_nonlinear(
    codes: Real[np.ndarray, "trial unit"],
    latents: Real[np.ndarray, "trial dimension"],
    *,
    rng: np.random.Generator,
    decoder: str = "kernel",
    n_folds: int = 4,
) -> Decoding:
    """Compare a linear with a nonlinear decoder of the latents, on trials held out of both.

    For an affine code with isotropic noise the gap is 0 up to what each decoder wastes: a nonlinear
    one needs more trials, so the gap is a little below 0. It is positive for codes that carry the
    latents bent. (The bounded prior itself rewards a nonlinear decoder a little, near the faces.)

    Parameters
    ----------
    codes, latents
        Shapes ``(trial, unit)`` and ``(trial, dimension)``; a few hundred to a few thousand trials.
    rng
        Draws the folds.
    decoder
        ``"kernel"``: ridge regression with a Gaussian kernel as wide as the median distance of two
        trials, its penalty chosen within the training trials. ``"neighbours"``: the mean of the
        √n nearest trials, weighted by nearness.
    n_folds
        ≥ 3.

    Raises
    ------
    ValueError
        If codes and latents are not of the same trials, the decoder is unknown, or there are fewer
        than 3 folds.
    """
    codes, latents = paired(codes, latents)
    check_generator(rng)
    check_choice(decoder, DECODERS, "decoder")
    check_count(n_folds, "n_folds", minimum=3)
    folds = random_groups(len(codes), n_folds, rng=rng)
    straight = left_out_predictions(codes, latents, folds, penalty=PENALTIES)
    fit = _fit_kernel if decoder == "kernel" else _fit_neighbours
    bent = np.empty(latents.shape)
    for fold in range(n_folds):
        out = folds == fold
        bent[out] = fit(codes[~out], latents[~out]).predict(codes[out])
    linear, nonlinear = (_r2(latents, read) for read in (straight, bent))
    return Decoding(linear, nonlinear, nonlinear - linear)


def _r2(latents, read):
    return float(1 - (((read - latents) ** 2).mean(axis=0) / latents.var(axis=0)).mean())


class _Scaled:
    """A regressor on codes in units of ``scale``, of targets without their mean."""

    def __init__(self, model, codes, targets, scale):
        self.scale, self.mean = scale, targets.mean(axis=0)
        self.model = model.fit(codes / scale, targets - self.mean)

    def predict(self, codes):
        return self.model.predict(codes / self.scale).reshape(len(codes), -1) + self.mean


def _fit_kernel(codes, targets):
    some = codes[: min(len(codes), 300)]
    squares = ((some[:, None] - some[None]) ** 2).sum(axis=-1)
    scale = float(np.sqrt(np.median(squares[np.triu_indices(len(some), k=1)]))) or 1.0
    spare = np.arange(len(codes)) % 4 == 0
    errors = []
    for penalty in _KERNEL_PENALTIES:
        model = KernelRidge(kernel="rbf", gamma=0.5, alpha=penalty)
        tried = _Scaled(model, codes[~spare], targets[~spare], scale)
        errors.append(((tried.predict(codes[spare]) - targets[spare]) ** 2).sum())
    best = _KERNEL_PENALTIES[int(np.argmin(errors))]
    return _Scaled(KernelRidge(kernel="rbf", gamma=0.5, alpha=best), codes, targets, scale)


def _fit_neighbours(codes, targets):
    n_neighbors = max(1, round(len(codes) ** 0.5))
    model = KNeighborsRegressor(n_neighbors=n_neighbors, weights="distance")
    return _Scaled(model, codes, targets, 1.0)
