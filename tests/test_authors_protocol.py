"""The kept scores of the authors' protocol: how the file is made, and what it holds."""

import authors_protocol
import numpy as np
import pandas as pd
import pytest

from trilateration.training import Configuration

N_TASKS, SEEDS = authors_protocol.N_TASKS, list(range(10))


def rows(**changes):
    """Return a table as a sweep returns it, with made-up scores."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"key": f"{n}-{seed}"}
        | Configuration(n_tasks=n, seed=seed, protocol="authors").record()
        | {"diverged": False, "stopped_at": 100_000, "seconds": 36.0, "silent_units": 3}
        | dict(zip(authors_protocol.SCORES, rng.uniform(size=6), strict=True))
        for n in N_TASKS
        for seed in SEEDS
    )
    return table.assign(**changes)


def join(*parts):
    return authors_protocol.join(list(parts), commit="abc", machine="a machine")


def test_parts_come_together_whole_and_in_order(tmp_path):
    table = rows()
    joined = join(table[1::2], table[::2])
    assert list(joined["seed"][:10]) == SEEDS
    path = tmp_path / "kept.parquet"
    joined.to_parquet(path, index=False)
    again = pd.read_parquet(path)
    pd.testing.assert_frame_equal(again, joined)
    assert again.attrs["hours"] == 0.5
    assert again.attrs["command"].endswith("--vary seed=0..9 --vary protocol=authors")
    assert again.attrs["the same in all rows"]["protocol.steps"] == 100_000
    assert "sigma" not in again.columns


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (rows()[1:], "got 49 rows with 10 seeds and 1 missing"),
        (pd.concat([rows(), rows()[:1]]), "got 51 rows with 10 seeds and 0 missing"),
        (rows().query("seed < 7"), "8 or more seeds each, got 35 rows with 7 seeds"),
        (rows(**{"protocol.batch": 32}), "protocol.batch is not"),
        (pd.concat([rows()[:25], rows(**{"protocol.steps": 9})[25:]]), "protocol.steps is not"),
    ],
)
def test_what_is_not_one_whole_grid_is_refused(table, message):
    with pytest.raises(ValueError, match=message):
        join(table)


def test_a_shorter_run_says_so_in_its_command():
    joined = join(rows(**{"protocol.steps": 60_000}))
    assert joined.attrs["command"].endswith("--vary protocol=authors --vary steps=60000")
    assert joined.attrs["the same in all rows"]["protocol.steps"] == 60_000


def test_a_network_that_diverged_stays_visible():
    table = rows()
    table.loc[0, "diverged"] = True
    assert join(table)["diverged"].sum() == 1


def test_the_kept_file_is_small_and_says_where_it_comes_from():
    path = authors_protocol.KEPT
    assert path.stat().st_size < 100_000
    table = pd.read_parquet(path)
    seeds = sorted(set(table["seed"]))
    assert len(seeds) >= authors_protocol.LEAST_SEEDS
    cells = [(n, seed) for n in N_TASKS for seed in seeds]
    assert list(zip(table["n_tasks"], table["seed"], strict=True)) == cells
    scores = table[[*authors_protocol.SCORES, "seconds"]]
    assert scores.notna().all().all()
    assert (table[["ood_r2", "r2", "within_r2", "accuracy"]] <= 1).all().all()
    assert (table["worst_ood_r2"] <= table["ood_r2"]).all()
    # Two baselines of one error: the quadrant's variance is a quarter of the box's.
    gap = (1 - table["within_r2"]) / (1 - table["ood_r2"])
    assert gap.between(3.5, 4.6).all()
    fixed = table.attrs["the same in all rows"]
    assert (fixed["protocol.name"], fixed["protocol.batch"]) == ("authors", 16)
    assert set(table.attrs) >= {"command", "commit", "machine", "hours", "versions"}
