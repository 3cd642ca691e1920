"""Evidence: the stated moments of every noise model, exact laws of means, honest messages."""

import jaxtyping
import numpy as np
import pytest
from scipy import stats

from trilateration import _checks
from trilateration.evidence import (
    AnisotropicNoise,
    AutoregressiveNoise,
    GaussianNoise,
    GumbelNoise,
    LaplaceNoise,
    NoiseModel,
    StateDependentNoise,
    StudentNoise,
    correlate,
    observe,
    running_mean,
    sample_means,
    standard_error,
    uniform_latents,
    validate_evidence,
)

COVARIANCE = np.array([[0.04, 0.01], [0.01, 0.09]])
MODELS = [
    GaussianNoise(0.2),
    AnisotropicNoise(COVARIANCE),
    AutoregressiveNoise(0.2, 0.7),
    AutoregressiveNoise(0.2, -0.5),
    StudentNoise(0.2, 5.0),
    LaplaceNoise(0.2),
    GumbelNoise(0.2),
    StateDependentNoise(0.2, 1.5),
]


@pytest.fixture
def rng():
    return np.random.default_rng(20240711)


@pytest.mark.parametrize("noise", MODELS, ids=repr)
def test_noise_has_zero_mean_and_the_stated_standard_deviation(noise, rng):
    sample = noise.sample((40_000, 5, 2), rng, latents=np.zeros((40_000, 2)))
    assert isinstance(noise, NoiseModel)
    assert sample.shape == (40_000, 5, 2)
    sd = np.broadcast_to(noise.standard_deviation, 2)
    # Averages over trials are independent whatever the correlation in time.
    assert np.all(np.abs(sample.mean(axis=0)) < 5 * sd / 200)
    relative = sample.std(axis=0) / sd - 1
    assert np.all(np.abs(relative) < 0.05)


@pytest.mark.parametrize("noise", MODELS, ids=repr)
def test_noise_seed_acts_and_dtype_is_kept(noise):
    latents = np.full((3, 2), 0.1)
    draws = [
        noise.sample((3, 4, 2), np.random.default_rng(seed), latents=latents) for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])
    single = noise.sample((3, 4, 2), np.random.default_rng(1), latents=latents, dtype=np.float32)
    assert single.dtype == np.float32


def test_anisotropic_noise_has_its_covariance(rng):
    sample = AnisotropicNoise(COVARIANCE).sample((100_000, 1, 2), rng)[:, 0]
    np.testing.assert_allclose(np.cov(sample.T), COVARIANCE, atol=0.002)


def test_autoregressive_noise_is_stationary_with_geometric_correlation(rng):
    sample = AutoregressiveNoise(0.5, 0.7).sample((100_000, 6, 1), rng)[..., 0]
    np.testing.assert_allclose(sample.std(axis=0), 0.5, rtol=0.02)
    correlation = np.corrcoef(sample.T)
    lags = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    np.testing.assert_allclose(correlation, 0.7**lags, atol=0.02)


@pytest.mark.parametrize(
    ("noise", "law"),
    [
        (LaplaceNoise(2.0), stats.laplace(0, np.sqrt(2))),
        (
            GumbelNoise(2.0),
            stats.gumbel_r(-np.euler_gamma * 2 * np.sqrt(6) / np.pi, 2 * np.sqrt(6) / np.pi),
        ),
        (StudentNoise(2.0, 3.0), stats.t(3, scale=2 / np.sqrt(3))),
    ],
)
def test_heavy_tailed_noise_follows_its_law(noise, law, rng):
    sample = noise.sample((5000, 1, 1), rng).ravel()
    assert stats.kstest(sample, law.cdf).pvalue > 1e-3


def test_state_dependent_noise_grows_with_distance(rng):
    latents = np.repeat([[0.0, 0.0], [0.3, 0.4]], 50_000, axis=0)
    sample = StateDependentNoise(0.2, 2.0).sample((100_000, 1, 2), rng, latents=latents)[:, 0]
    np.testing.assert_allclose(sample[:50_000].std(), 0.2, rtol=0.02)
    np.testing.assert_allclose(sample[50_000:].std(), 0.4, rtol=0.02)
    curve = StateDependentNoise(0.2, lambda radius: np.exp(radius))
    np.testing.assert_allclose(curve.standard_deviation_at(latents[-1]), 0.2 * np.exp(0.5))


def test_uniform_latents_fill_the_box(rng):
    latents = uniform_latents(100_000, 3, rng=rng, half_width=2.0)
    assert np.abs(latents).max() <= 2
    np.testing.assert_allclose(latents.var(axis=0), 4 / 3, rtol=0.02)


def test_mean_of_evidence_and_sampled_mean_have_one_law(rng):
    latents = np.zeros((50_000, 2))
    streamed = running_mean(observe(latents, 0.2, 20, rng=rng))[:, -1]
    direct = sample_means(latents, 0.2, 20, rng=rng)
    for means in (streamed, direct):
        np.testing.assert_allclose(means.std(), 0.2 / np.sqrt(20), rtol=0.02)
    assert stats.ks_2samp(streamed[:, 0], direct[:, 0]).pvalue > 1e-3


def test_sample_means_takes_steps_per_trial(rng):
    steps = np.repeat([1, 100], 20_000)
    means = sample_means(np.zeros((40_000, 1)), 1.0, steps, rng=rng)
    np.testing.assert_allclose(means[:20_000].std(), 1.0, rtol=0.03)
    np.testing.assert_allclose(means[20_000:].std(), 0.1, rtol=0.03)


def test_running_mean_is_the_mean_of_each_prefix(rng):
    evidence = rng.standard_normal((4, 3, 7, 2))
    expected = np.stack([evidence[..., : s + 1, :].mean(axis=-2) for s in range(7)], axis=-2)
    np.testing.assert_allclose(running_mean(evidence), expected, atol=1e-14)


def test_running_mean_in_torch_agrees_and_keeps_dtype(rng):
    torch = pytest.importorskip("torch")
    evidence = rng.standard_normal((3, 5, 2)).astype(np.float32)
    result = running_mean(torch.from_numpy(evidence))
    assert result.dtype == torch.float32
    np.testing.assert_allclose(result.numpy(), running_mean(evidence), rtol=1e-6)


def test_observe_keeps_leading_axes_and_single_precision(rng):
    evidence = observe(np.zeros((2, 3, 4)), 0.2, 5, rng=rng, dtype=np.float32)
    assert evidence.shape == (2, 3, 5, 4)
    assert evidence.dtype == np.float32


def test_standard_error():
    assert standard_error(0.2, 20) == pytest.approx(0.0447213595)
    np.testing.assert_allclose(standard_error(0.2, np.array([1, 4])), [0.2, 0.1])


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


BAD_CALLS = [
    (lambda: GaussianNoise(-1), "sigma must be a finite number > 0, got -1"),
    (lambda: GaussianNoise(float("nan")), "sigma must be a finite number > 0, got nan"),
    (lambda: AutoregressiveNoise(1.0, 1.0), "rho must be a finite number strictly between -1 and"),
    (lambda: StudentNoise(1.0, 2.0), "degrees_of_freedom must be a finite number strictly between"),
    (lambda: StateDependentNoise(0.2, -1.0), "slope must be a finite number >= 0, got -1.0"),
    (lambda: AnisotropicNoise(np.eye(2) * -1.0), "covariance must be positive definite"),
    (lambda: AnisotropicNoise(np.array([[1.0, 0.5], [0.0, 1.0]])), "covariance must be symmetric"),
    (
        lambda: StateDependentNoise(0.2).sample((1, 1, 1), np.random.default_rng()),
        "latents must be given",
    ),
    (
        lambda: uniform_latents(0, 2, rng=np.random.default_rng()),
        "n_trials must be a whole number >= 1, got 0",
    ),
    (
        lambda: observe(np.array([[np.nan, 0.0]]), 0.2, 3, rng=np.random.default_rng()),
        "latents must be finite, got 1 NaN or infinite of 2 values",
    ),
    (
        lambda: observe(np.zeros((2, 2)), 0.2, 0, rng=np.random.default_rng()),
        "n_steps must be a whole number >= 1, got 0",
    ),
    (
        lambda: running_mean(np.full((2, 3, 2), np.inf)),
        "evidence must be finite, got 12 NaN or infinite of 12 values",
    ),
    (lambda: running_mean(np.zeros(3)), r"evidence must have axes \(..., time, dimension\)"),
    (
        lambda: validate_evidence(np.zeros((3, 2)), 3),
        r"evidence must have a last axis of length 3 \(dimension\), got shape \(3, 2\)",
    ),
    (
        lambda: sample_means(np.zeros((3, 2)), 0.2, np.arange(1, 5), rng=np.random.default_rng()),
        r"sigma and n_steps must broadcast against the leading shape \(3,\) of latents",
    ),
    (
        lambda: standard_error(0.2, np.array([1, 0])),
        r"n_steps must be finite numbers >= 1, got 1 of 2 that are not \(first: 0\)",
    ),
    (lambda: _checks.check_generator(42), "rng must be a numpy.random.Generator, such as"),
    (lambda: _checks.check_count(2.0, "n"), "n must be a whole number >= 1, got 2.0"),
    (lambda: _checks.check_count(True, "n"), "n must be a whole number >= 1, got True"),
    (
        lambda: _checks.check_probability(np.array([0.5, 1.5]), "reports"),
        r"reports must lie in \[0, 1\], got 1 of 2 values outside",
    ),
    (
        lambda: _checks.check_choice("x", ("a", "b"), "rows"),
        "rows must be one of 'a', 'b', got 'x'",
    ),
    (lambda: _checks.check_positive("1", "sigma"), "sigma must be a finite number > 0, got '1'"),
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[m[:30] for _, m in BAD_CALLS])
@pytest.mark.usefixtures("as_users_see_it")
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_a_sum_that_overflows_is_not_mistaken_for_bad_evidence():
    _checks.check_finite(np.full((2, 2), 1e308), "evidence")


def test_every_mean_has_noise_of_its_own_when_the_scales_broadcast():
    means = sample_means(np.zeros((1, 2)), np.ones(4), 5, rng=np.random.default_rng(0))
    assert means.shape == (4, 2)
    assert len(np.unique(means)) == 8


@pytest.mark.parametrize("rho", [-0.8, 0.0, 0.5, 0.95])
def test_correlated_coordinates_stay_uniform_and_follow_pearsons_formula(rho):
    uniforms = np.random.default_rng(0).random((40_000, 2))
    made = correlate(uniforms, rho)
    np.testing.assert_allclose(made[:, 0], uniforms[:, 0], atol=1e-12)
    # Five standard errors of a correlation, and of the deciles' shares.
    assert np.corrcoef(made.T)[0, 1] == pytest.approx(rho, abs=5 * (1 - rho**2) / 200 + 1e-3)
    shares = np.histogram(made[:, 1], bins=10, range=(0, 1))[0] / 40_000
    np.testing.assert_allclose(shares, 0.1, atol=5 * 0.3 / 200)
    if rho == 0:
        np.testing.assert_allclose(made, uniforms, atol=1e-12)


def test_correlate_survives_the_ends_and_refuses_what_has_no_law():
    ends = np.array([[0.0, 0.0], [0.0, 1 - 2**-24]], np.float32)
    made = correlate(ends, -0.9)
    assert made.dtype == np.float32
    assert np.isfinite(made).all()
    assert ((made >= 0) & (made <= 1)).all()
    for rho, dimension in ((1.0, 2), (-0.5, 3), (-0.6, 3)):
        with pytest.raises(ValueError, match="correlation must"):
            correlate(np.full((1, dimension), 0.5), rho)
