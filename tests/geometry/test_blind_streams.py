"""Worlds and networks that are shown the same latent states twice."""

import numpy as np
import pytest

from trilateration import geometry, sweeps, tasks, training
from trilateration.parameters import generator


def test_two_streams_share_the_latent_state_and_nothing_else():
    boundaries = tasks.random_hyperplanes(5, 3, rng=generator(1))
    first, second = geometry.paired_reports(boundaries, 0.2, 5, 0.5, 40_000, rng=generator(2))
    s2 = 0.2**2 / 5
    gram = boundaries.normals @ boundaries.normals.T
    both = np.cov(first.T, second.T)
    np.testing.assert_allclose(both[:5, 5:], gram / 12 / s2, atol=0.2)
    np.testing.assert_allclose(both[:5, :5] - both[:5, 5:], gram + 0.25 * np.eye(5), atol=0.2)


@pytest.mark.parametrize("noise_sd", [0.3, 1.0])
def test_expected_stream_rank_is_that_of_many_trials(noise_sd):
    agree = []
    for k in range(15):
        rng = generator(3, str(noise_sd), str(k))
        boundaries = tasks.random_hyperplanes(12, 4, rng=rng)
        values = np.linalg.eigvalsh(boundaries.normals.T @ boundaries.normals)
        codes = geometry.paired_reports(boundaries, 0.2, 5, noise_sd, 4000, rng=rng)
        expected = geometry.expected_stream_rank(values, 0.2, 5, noise_sd)
        agree.append(geometry.rank_by_streams(*codes).rank == expected)
    assert np.mean(agree) >= 0.7
    assert geometry.expected_stream_rank(values, 0.2, 5, 0.0) == 4


def test_blind_pairs_repeat_and_know_where_they_can_be_right():
    worlds = geometry.blind_pairs(25, seed=4, n_trials=200)
    assert geometry.blind_pairs(5, seed=4, n_trials=200).equals(worlds.head(5))
    assert (worlds.n_tasks >= worlds.dimension + 2).all()
    right = worlds["edge"] == worlds["dimension"]
    assert right.mean() == pytest.approx(worlds["seen"].mean(), abs=0.2)
    assert not right[worlds.seen < 0.02].any()


def test_bent_reports_deceive_spectra_and_not_two_streams():
    bent = geometry.blind_pairs(
        12, seed=5, code="logit", noises=(0.05, 0.2), sigmas=(0.2, 0.4), dimensions=(2, 3),
        n_trials=1500,
    )  # fmt: skip
    assert (bent["spectrum"] > bent["dimension"]).mean() > 0.6
    assert (bent["streams"] == bent["dimension"]).mean() > 0.7


def test_networks_are_counted_from_reports_and_states():
    protocol = training.protocol("fast", stimulus_steps=6, steps=60, batch=8)
    packs = [
        training.Configuration(
            n_tasks=n, protocol=protocol, n_units=12, dimension=2, tasks="random", head="probit"
        )
        for n in (2, 6)
    ]
    trained = sweeps.trained(packs, progress=False)
    table = geometry.stream_networks([trained], step=3, n_trials=400, n_tasks=(1, 2, 4))
    assert table[["n_tasks", "used"]].values.tolist() == [[2, 1], [2, 2], [6, 1], [6, 2], [6, 4]]
    assert (table["reports"] <= table["used"]).all()
    assert (table["reports"] >= 1).all()
    assert table["transfer"].isna().tolist() == [True, False, True, False, False]
    assert not table.loc[table.used == 1, "decided"].any()
    with pytest.raises(ValueError, match="step must be"):
        geometry.stream_networks([trained], step=0)
    with pytest.raises(ValueError, match="n_worlds must be"):
        geometry.blind_pairs(0, seed=1)
