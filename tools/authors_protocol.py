r"""Keep the results of a sweep by the authors' protocol beside the chapter that shows them.

The sweep takes hours, so its table is committed:

    python -m trilateration sweep --vary n_tasks=2,3,6,12,24 --vary seed=0..19 \
        --vary protocol=authors

or ``sweep()`` of :mod:`trilateration.sweeps`, in parts if several machines share it. This script
joins the parts and writes what is not the same in all rows, with the rest, the versions and the
machine in the file's metadata:

    python tools/authors_protocol.py PART.parquet ... --commit 5c8c9ac --machine "2-core AMD"
"""

import argparse
import dataclasses
from pathlib import Path

import pandas as pd

from trilateration.sweeps.identity import versions
from trilateration.training import protocol

KEPT = Path(__file__).resolve().parents[1] / "book" / "part2" / "authors_protocol.parquet"
N_TASKS = (2, 3, 6, 12, 24)
SCORES = ("ood_r2", "worst_ood_r2", "r2", "within_r2", "accuracy", "decision_loss")
LEAST_SEEDS = 8


def join(parts: list[pd.DataFrame], commit: str, machine: str) -> pd.DataFrame:
    """Return one row a network, sorted, with what all rows share in ``attrs``.

    Raises
    ------
    ValueError
        If the parts do not hold each number of tasks with the same seeds, enough of them and each
        once, or are by another protocol than the authors' (the number of steps may differ).
    """
    table = pd.concat(parts, ignore_index=True).sort_values(["n_tasks", "seed"], ignore_index=True)
    seeds = sorted(set(table["seed"]))
    cells = list(zip(table["n_tasks"], table["seed"], strict=True))
    whole = [(n, seed) for n in N_TASKS for seed in seeds]
    if cells != whole or len(seeds) < LEAST_SEEDS:
        raise ValueError(
            f"parts must hold {', '.join(map(str, N_TASKS))} tasks with the same {LEAST_SEEDS} or "
            f"more seeds each, got {len(cells)} rows with {len(seeds)} seeds and "
            f"{len(set(whole) - set(cells))} missing"
        )
    authors = protocol("authors")
    for name in (field.name for field in dataclasses.fields(authors)):
        column = table[f"protocol.{name}"]
        if name == "steps":
            wrong = column.nunique() > 1
        else:
            wrong = (column != getattr(authors, name)).any()
        if wrong:
            raise ValueError(f"parts must be by the authors' protocol, protocol.{name} is not")
    alike = {n: table[n].iloc[0] for n in table.columns if table[n].nunique(dropna=False) == 1}
    kept = ["n_tasks", "seed", *SCORES, "silent_units", "seconds"]
    kept += [name for name in ("diverged", "stopped_at") if name not in alike]
    fixed = {k: getattr(v, "item", lambda v=v: v)() for k, v in alike.items() if k not in kept}
    table = table[kept].copy()
    table.attrs = {
        "command": command(seeds, fixed["protocol.steps"], authors.steps),
        "commit": commit,
        "machine": machine,
        "hours": round(float(table["seconds"].sum()) / 3600, 1),
        "versions": ", ".join(f"{name} {value}" for name, value in versions().items()),
        "the same in all rows": fixed,
    }
    return table


def command(seeds: list[int], steps: int, usual: int) -> str:
    """Return the command that trains and measures the networks of a table."""
    adjacent = seeds == list(range(seeds[0], seeds[-1] + 1))
    named = f"{seeds[0]}..{seeds[-1]}" if adjacent else ",".join(map(str, seeds))
    changed = "" if steps == usual else f" --vary steps={steps}"
    return (
        f"python -m trilateration sweep --vary n_tasks={','.join(map(str, N_TASKS))} "
        f"--vary seed={named} --vary protocol=authors{changed}"
    )


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
