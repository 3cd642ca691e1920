"""What a sweep costs beside training: starting workers, handing out packs, writing and reading.

Packs of one tiny network that descends one step: what takes time is everything else. The same
packs run in this process, in two processes and on a Dask cluster of two, in turn, several times;
each time the seed moves on, so that nothing is found done. Then the files of a pack of usual size.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median

import pandas as pd
from dask.distributed import Client, LocalCluster

from trilateration.sweeps import expand, processes, sweep
from trilateration.sweeps.store import Store
from trilateration.training import train

TINY = {"protocol": ["fast"], "stimulus_steps": [2], "batch": [2], "steps": [1], "n_units": [4]}
TINY |= {"n_tasks": [1], "observation": ["identity"]}
USUAL = {"protocol": ["fast"], "steps": [1], "seed": range(32)}


def no_measure(trained):
    """Measure nothing."""
    return pd.DataFrame({"nothing": [0.0] * len(trained.configurations)})


def seconds(function):
    """Return how long a call takes."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def show(name, times, unit=1e3):
    """Print the median, least and most of some times, in ms."""
    low, mid, high = (unit * value for value in (min(times), median(times), max(times)))
    print(f"{name:<58} {mid:9.1f} ms   ({low:.1f} to {high:.1f})")


def dispatch(repeats, packs, folder):
    """Time a pack in each of three places."""
    begun = time.perf_counter()
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    client = Client(cluster)
    client.wait_for_workers(2)
    show("start a LocalCluster of two", [time.perf_counter() - begun])
    with cluster, client, processes(2) as pool:
        places = {"this process": None, "two processes": pool, "LocalCluster of two": client}
        times = {name: [] for name in places}
        for repeat in range(repeats + 1):
            for index, (name, executor) in enumerate(places.items()):
                first = (repeat * len(places) + index) * packs
                grid = {**TINY, "seed": range(first, first + packs)}
                took = seconds(
                    lambda grid=grid, executor=executor: sweep(
                        grid, measure=no_measure, executor=executor, directory=folder,
                        pack_size=1, progress=False,
                    )
                )  # fmt: skip
                # The first time workers import torch and this package.
                if repeat:
                    times[name].append(took / packs)
                elif executor is not None:
                    show(f"first {packs} packs, {name}", [took])
        for name, each in times.items():
            show(f"a pack of one, {name}", each)


def files(repeats, folder):
    """Time the files of a pack of 32 networks of 64 units and 24 tasks."""
    configurations = expand(USUAL)
    store = Store(folder)
    checkpoint = store.checkpoint(configurations)
    trained = train(configurations, checkpoint=checkpoint, progress=False)
    show("save 32 networks", [seconds(lambda: store.save(trained)) for _ in range(repeats)])
    show(
        "load 32 networks as one ensemble",
        [seconds(lambda: store.assemble(configurations)) for _ in range(repeats)],
    )
    size = store.network(configurations[0]).stat().st_size
    print(f"{'a network':<58} {size / 1024:9.0f} KiB")
    print(f"{'a checkpoint of 32':<58} {checkpoint.stat().st_size / 1024:9.0f} KiB")


def main():
    """Print all times, one a line: median and range."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--packs", type=int, default=40)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        dispatch(options.repeats, options.packs, Path(folder))
        files(options.repeats, Path(folder))


if __name__ == "__main__":
    main()
