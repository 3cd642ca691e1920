"""Examine the diagnosis of chapter 14: ``python tools/diagnosis_exam.py``.

Cases that its authors did not have: other seeds, strengths drawn here, and for every second case an
architecture and a width that the development cases did not have either. Who wrote this file had
not seen any result of the diagnosis, and it was run once. The table and where it comes from lie
beside the chapter.
"""

import argparse
import io
import json
import os
import platform
import subprocess
import time
from functools import partial
from pathlib import Path

import pandas as pd

from trilateration import geometry
from trilateration.parameters import generator
from trilateration.sweeps import trained
from trilateration.sweeps.identity import source_digest, versions
from trilateration.training import write_whole

FOLDER = Path(__file__).resolve().parents[1] / "book" / "part4"
SEED = 7_000  # the development cases have seeds below 1000
N_HEALTHY, N_EACH = 40, 4
NEW = ("state-space", "integrator", "transformer", "lstm", "rnn")
WIDTHS = (40, 48)


def cases(n_healthy: int = N_HEALTHY, n_each: int = N_EACH) -> list:
    """Return the cases of the exam, the same whenever it is called."""
    rng = generator(SEED, "exam")
    drawn = []
    for index in range(n_healthy):
        drawn.append(geometry.healthy(SEED + index, **_news(index, rng)))
    for failure in geometry.FAILURES:
        for _ in range(n_each):
            index = len(drawn)
            news = _news(index, rng)
            if failure == "few units":  # which are the fault
                news = {}
            drawn.append(geometry.broken(failure, float(rng.uniform()), SEED + index, **news))
    return drawn


def _news(index, rng):
    """Return what a case has that no development case had."""
    news = {"architecture": str(rng.choice(NEW)), "n_units": int(rng.choice(WIDTHS))}
    return news if index % 2 else {}


def main() -> None:
    """Train the cases, diagnose them, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--directory", help="folder of networks (default $TRILATERATION_CACHE)")
    parser.add_argument("--output", type=Path, default=FOLDER / "diagnosis_exam.parquet")
    options = parser.parse_args()
    began = time.process_time()
    table = geometry.examine(
        cases(), trainer=partial(trained, progress=False, directory=options.directory)
    )
    git = ["git", "-C", str(FOLDER), "rev-parse", "HEAD"]
    origin = {
        "command": "python tools/diagnosis_exam.py",
        "commit": subprocess.run(git, capture_output=True, text=True).stdout.strip(),
        "source": source_digest(),
        "versions": versions() | {"python": platform.python_version(), "pandas": pd.__version__},
        "cases": len(table),
        "hours": round((time.process_time() - began) / 3600, 2),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
    }
    contents = io.BytesIO()
    table.to_parquet(contents, index=False, compression="zstd")
    write_whole(options.output, contents.getvalue())
    write_whole(options.output.with_suffix(".json"), f"{json.dumps(origin, indent=2)}\n".encode())
    broken = table[table["truth"] != "healthy"]
    healthy = table[table["truth"] == "healthy"]
    print(f"named first: {int(broken['correct'].sum())} of {len(broken)}")
    print(f"healthy and clean: {int(healthy['correct'].sum())} of {len(healthy)}")


if __name__ == "__main__":
    main()
