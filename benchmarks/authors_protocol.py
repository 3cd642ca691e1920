r"""Keep the results of a sweep by the authors' protocol beside the chapter that shows them.

The sweep takes hours, so its table is committed:

    python -m trilateration sweep --vary n_tasks=2,3,6,12,24 --vary seed=0..19 \
        --vary protocol=authors

or ``sweep(GRID)`` of :mod:`trilateration.sweeps`, in parts if several machines share it. This
script joins the parts and writes what is not the same in all rows, with the rest, the versions and
the machine in the file's metadata:

    python benchmarks/authors_protocol.py PART.parquet ... --commit 5c8c9ac --machine "2-core AMD"
"""

import argparse
import dataclasses
from pathlib import Path

import pandas as pd

from trilateration.sweeps.identity import versions
from trilateration.training import protocol

KEPT = Path(__file__).resolve().parents[1] / "book" / "part2" / "authors_protocol.parquet"
GRID = {"n_tasks": [2, 3, 6, 12, 24], "seed": list(range(20)), "protocol": ["authors"]}
COMMAND = (
    "python -m trilateration sweep --vary n_tasks=2,3,6,12,24 --vary seed=0..19 "
    "--vary protocol=authors"
)
SCORES = ["ood_r2", "worst_ood_r2", "r2", "within_r2", "accuracy", "decision_loss"]


def join(parts: list[pd.DataFrame], commit: str, machine: str) -> pd.DataFrame:
    """Return one row a network, sorted, with what all rows share in ``attrs``.

    Raises
    ------
    ValueError
        If the parts are not the whole grid, once each, or not all by the authors' protocol.
    """
    table = pd.concat(parts, ignore_index=True).sort_values(["n_tasks", "seed"], ignore_index=True)
    cells = list(zip(table["n_tasks"], table["seed"], strict=True))
    whole = [(n, seed) for n in GRID["n_tasks"] for seed in GRID["seed"]]
    if cells != whole:
        missing = sorted(set(whole) - set(cells))
        raise ValueError(
            f"parts must hold each of {len(whole)} networks once, got {len(cells)} rows and "
            f"{len(missing)} missing, the first: {missing[:1]}"
        )
    by = {f"protocol.{f.name}": getattr(protocol("authors"), f.name) for f in fields()}
    wrong = [name for name, value in by.items() if (table[name] != value).any()]
    if wrong:
        raise ValueError(f"parts must be by the authors' protocol, {wrong[0]} is not")
    alike = {n: table[n].iloc[0] for n in table.columns if table[n].nunique(dropna=False) == 1}
    kept = ["n_tasks", "seed", *SCORES, "silent_units", "seconds"]
    kept += [name for name in ("diverged", "stopped_at") if name not in alike]
    fixed = {k: getattr(v, "item", lambda v=v: v)() for k, v in alike.items() if k not in kept}
    table = table[kept].copy()
    table.attrs = {
        "command": COMMAND,
        "commit": commit,
        "machine": machine,
        "hours": round(float(table["seconds"].sum()) / 3600, 1),
        "versions": versions(),
        "the same in all rows": fixed,
    }
    return table


def fields():
    """Return the fields of a protocol."""
    return dataclasses.fields(protocol("authors"))


def main() -> None:
    """Join the parts named on the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="+", type=Path, help="Parquet tables of sweep()")
    parser.add_argument("--commit", required=True, help="of the source that trained them")
    parser.add_argument("--machine", required=True, help="in words")
    parser.add_argument("--out", type=Path, default=KEPT)
    options = parser.parse_args()
    table = join([pd.read_parquet(p) for p in options.parts], options.commit, options.machine)
    table.to_parquet(options.out, index=False, compression="zstd")
    print(f"{options.out}: {len(table)} networks, {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
