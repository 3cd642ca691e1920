"""A sweep comes to the same table wherever it runs and whatever happens to those who run it."""

import functools
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
import torch
from dask.distributed import Client, LocalCluster

from trilateration.sweeps import decoding_scores, packs, processes, sweep
from trilateration.training import load_checkpoint, train

MEASURE = functools.partial(decoding_scores, n_trials=100)
SHORT = {
    "protocol": ["fast"],
    "stimulus_steps": [4],
    "batch": [8],
    "n_units": [8],
    "observation": ["identity"],
    "n_tasks": [2],
    "seed": range(4),
    "steps": [20],
}
# About a second for each of two packs, so that there is time to kill somebody.
LONG = {**SHORT, "steps": [600]}

SCRIPT = """
import functools, sys
from trilateration.sweeps import decoding_scores, sweep
measure = functools.partial(decoding_scores, n_trials=100)
sweep({grid}, measure=measure, directory=sys.argv[1], pack_size=2, progress=False,
      checkpoint_every=0.02)
"""


SCRIPT_WITH_A_MEASURE = """
import sys
import pandas as pd
from trilateration.sweeps import processes, sweep

def tasks(trained):
    return pd.DataFrame({{"number": [c.n_tasks for c in trained.configurations]}})

if __name__ == "__main__":
    with processes(1) as pool:
        table = sweep({grid}, measure=tasks, directory=sys.argv[1], progress=False, executor=pool)
    print(table["number"].tolist())
"""


def run(grid, directory, **arguments):
    return sweep(grid, measure=MEASURE, directory=directory, progress=False, **arguments)


def same(table, reference):
    # Times differ; all else is the same to the last bit, since the packs are the same.
    pd.testing.assert_frame_equal(
        table.drop(columns="seconds"), reference.drop(columns="seconds"), check_exact=True
    )


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    # Networks this small gain nothing from a second thread, and lose much where cores are busy.
    threads, variable = torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS")
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    yield
    torch.set_num_threads(threads)
    del os.environ["OMP_NUM_THREADS"]
    if variable is not None:
        os.environ["OMP_NUM_THREADS"] = variable


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    return run(SHORT, tmp_path_factory.mktemp("short"), pack_size=2)


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    return run(LONG, tmp_path_factory.mktemp("long"), pack_size=2)


def wait_for(find, seconds=300):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = find()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def steps_saved(directory):
    """Return how far each pack in training has got, by the file that says so."""
    found = {}
    for path in (directory / "checkpoints").glob("*.safetensors"):
        try:
            found[path] = load_checkpoint(path)[2]["step"]
        except FileNotFoundError:  # it is done since
            continue
    return found


def test_threads_come_to_the_same_table(short, tmp_path):
    with ThreadPoolExecutor(2) as executor:
        same(run(SHORT, tmp_path, pack_size=2, executor=executor), short)


def test_a_measure_of_a_script_reaches_processes(tmp_path):
    # Its module has another name in a worker, which sees no source where there is no file.
    script = tmp_path / "script.py"
    script.write_text(SCRIPT_WITH_A_MEASURE.format(grid={**SHORT, "seed": range(2)}))
    done = subprocess.run(
        [sys.executable, script, tmp_path], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[2, 2]\n", "")


def test_processes_come_to_the_same_table(short, tmp_path):
    with processes(2) as executor:
        same(run(SHORT, tmp_path, pack_size=2, executor=executor), short)


def test_a_dask_cluster_survives_the_death_of_a_worker(long, tmp_path):
    seen = {}

    def kill_one():
        def far_enough():
            busy = [worker for worker, tasks in client.processing().items() if tasks]
            saved = steps_saved(tmp_path)
            far = {path: step for path, step in saved.items() if step > 100}
            # All packs, since nobody here knows which of them the victim trains.
            return (busy[0], far) if busy and far and len(far) == len(saved) else None

        victim, seen["before"] = wait_for(far_enough)
        os.kill(client.run(os.getpid, workers=[victim])[victim], signal.SIGKILL)
        seen["after"] = []
        while not seen.get("done"):
            seen["after"].append(steps_saved(tmp_path))
            time.sleep(0.02)

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        killer = threading.Thread(target=kill_one)
        killer.start()
        table = run(LONG, tmp_path, pack_size=2, executor=client, checkpoint_every=0.02)
        seen["done"] = True
        killer.join()
    same(table, long)
    # Packs went on where they had been saved: a pack that began again would first save less.
    for path, step in seen["before"].items():
        assert all(later.get(path, step) >= step for later in seen["after"])


def test_a_killed_sweep_goes_on_where_it_was(long, tmp_path):
    child = subprocess.Popen([sys.executable, "-c", SCRIPT.format(grid=LONG), str(tmp_path)])
    results = tmp_path / "results"
    try:
        wait_for(lambda: any(results.rglob("*.parquet")) and any(steps_saved(tmp_path).values()))
    finally:
        child.kill()
        child.wait()
    (finished,) = results.rglob("*.parquet")
    written = finished.stat().st_mtime_ns
    (step,) = steps_saved(tmp_path).values()
    assert 0 < step < 600
    same(run(LONG, tmp_path, pack_size=2), long)
    assert finished.stat().st_mtime_ns == written
    assert not steps_saved(tmp_path)


def test_after_ctrl_c_a_pack_goes_on_together_in_any_grid(long, tmp_path, monkeypatch):
    def press():
        wait_for(lambda: any((tmp_path / "results").rglob("*.parquet")))
        wait_for(lambda: any(steps_saved(tmp_path).values()))
        os.kill(os.getpid(), signal.SIGINT)

    finger = threading.Thread(target=press)
    finger.start()
    with pytest.raises(KeyboardInterrupt, match=r"1 of 2 packs are done, saved in .*; the same"):
        run(LONG, tmp_path, pack_size=2, checkpoint_every=0.02)
    finger.join()
    (path,) = steps_saved(tmp_path)
    _, unfinished, progress = load_checkpoint(path)
    assert 0 < progress["step"] < 600
    asked = []
    monkeypatch.setattr(packs, "train", lambda pack, **kw: asked.append(pack) or train(pack, **kw))
    table = run({**LONG, "seed": range(5)}, tmp_path, pack_size=3)
    assert list(asked[0]) == unfinished
    assert [len(pack) for pack in asked] == [2, 1]
    same(table[:4], long)
