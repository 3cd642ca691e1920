"""A mixed model of all networks at once, as a cross-check of the paired tests."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from trilateration._checks import check_choice
from trilateration.statistics.tables import PairedScores


@dataclass(frozen=True, eq=False)
class MixedModel:
    """What the mixed model found.

    Attributes
    ----------
    contrasts
        For each level of the factor but the reference: ``difference`` from it, ``error`` (standard
        error), ``low``, ``high`` (95 %) and ``p`` (both normal).
    unit_variance, residual_variance
        Variance between units, and within them.
    notes
        What the fit complained of, without repeats; empty if nothing.
    """

    contrasts: pd.DataFrame
    unit_variance: float
    residual_variance: float
    notes: tuple[str, ...]

    @property
    def intraclass_correlation(self) -> float:
        """Correlation between two scores of the same unit in different cells."""
        return self.unit_variance / (self.unit_variance + self.residual_variance)


def mixed_model(scores: PairedScores, factor: str, reference: str | int) -> MixedModel:
    """Fit score = mean of the other factors' cell + effect of the factor + unit + residual.

    The unit is a random intercept; restricted maximum likelihood. In a balanced table the estimated
    differences are the paired ones, averaged over the other factors; the standard error assumes
    that residuals are alike and independent in all cells, which the paired tests do not.

    Parameters
    ----------
    scores
        A checked table.
    factor
        Factor whose levels are compared.
    reference
        Level that the others are compared with.

    Raises
    ------
    ValueError
        If there is no such factor or level, or only one level.
    """
    levels = scores.levels(factor)
    check_choice(reference, levels, "reference")
    others = [level for level in levels if level != reference]
    if not others:
        raise ValueError(f"{factor} must have at least two levels, got {levels[0]!r} only")
    design = _design(scores, factor, others)
    n = len(scores.units)
    # In units of the scatter within cells, because statsmodels judges variances by absolute size.
    scale = float(np.sqrt(scores.values.var(axis=1, ddof=1).mean()))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        warnings.simplefilter("always", RuntimeWarning)
        fit = MixedLM(
            scores.values.reshape(-1) / scale,
            np.repeat(design, n, axis=0),
            groups=np.tile(scores.units, len(scores.cells)),
        ).fit(reml=True, method=["lbfgs", "bfgs", "cg"])
        # statsmodels computes errors when they are asked for, and complains only then.
        k, ends = len(others), fit.conf_int()
        contrasts = pd.DataFrame(
            {
                "difference": scale * np.asarray(fit.fe_params)[:k],
                "error": scale * np.asarray(fit.bse_fe)[:k],
                "low": scale * np.asarray(ends)[:k, 0],
                "high": scale * np.asarray(ends)[:k, 1],
                "p": np.asarray(fit.pvalues)[:k],
            },
            index=pd.Index(others, name=factor),
        )
    notes = tuple(dict.fromkeys(str(w.message).splitlines()[0] for w in caught))
    between, inside = (scale**2 * float(v) for v in (np.asarray(fit.cov_re)[0, 0], fit.scale))
    return MixedModel(contrasts, between, inside, notes)


def _design(scores, factor, others):
    """Return one row a cell: indicators of the levels, then of the other factors' combinations."""
    rest = [name for name in scores.cells if name != factor]
    effects = np.stack([scores.cells[factor] == level for level in others], axis=1)
    if not rest:
        return np.column_stack([effects, np.ones(len(scores.cells))]).astype(float)
    strata = scores.cells.groupby(rest, sort=False, observed=True).ngroup().to_numpy()
    return np.column_stack([effects, np.eye(strata.max() + 1)[strata]]).astype(float)
