"""Make the tables of Part III: ``python tools/comparison_tables.py search|comparison|long``.

The search is small and made first, since the comparison takes its learning rates from
``trilateration.sweeps.CONTESTANTS``. The comparison goes in blocks of four seeds, and the table is
written after each part, so that what it holds is always paired. The long table has fewer networks,
which take more steps. Whatever ends it, the same command goes on from there. Beside each table lies
a JSON file that says where it comes from.
"""

import argparse
import io
import json
import os
import platform
import subprocess
from pathlib import Path

import pandas as pd

from trilateration.sweeps import comparison, processes
from trilateration.sweeps.identity import processor, source_digest, versions
from trilateration.training import write_whole

FOLDER = Path(__file__).resolve().parents[1] / "book" / "part3"
HEADS = ("logistic", "probit")
SEARCH = dict(
    n_tasks=(3, 24),
    seeds=range(1000, 1004),
    learning_rates=(1e-3, 2e-3, 5e-3, 1e-2, 2e-2),
    steps=400,
)
STEPS = 400
# What the numbers of a table depend on: not, for example, on how costs are counted.
ROOMS = (
    "_arrays", "_checks", "parameters", "evidence", "tasks", "networks", "training", "observer",
    "readout", "sweeps/scores",
)  # fmt: skip
# More than seven times the steps of the comparison, for the ends of its range of tasks.
LONG = dict(n_tasks=(3, 24), seeds=range(8), steps=3000)
BLOCKS = [range(first, first + 4) for first in range(0, 20, 4)]
COUNTS = {"parameters": (1, 2, 3, 4, 6, 12, 24, 48), "compute": (3, 6, 24)}


def parts(name):
    """Return the calls of ``comparison`` that make a table, in the order in which they are made."""
    if name in ("search", "long"):
        return [SEARCH if name == "search" else LONG]
    by_setting = {
        "parameters": dict(n_tasks=COUNTS["parameters"], heads=HEADS),
        "compute": dict(n_tasks=COUNTS["compute"], setting="compute"),
    }
    return [
        dict(seeds=seeds, steps=STEPS, **grid) for seeds in BLOCKS for grid in by_setting.values()
    ]


def provenance(table, name):
    """Return where a table comes from, as JSON values."""
    git = ["git", "-C", str(FOLDER)]
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    return {
        "command": f"python tools/comparison_tables.py {name}",
        "commit": commit.strip(),
        "source": source_digest(ROOMS),
        "versions": versions() | {"python": platform.python_version(), "pandas": pd.__version__},
        "networks": len(table),
        "diverged": int(table["diverged"].sum()),
        "training_hours": round(float(table["seconds"].sum()) / 3600, 2),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "processor": processor(),
    }


def save(table, path, name):
    """Write a table and its provenance, each whole or not at all."""
    origin = json.dumps(provenance(table, name), indent=2)
    contents = io.BytesIO()
    table.to_parquet(contents, index=False, compression="zstd")
    write_whole(path, contents.getvalue())
    write_whole(path.with_suffix(".json"), f"{origin}\n".encode())


def main():
    """Make one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("table", choices=("search", "comparison", "long"))
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--blocks", type=int, help="only the first of the five blocks of seeds")
    parser.add_argument("--directory", help="folder of networks (default $TRILATERATION_CACHE)")
    parser.add_argument("--output", type=Path, help="the table (default book/part3)")
    options = parser.parse_args()
    path = options.output or FOLDER / f"{options.table}.parquet"
    calls = parts(options.table)
    if options.blocks is not None:
        calls = calls[: 2 * options.blocks]
    done = []
    with processes(options.workers) as pool:
        for call in calls:
            done.append(comparison(**call, executor=pool, directory=options.directory))
            save(pd.concat(done, ignore_index=True), path, options.table)


if __name__ == "__main__":
    main()
