"""Codes without labels: independent components, the twisted latent state, and what is scored."""

import numpy as np
import pytest
from scipy import integrate, stats

from trilateration import evidence, geometry, readout, training


def box(n, seed=0):
    return evidence.uniform_latents(n, 2, rng=np.random.default_rng(seed))


def mixed(latents, seed=1):
    """Observations with principal axes halfway between the latent ones."""
    rng = np.random.default_rng(seed)
    first, second = np.linalg.qr(rng.standard_normal((6, 2)))[0].T
    seen = np.outer(latents @ [1, 1], 2 * first) + np.outer(latents @ [1, -1], second)
    return seen + 0.001 * rng.standard_normal(seen.shape)


def test_independent_components_are_the_axes_and_principal_ones_their_plane():
    x = box(4000)
    o = mixed(x)
    found = geometry.component_codes(o, o, 2)
    assert geometry.matched_correlation(found["ICA"], x) > 0.995
    assert geometry.matched_correlation(found["PCA"], x) == pytest.approx(0.5**0.5, abs=0.03)
    for code in found.values():
        assert readout.prior_r2(x, readout.fit_linear(code, x).predict(code)).value > 0.999


def test_gaussian_factors_have_no_axes():
    # Any rotation is as good: components differ between samples as rotations at random do.
    scores = []
    for seed in range(8):
        x = np.random.default_rng(seed).standard_normal((1000, 2))
        o = mixed(x, seed=100 + seed)
        scores.append(geometry.matched_correlation(geometry.component_codes(o, o, 2)["ICA"], x))
    assert np.mean(scores) < 0.97


def test_matched_correlation():
    x = box(2000)
    assert geometry.matched_correlation(x[:, ::-1] * [-3, 2] + 1, x) == pytest.approx(1)
    angles = np.linspace(0, np.pi / 4, 50)
    turn = [
        geometry.matched_correlation(
            x @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]), x
        )
        for a in angles
    ]
    assert min(turn) == pytest.approx(0.5**0.5, abs=0.03)
    assert np.mean(turn) == pytest.approx(4 / np.pi / 2**0.5, abs=0.02)
    with pytest.raises(ValueError, match="code must have the shape"):
        geometry.matched_correlation(x[:, :1], x)
    with pytest.raises(ValueError, match="must vary"):
        geometry.matched_correlation(0 * x, x)


@pytest.mark.parametrize("strength", [1.0, 6.0, -9.0])
def test_twisting_keeps_the_law_and_can_be_undone(strength):
    x = box(20_000)
    y = geometry.twisted(x, strength)
    np.testing.assert_allclose(geometry.twisted(y, -strength), x, atol=1e-12)
    assert np.abs(y).max() <= 0.5
    # Volume: the determinant of the Jacobian by central differences.
    step = 1e-6
    columns = [
        (geometry.twisted(x[:500] + d, strength) - geometry.twisted(x[:500] - d, strength))
        / (2 * step)
        for d in step * np.eye(2)
    ]
    np.testing.assert_allclose(np.linalg.det(np.stack(columns, -1)), 1, atol=1e-4)
    # Counts of an 8 × 8 grid are those of a uniform law.
    cells = np.floor((y + 0.5) * 8).clip(0, 7).astype(int)
    counts = np.bincount(cells[:, 0] * 8 + cells[:, 1], minlength=64)
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("strength", [0.5, 6.0, -11.0])
def test_twisted_r2_by_regression_and_by_quadrature(strength):
    x = box(200_000)
    y = geometry.twisted(x, strength)
    score = readout.prior_r2(y, readout.fit_linear(x, y).predict(x))
    value = geometry.twisted_r2(strength)
    assert score.value == pytest.approx(value, abs=3 * score.uncertainty + 1e-4)

    def along(r):
        return 2 * np.pi * r**3 * np.exp(1j * strength * (1 - 4 * r**2))

    disc = (
        integrate.quad(lambda r: along(r).real, 0, 0.5)[0]
        + 1j * (integrate.quad(lambda r: along(r).imag, 0, 0.5)[0])
    )
    c = (1 / 6 - np.pi / 32 + disc) * 6
    assert abs(c) ** 2 == pytest.approx(value, abs=1e-9)


def test_no_twist_is_no_change():
    x = box(10)
    np.testing.assert_allclose(geometry.twisted(x, 0.0), x)
    assert geometry.twisted_r2(1e-3) == pytest.approx(1, abs=1e-5)
    assert (geometry.twisted(np.full((1, 2), 0.45), 5.0) == 0.45).all()
    with pytest.raises(ValueError, match="at least 2 coordinates"):
        geometry.twisted(np.zeros((3, 1)), 1.0)


@pytest.fixture(scope="module")
def networks():
    protocol = training.protocol("fast", stimulus_steps=6, steps=3, batch=4)
    own = [
        training.Configuration(
            n_tasks=4, seed=k, n_units=4, protocol=protocol, observation="linear", sigma=0.1
        )
        for k in range(2)
    ]
    return {"linear": training.train(own, progress=False, device="cpu")}


def test_routes_code_the_trials_of_the_networks(networks):
    codes = geometry.codes_of(networks["linear"], 300)
    found = geometry.unlabelled_codes(
        networks,
        300,
        n_training=400,
        n_units=8,
        n_wide=3,
        n_readings=4,
        steps=300,
        matcher_steps=100,
    )["linear"]
    assert set(found[0]) == set(geometry.ROUTES)
    shown = geometry.seen_readings(networks["linear"], 300, stream="test")
    np.testing.assert_allclose(shown.mean(2)[1], codes[1].raw, atol=1e-6)
    table = geometry.route_scores(codes, found).set_index(["network", "code"])
    # A linear world of two dimensions: whatever keeps the plane keeps what is in it.
    for name in ("PCA", "ICA"):
        assert table.loc[(0, name), "inside"] == pytest.approx(
            table.loc[(0, "raw"), "inside"], abs=0.005
        )
    assert table.loc[(1, "autoencoder"), "inside"] > 0.9
    assert np.isnan(table.loc[(0, "wide"), "axes"])
    with pytest.raises(ValueError, match="n_readings must be at most 6"):
        geometry.seen_readings(networks["linear"], 10, stream="x", n_readings=7)
