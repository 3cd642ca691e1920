"""Tables with one row a network, checked and turned into scores of cells against seeds."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from trilateration._checks import check_choice

FACTORS = ("network", "head", "n_tasks")


@dataclass(frozen=True, eq=False)
class PairedScores:
    """One score for each cell and unit, with every unit in every cell.

    Made by :func:`paired`, which checks all of that.

    Attributes
    ----------
    outcome
        Name of the score.
    unit
        Name of what was replicated, ``"seed"``: the trained network and its world.
    cells
        One row a cell: its level of each factor.
    units
        The seeds, in the order of the columns of ``values``.
    values
        The scores.
    """

    outcome: str
    unit: str
    cells: pd.DataFrame
    units: Int[np.ndarray, " unit"]
    values: Float[np.ndarray, "cell unit"]

    def levels(self, factor: str) -> tuple:
        """Return the levels of a factor, in the order of the table."""
        check_choice(factor, tuple(self.cells), "factor")
        return tuple(self.cells[factor].unique().tolist())

    def select(self, **levels: Hashable | Sequence) -> "PairedScores":
        """Return the cells with these levels, such as ``network=["rnn", "lstm"], n_tasks=24``.

        Raises
        ------
        ValueError
            If there is no such factor or level.
        """
        keep = np.ones(len(self.cells), bool)
        for factor, wanted in levels.items():
            known = self.levels(factor)
            chosen = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
            for level in chosen:
                check_choice(level, known, factor)
            keep &= self.cells[factor].isin(chosen).to_numpy()
        cells = self.cells[keep].reset_index(drop=True)
        return PairedScores(self.outcome, self.unit, cells, self.units, self.values[keep])

    def of(self, **levels: Hashable) -> Float[np.ndarray, " unit"]:
        """Return the scores of the one cell with these levels.

        Raises
        ------
        ValueError
            If the levels leave more cells than one.
        """
        chosen = self.select(**levels)
        if len(chosen.cells) != 1:
            raise ValueError(
                f"levels must leave one cell, got {len(chosen.cells)} with {name_cell(levels)}"
            )
        return chosen.values[0]

    def along(self, factor: str, **levels: Hashable) -> Float[np.ndarray, "level unit"]:
        """Return the scores at each level of one factor, the others being fixed.

        Raises
        ------
        ValueError
            If the levels leave more than one cell at a level of the factor, or none.
        """
        return np.stack([self.of(**levels, **{factor: x}) for x in self.levels(factor)])

    def contrast(
        self, factor: str, first: Hashable, second: Hashable, **levels: Hashable | Sequence
    ) -> Float[np.ndarray, " unit"]:
        """Return the score at one level of a factor minus that at another, of each unit.

        Both are taken at the same levels of all other factors, and averaged over those that
        ``levels`` leaves open.

        Raises
        ------
        ValueError
            If there is no such level, or a level of the other factors has only one of the two.
        """
        one, other = (self.select(**levels, **{factor: x}) for x in (first, second))
        others = [name for name in self.cells if name != factor]
        left, right = one.cells[others], other.cells[others]
        for sides, lacking in (((left, right), second), ((right, left), first)):
            lone = _rows_without(*sides)
            if len(lone):
                cell = {factor: lacking, **lone.iloc[0].to_dict()}
                raise ValueError(
                    f"contrast needs both levels in every cell, got no {name_cell(cell)}"
                )
        order = pd.MultiIndex.from_frame(right).get_indexer(pd.MultiIndex.from_frame(left))
        return (one.values - other.values[order]).mean(axis=0)


def paired(
    table: pd.DataFrame,
    outcome: str = "ood_r2",
    *,
    unit: str = "seed",
    factors: Sequence[str] = FACTORS,
    diverged: float | None = None,
    floor: float | None = None,
) -> PairedScores:
    """Check a tidy table and return one of its scores as cells against units.

    Parameters
    ----------
    table
        One row a trained network.
    outcome
        Column with the score.
    unit
        Column that says which networks share a world: the same seed has the same encoder,
        boundaries and evidence in every cell. Nothing else counts as a replicate.
    factors
        Columns that were varied; every combination of their levels must be there.
    diverged
        Score that counts for a network whose training diverged (column ``diverged``), whatever
        stands in the table: 0 is the r² of one who knows nothing. None: such a network is an error.
    floor
        Scores below it count as this much. An r² has no lower bound, so that one decoder that blew
        up would outweigh all other networks in a mean.

    Raises
    ------
    ValueError
        If a column is missing, a cell has one unit only, a unit is missing in a cell or twice in
        it, or a score is NaN, infinite, or the same at every unit. The message names the cell and
        the unit.
    """
    factors = tuple(factors)
    for column in (*factors, unit, outcome):
        if column not in table:
            raise ValueError(f"table must have a column {column!r}, got {', '.join(table.columns)}")
    if table.empty:
        raise ValueError("table must hold at least one network, got an empty table")
    names = [*factors, unit]
    _refuse(
        table[table.duplicated(names)],
        names,
        f"table must hold one row for each {unit} in a cell, got several for",
    )
    rows = table[[*names, outcome]].copy()
    lost = table["diverged"].to_numpy(bool) if "diverged" in table else np.zeros(len(table), bool)
    if diverged is not None:
        rows.loc[lost, outcome] = float(diverged)
    elif lost.any():
        _refuse(rows[lost], names, "table must hold trained networks, got a diverged one:")
    _refuse(
        rows[~np.isfinite(rows[outcome].to_numpy(float))],
        names,
        f"{outcome} must be finite, got NaN or infinite for",
    )
    counts = rows.groupby(list(factors), sort=False, observed=True)[unit].transform("size")
    _refuse(
        rows[counts == 1],
        names,
        f"table must hold at least 2 values of {unit} in a cell, got 1 for",
    )
    _refuse_constant(rows[~lost], outcome, unit, factors)
    if floor is not None:
        rows[outcome] = rows[outcome].clip(lower=float(floor))
    wide = _crossed(rows, outcome, unit, factors)
    return PairedScores(
        outcome,
        unit,
        wide.index.to_frame(index=False),
        wide.columns.to_numpy(int),
        wide.to_numpy(float),
    )


def name_cell(levels: dict) -> str:
    """Return ``network 'rnn', n_tasks 6`` for a dictionary of levels."""
    return ", ".join(
        f"{key} {value!r}" if isinstance(value, str) else f"{key} {value}"
        for key, value in levels.items()
    )


def _refuse(bad, names, message):
    """Raise an error that names the first of some bad rows, if there are any."""
    if len(bad):
        rest = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise ValueError(f"{message} {name_cell(bad.iloc[0][names].to_dict())}{rest}")


def _crossed(rows, outcome, unit, factors):
    """Return all combinations of levels against units; raise an error if one is missing."""
    wide = rows.pivot(index=list(factors), columns=unit, values=outcome).sort_index(axis=1)
    levels = [rows[factor].unique().tolist() for factor in factors]
    # Numbers ascend, names keep the order in which the table brings them.
    levels = [x if any(isinstance(y, str) for y in x) else sorted(x) for x in levels]
    if len(factors) == 1:
        wide = wide.reindex(pd.Index(levels[0], name=factors[0]))
    else:
        wide = wide.reindex(pd.MultiIndex.from_product(levels, names=list(factors)))
    at = np.argwhere(wide.isna().to_numpy())
    if len(at):
        index = wide.index[at[0, 0]]
        cell = dict(zip(factors, index if isinstance(index, tuple) else (index,), strict=True))
        missing = name_cell(cell | {unit: wide.columns[at[0, 1]]})
        rest = f" (and {len(at) - 1} more)" if len(at) > 1 else ""
        raise ValueError(
            f"table must be paired, with every {unit} in every cell, got no row for {missing}{rest}"
        )
    return wide


def _refuse_constant(rows, outcome, unit, factors):
    for _, group in rows.groupby(list(factors), sort=False, observed=True):
        if len(group) > 1 and np.ptp(group[outcome].to_numpy(float)) == 0:
            cell = name_cell(group.iloc[0][list(factors)].to_dict())
            seeds = group[unit]
            raise ValueError(
                f"{outcome} must vary between values of {unit}, got "
                f"{group[outcome].iloc[0]:.4g} at every one for {cell}, "
                f"{unit} {seeds.min()} to {seeds.max()}"
            )


def _rows_without(rows, others):
    """Return the rows that do not stand in ``others``, columns alike."""
    inside = pd.MultiIndex.from_frame(rows).isin(pd.MultiIndex.from_frame(others))
    return rows[~inside]
