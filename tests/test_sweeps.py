import functools
import os

import numpy as np
import pandas as pd
import pytest

from trilateration.sweeps import (
    PacksFailed,
    decoding_scores,
    default_directory,
    expand,
    packs,
    read_results,
    sweep,
    trained,
)
from trilateration.sweeps.store import Store
from trilateration.training import Configuration, DivergenceWarning, protocol, train

SMALL = {
    "protocol": ["fast"],
    "stimulus_steps": [4],
    "batch": [8],
    "steps": [12],
    "n_units": [8],
    "observation": ["identity"],
}
GRID = {**SMALL, "n_tasks": [2, 3], "seed": range(3)}


def final_loss(trained):
    return pd.DataFrame({"loss": trained.losses[-1], "among": len(trained.configurations)})


def fails_with_three_tasks(trained):
    if trained.configurations[-1].n_tasks == 3:
        raise ArithmeticError("no luck with three")
    return final_loss(trained)


def one_row_too_few(trained):
    return final_loss(trained).iloc[1:]


def takes_a_name(trained):
    return final_loss(trained).rename(columns={"loss": "sigma"})


@pytest.fixture
def quick(tmp_path):
    return functools.partial(sweep, measure=final_loss, directory=tmp_path, progress=False)


def files(folder):
    return {
        str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()
    }


def test_a_table_has_a_row_a_network_in_the_order_of_the_grid(quick):
    table = quick(GRID)
    configurations = expand(GRID)
    assert len(table) == 6
    for (_, row), configuration in zip(table.iterrows(), configurations, strict=True):
        record = configuration.record()
        assert row[list(record)].to_dict() == record
        (alone,) = train([configuration], progress=False).losses[-1]
        np.testing.assert_allclose(row["loss"], alone, rtol=1e-6)
    assert list(table.columns[-5:]) == ["diverged", "stopped_at", "seconds", "loss", "among"]
    assert not table["diverged"].any()


def test_what_is_done_is_skipped(quick, tmp_path):
    first = quick({**GRID, "seed": [0, 1]})
    before = files(tmp_path)
    pd.testing.assert_frame_equal(quick({**GRID, "seed": [0, 1]}), first)
    assert files(tmp_path) == before
    more = quick(GRID)
    after = files(tmp_path)
    assert {path: after[path] for path in before} == before
    assert len([p for p in after if p not in before]) == 2 + 1  # two networks and a table
    pd.testing.assert_frame_equal(more[more["seed"] < 2].reset_index(drop=True), first)


def test_another_measure_trains_nothing(quick, tmp_path):
    quick(GRID)
    before = files(tmp_path / "networks")
    table = quick(GRID, measure=functools.partial(decoding_scores, n_trials=100))
    assert "ood_r2" in table
    assert "loss" not in table
    assert files(tmp_path / "networks") == before


def test_architectures_with_other_options_share_a_table(quick):
    table = quick({"architecture": ["rnn", "transformer"], "n_heads": [2], **GRID, "seed": [0]})
    assert table["option.n_heads"].isna().tolist() == [True, True, False, False]
    assert table.loc[2:, "option.n_heads"].tolist() == [2, 2]


def test_packs_hold_what_may_share_an_ensemble_and_no_more_than_asked(tmp_path):
    grid = {**GRID, "architecture": ["rnn", "gru"], "seed": range(5)}
    configurations = expand(grid)
    planned = packs.plan(configurations, Store(tmp_path), pack_size=2)
    assert [len(pack) for pack in planned] == [2] * 10
    assert len({c for pack in planned for c in pack}) == len(configurations)
    for pack in planned:
        assert len({c.packs_with() for c in pack}) == 1
        assert [c.n_tasks for c in pack] == sorted(c.n_tasks for c in pack)


def test_memory_of_measures_is_bounded(quick):
    assert quick({**GRID, "n_tasks": [2], "seed": range(20)})["among"].max() == 16


def test_a_diverged_network_is_a_row_without_measures(quick):
    grid = {**GRID, "n_tasks": [2], "sigma": [0.2, 1e12]}
    with pytest.warns(DivergenceWarning) as caught:
        table = quick(grid)
    assert "3 of 6 networks diverged and have no measures, the first: rnn, seed 0, 2 tasks" in [
        str(w.message) for w in caught
    ]
    assert (table["diverged"] == (table["sigma"] > 1)).all()
    assert table.loc[table["diverged"], "loss"].isna().all()
    assert table.loc[~table["diverged"], "loss"].notna().all()


def test_measures_are_named_even_if_all_networks_diverged(quick):
    with pytest.warns(DivergenceWarning):
        table = quick({**GRID, "n_tasks": [2], "sigma": [1e12]}, measure=decoding_scores)
    assert table["ood_r2"].isna().all()


def test_a_failed_pack_loses_no_other(quick, tmp_path):
    with pytest.raises(PacksFailed) as failure:
        quick(GRID, measure=fails_with_three_tasks, pack_size=3)
    assert (
        "1 of 2 packs failed, the first (3 x rnn with 3 tasks) with ArithmeticError: no luck"
        in (str(failure.value))
    )
    ((pack, error),) = failure.value.failures.items()
    assert {c.n_tasks for c in pack} == {3}
    assert isinstance(error, ArithmeticError)
    stored = read_results(tmp_path, measure=fails_with_three_tasks)
    assert stored["n_tasks"].tolist() == [2] * 3
    # The networks of the failed pack are trained, and stay.
    assert len(files(tmp_path / "networks")) == 6


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (one_row_too_few, "measure must return a DataFrame with one row a replicate, 3, got"),
        (takes_a_name, "measure must name its columns anew, got sigma"),
    ],
)
def test_a_measure_of_the_wrong_shape_is_named(quick, measure, message):
    with pytest.raises(PacksFailed, match=message):
        quick({**GRID, "n_tasks": [2]}, measure=measure)


def test_trained_networks_are_shared(quick, tmp_path):
    quick({**GRID, "n_tasks": [2]})
    before = files(tmp_path / "networks")
    configurations = expand({**GRID, "seed": [2, 0]})
    found = trained(configurations, directory=tmp_path, progress=False)
    assert found.configurations == tuple(configurations)
    assert len(files(tmp_path / "networks")) == len(before) + 2
    for replicate, configuration in enumerate(configurations):
        alone = train([configuration], progress=False)
        np.testing.assert_allclose(found.losses[:, replicate], alone.losses[:, 0], rtol=1e-6)
        for name, own in alone.ensemble.named_parameters():
            stored = dict(found.ensemble.named_parameters())[name][replicate]
            stored = stored[tuple(map(slice, own[0].shape))]
            np.testing.assert_allclose(stored, own[0], atol=1e-6)
    again = trained(configurations, directory=tmp_path, progress=False)
    np.testing.assert_array_equal(again.losses, found.losses)
    assert again.seconds == found.seconds > 0


def test_networks_that_stopped_early_have_shorter_losses(tmp_path):
    p = protocol("fast", stimulus_steps=2, batch=4, steps=200, patience=2, learning_rate=1e-9)
    configurations = [
        Configuration(n_tasks=2, seed=s, protocol=p, n_units=4, observation="identity")
        for s in range(2)
    ]
    for configuration in configurations:
        trained([configuration], directory=tmp_path, progress=False)
    both = trained(configurations, directory=tmp_path, progress=False)
    assert both.losses.shape == (len(both.recorded_at), 2)
    assert (both.stopped_at < 200).all()
    ends = np.isfinite(both.losses).sum(axis=0)
    np.testing.assert_array_equal(both.recorded_at[ends - 1], both.stopped_at)


def test_networks_that_do_not_pack_are_refused():
    with pytest.raises(ValueError, match=r"^architecture must be the same in one ensemble"):
        trained([Configuration("rnn"), Configuration("gru")])


def test_results_are_read_as_one_table(quick, tmp_path):
    table = quick(GRID, pack_size=2)
    stored = read_results(tmp_path, measure=final_loss)
    columns = ["n_tasks", "seed"]
    pd.testing.assert_frame_equal(
        stored.sort_values(columns, ignore_index=True),
        table.sort_values(columns, ignore_index=True),
    )
    everything = read_results(tmp_path, measure=None)
    assert len(everything) == 6
    assert everything["measure"].str.startswith(f"{__name__}.final_loss#").all()
    with pytest.raises(ValueError, match=r"has none; 6 are of other measures, sources or versions"):
        read_results(tmp_path)


def test_no_results_are_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"^directory must hold results, .* has none$"):
        read_results(tmp_path)


def test_a_damaged_file_is_named(quick, tmp_path):
    quick({**GRID, "n_tasks": [2], "seed": [0]})
    (result,) = (tmp_path / "results").rglob("*.parquet")
    result.write_bytes(b"PAR1 nothing")
    with pytest.raises(ValueError, match=rf"^{result} is damaged .*delete it"):
        quick({**GRID, "n_tasks": [2], "seed": [0]})
    result.unlink()
    (network,) = (tmp_path / "networks").rglob("*.safetensors")
    network.write_bytes(network.read_bytes()[:100])
    with pytest.raises(PacksFailed, match=rf"{network} is damaged or cut short"):
        quick({**GRID, "n_tasks": [2], "seed": [0]})


def test_a_full_disk_stops_the_sweep_and_names_the_file(quick, monkeypatch):
    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"cannot write .*: No space left on device; what was saved"):
        quick(GRID)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pack_size": 0}, r"^pack_size must be a whole number >= 1, got 0$"),
        ({"executor": 3}, r"^executor must be None, a concurrent.futures executor or a dask"),
        ({"checkpoint_every": 0}, r"^checkpoint_every must be a finite number > 0, got 0$"),
        ({"device": "abacus"}, r"^device must be 'auto', 'cpu' or 'cuda', got 'abacus'"),
        ({"directory": __file__}, r"^directory must be a folder, .* is a file$"),
    ],
)
def test_bad_arguments_are_named_before_any_work(quick, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        quick(GRID, **arguments)
    assert not files(tmp_path)


def test_the_default_directory_is_a_cache_or_what_the_environment_names(monkeypatch, tmp_path):
    monkeypatch.setenv("TRILATERATION_CACHE", str(tmp_path))
    assert default_directory() == tmp_path
    monkeypatch.delenv("TRILATERATION_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_directory() == tmp_path / ".cache" / "trilateration"
