"""Time steps of training and runs forward at many sizes, for the cost model of chapter 13.

Every timing is the processor's time of one thread, the least of several slices, so that other work
on the machine disturbs it little. The sizes of the set "fit" come from one grid,
those of "held-out" from another one with other values; "lines" changes one size at a time, through
values of neither, and "large" is far outside both. Beside each
time stands the work of the step, counted. The table carries what it was made with.
"""

import argparse
import itertools
import os
import platform
import resource
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measuring.machine import describe

from trilateration.networks import flops
from trilateration.parameters import generator
from trilateration.sweeps import CONTESTANTS, inference_work, step_work
from trilateration.training import Configuration, descent, protocol, step_products, untrained

ROOT = Path(__file__).resolve().parents[1]
GRIDS = {
    "fit": dict(
        n_tasks=(2, 6, 24, 96, 384),
        dimension=(2, 4, 8, 16, 64),
        stimulus_steps=(5, 10, 20, 40, 80),
        n_units=(16, 32, 64, 128),
        n_networks=(1, 2, 4, 8, 16),
        batch=(16, 32),
        n_trials=(100, 500),
    ),
    "held-out": dict(
        n_tasks=(3, 12, 48, 192),
        dimension=(3, 6, 24),
        stimulus_steps=(7, 15, 30, 60),
        n_units=(24, 48, 96),
        n_networks=(3, 5, 12),
        batch=(24, 32),
        n_trials=(200,),
    ),
}
LINE_NETWORKS = ("rnn", "lstm", "transformer")
BASE = dict(n_tasks=24, dimension=2, stimulus_steps=20, n_units=64, n_networks=5, batch=32)
LINES = {
    "n_tasks": (3, 12, 48, 192),
    "dimension": (3, 12, 48),
    "stimulus_steps": (7, 15, 30),
    "n_units": (24, 48, 96),
    "n_networks": (1, 3, 10, 25),
}
# Network, N, D and width of single large networks that see the evidence itself.
LARGE = (
    ("rnn", 1000, 100, 200),
    ("lstm", 1000, 100, 200),
    ("transformer", 1000, 100, 200),
    ("rnn", 3000, 300, 600),
    ("transformer", 3000, 300, 600),
    ("rnn", 10_000, 1000, 2000),
)


@dataclass(frozen=True)
class Plan:
    """How much is measured: points a network and set of each kind, and CPU seconds a point."""

    training: tuple[tuple[str, int], ...] = (("fit", 4), ("held-out", 2))
    inference: tuple[tuple[str, int], ...] = (("fit", 6), ("held-out", 3))
    networks: tuple[str, ...] = tuple(CONTESTANTS)
    lines: tuple[str, ...] = tuple(LINES)
    large: int = len(LARGE)
    seconds: float = 0.3
    most_flops: float = 8e8


QUICK = Plan((("fit", 1), ("held-out", 1)), (("fit", 1),), ("rnn", "gru"), (), 0, 0.0, 2e8)


def main():
    """Measure, and write the table."""
    options = parse_arguments()
    plan = QUICK if options.quick else Plan()
    options.table.parent.mkdir(parents=True, exist_ok=True)
    # Before NumPy is loaded by the processes that measure: a second thread of its products would
    # wait in a loop for the next one, and its time would be counted.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    origin = provenance(plan, options.workers)
    points = list(draw_points(plan, generator(0, "costs")))
    rows = []
    with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
        for row in pool.map(measure, points, itertools.repeat(plan.seconds)):
            rows.append(row)
            table = pd.DataFrame(rows)
            table.attrs = origin
            table.to_parquet(options.table)  # so that what was measured is not lost
    print(table.groupby(["set", "kind"])["seconds"].describe().to_string())
    print(f"{len(table)} rows are in {options.table}")


def parse_arguments():
    """Return the command-line options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a smoke test, no results")
    parser.add_argument("--workers", type=int, default=1, help="processes, each of one thread")
    parser.add_argument("--table", type=Path, help="file to write")
    options = parser.parse_args()
    if options.table is None:
        place = "_build/benchmarks" if options.quick else "book/part3"
        options.table = ROOT / place / "costs.parquet"
    return options


def draw_points(plan, rng):
    """Yield what to measure: a set, a kind, a network, and its sizes."""
    for kind in ("training", "inference"):
        for name, count in getattr(plan, kind):
            for network in plan.networks * count:
                yield dict(set=name, kind=kind, network=network) | draw_sizes(
                    network, GRIDS[name], plan, rng
                )
    whole = dict(set="lines", kind="training", observation="relu", n_trials=0, head="logistic")
    for line in plan.lines:
        for value in LINES[line]:
            for network in LINE_NETWORKS:
                yield whole | BASE | dict(network=network, line=line) | {line: value}
    for network, n_tasks, dimension, n_units in LARGE[: plan.large]:
        own = dict(n_tasks=n_tasks, dimension=dimension, n_units=n_units, batch=32)
        own |= dict(stimulus_steps=20, n_networks=1, n_trials=0, head="logistic")
        yield (
            dict(set="large", kind="training", network=network, observation="identity", line="")
            | own
        )


def draw_sizes(network, grid, plan, rng):
    """Return sizes of one point, drawn again while it takes too long to time."""
    for _ in range(1000):
        sizes = {name: int(rng.choice(values)) for name, values in grid.items()}
        sizes["line"] = ""
        sizes["head"] = "logistic" if rng.random() < 0.8 else "probit"
        point = dict(network=network, observation="relu") | sizes
        work = flops(step_products(configuration(point))) * sizes["n_networks"]
        if work <= plan.most_flops and work * chunk_of(point) <= 25 * plan.most_flops:
            return point
    raise RuntimeError(f"no sizes of {network} take less than {plan.most_flops:g} operations")


def chunk_of(point):
    """Return for how many steps evidence is drawn at once."""
    return untrained([configuration(point)])[1].chunk


def configuration(point, seed=0):
    """Return the configuration of one network of a point."""
    own = CONTESTANTS[point["network"]]
    return Configuration(
        own.architecture,
        n_tasks=point["n_tasks"],
        seed=seed,
        head=point["head"],
        protocol=protocol("fast", stimulus_steps=point["stimulus_steps"], batch=point["batch"]),
        n_units=point["n_units"],
        options={k: v for k, v in own.options.items() if k != "n_heads"},
        dimension=point["dimension"],
        tasks="even" if point["dimension"] == 2 else "random",
        observation=point["observation"],
    )


def time_point(point, seconds):
    """Return CPU seconds of a step or run, the mean of each of several slices, and a step."""
    configurations = [configuration(point, seed) for seed in range(point["n_networks"])]
    if point["kind"] == "training":
        steps, length = descent(configurations, device="cpu"), chunk_of(point)
        return slices(lambda: next(steps), length, seconds), lambda: next(steps)
    ensemble, worlds = untrained(configurations)
    features = worlds.trials(point["n_trials"]).features.transpose(1, 2)
    cue = configurations[0].protocol.cue_steps

    def run():
        with torch.no_grad():
            ensemble(features, cue)

    return slices(run, 10, seconds), run


def slices(step, length, seconds):
    """Return the mean time of a step in slices of some length, one at least."""
    for _ in range(2):  # the first make the optimiser's state and choose kernels
        step()
    found, end = [], time.process_time() + seconds
    while not found or time.process_time() < end:
        began = time.process_time()
        for _ in range(length):
            step()
        found.append((time.process_time() - began) / length)
    return found


def system_share(step, count=10):
    """Return the share of the time of some steps that the system takes, mostly to give memory."""
    began = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(count):
        step()
    ended = resource.getrusage(resource.RUSAGE_SELF)
    system = ended.ru_stime - began.ru_stime
    own = ended.ru_utime - began.ru_utime
    return system / max(system + own, 1e-9)


def measure(point, seconds):
    """Return a row of the table: sizes, times and work."""
    torch.set_num_threads(1)
    times, step = time_point(point, seconds)
    one, n = configuration(point), point["n_networks"]
    if point["kind"] == "training":
        work = step_work(one, n)
    else:
        work = inference_work(one, point["n_trials"], n)
    timed = dict(seconds=min(times), median=float(np.median(times)), system=system_share(step))
    return point | timed | work._asdict()


def calibrate(seconds):
    """Return seconds a unit of some kinds of work, each measured on its own for so long."""
    x, y, square = torch.randn(2**16), torch.randn(2**16), torch.randn(1024, 1024)
    z, one = torch.empty_like(x), torch.ones(1)
    rng, drawn = np.random.default_rng(0), np.empty(2**16, np.float32)

    def least(step, length):
        return min(slices(step, length, seconds))

    add = least(lambda: torch.add(x, y, out=z), 100)
    return {
        "flops": least(lambda: square @ square, 3) / (2 * 1024**3),
        "element_bytes": add / (3 * 4 * 2**16),
        "special": max(0.0, least(lambda: torch.sigmoid(x, out=z), 100) - add * 2 / 3) / 2**16,
        "draws": least(lambda: rng.standard_normal(out=drawn, dtype=np.float32), 30) / 2**16,
        "calls": least(lambda: torch.add(one, one, out=one), 1000),
    }


def provenance(plan, workers):
    """Return what the table was made with, as plain values."""
    torch.set_num_threads(1)

    def git(*arguments):
        done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True)
        return done.stdout.strip()

    return {
        "command": "python benchmarks/costs.py",
        "commit": git("rev-parse", "HEAD"),
        "changed": bool(git("status", "--porcelain", "--", "src", "benchmarks")),
        "plan": vars(plan) | {"training": dict(plan.training), "inference": dict(plan.inference)},
        "machine": describe(("cpu",)),
        "workers": workers,
        "libc": " ".join(platform.libc_ver()),
        "calibration": calibrate(plan.seconds),
    }


if __name__ == "__main__":
    sys.exit(main())
