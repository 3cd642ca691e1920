"""Training without labels: what theory says of linear autoencoders, and of matchers."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from trilateration.networks import Autoencoders, Matchers, gaussian_kl
from trilateration.training import train_autoencoders, train_matchers


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def cloud(variances, n_trials=4000, seed=0):
    """Observations with exactly these variances along random axes, mean variance 1."""
    rng = np.random.default_rng(seed)
    n = len(variances)
    white = rng.standard_normal((n_trials, n))
    white -= white.mean(0)
    white = white @ np.linalg.inv(np.linalg.cholesky(np.cov(white.T, bias=True))).T
    axes = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return (white * np.sqrt(variances)) @ axes.T + 3


def test_divergence_is_its_monte_carlo_mean():
    rng = np.random.default_rng(0)
    means, log_variances = np.array([0.7, -1.2, 0.0]), np.array([-1.0, 0.3, 0.0])
    codes = means + np.exp(log_variances / 2) * rng.standard_normal((400_000, 3))
    log_ratio = 0.5 * (codes**2 - (codes - means) ** 2 / np.exp(log_variances) - log_variances).sum(
        1
    )
    closed = gaussian_kl(torch.tensor(means), torch.tensor(log_variances)).item()
    assert abs(log_ratio.mean() - closed) < 4 * log_ratio.std() / len(codes) ** 0.5
    assert gaussian_kl(torch.zeros(3), torch.zeros(3)).item() == 0


def test_loss_is_minus_the_evidence_bound():
    # A linear decoder o = B z + N(0, I) has a Gaussian law of o in closed form. With the exact
    # posterior as encoder the bound is log p(o); with another it is lower by the divergence.
    model = Autoencoders([3], [1.0], n_features=5, n_latents=2, n_units=0)
    with torch.no_grad():
        weight = 3 * model.output[0]
        model.output[0].copy_(weight)
        model.output_bias.zero_()
        model.code_bias.zero_()
        precision = torch.eye(2) + weight @ weight.T
        # Turn the code, so that the posterior has independent coordinates.
        _, axes = torch.linalg.eigh(precision)
        weight = axes.T @ weight
        model.output[0].copy_(weight)
        values = (torch.eye(2) + weight @ weight.T).diagonal()
        model.code.zero_()
        model.code[0, :, :2].copy_(weight.T / values)
        model.code_bias[0, 2:].copy_(-values.log())
    o = torch.from_numpy(draw(1, 4, 5)).float().repeat_interleave(10_000, 1)
    noise = torch.from_numpy(draw(1, o.shape[1], 2, seed=1)).float()
    law = torch.distributions.MultivariateNormal(torch.zeros(5), torch.eye(5) + weight.T @ weight)
    constant = 2.5 * np.log(2 * np.pi)
    wanted = -law.log_prob(o[0]).mean().item() - constant
    assert model.losses(o, noise).item() == pytest.approx(wanted, abs=0.03)
    with torch.no_grad():
        model.code_bias[0, 2:] += 1.0
    assert model.losses(o, noise).item() > wanted + 0.3


def test_gradients_are_differences():
    for make, shape in (
        (lambda: Autoencoders([1, 2], [0.5, 0], n_features=4, n_latents=2, n_units=3), (2, 6, 4)),
        (lambda: Matchers([1, 2], n_features=4, n_latents=2, n_units=3), (2, 5, 3, 4)),
    ):
        model = make().double()
        seen = torch.from_numpy(draw(*shape))
        extra = () if isinstance(model, Matchers) else (torch.from_numpy(draw(2, 6, 2, seed=1)),)
        model.losses(seen, *extra).sum().backward()
        for name, parameter in model.named_parameters():
            at = (1,) * parameter.ndim
            values = []
            for step in (1e-5, -1e-5):
                with torch.no_grad():
                    parameter[at] += step
                    values.append(model.losses(seen, *extra).sum().item())
                    parameter[at] -= step
            slope = (values[0] - values[1]) / 2e-5
            assert parameter.grad[at].item() == pytest.approx(slope, abs=1e-6), name


def test_linear_autoencoder_spans_the_principal_subspace():
    seen = cloud([3.0, 2.0, 0.5, 0.3, 0.2])
    trained = train_autoencoders(
        seen[None], [0], [0], n_latents=2, n_units=0, steps=600, batch=128, learning_rate=2e-2
    )
    codes = trained.codes(seen[None])[0]
    components = PCA(2).fit_transform(seen)
    left = components - codes @ np.linalg.lstsq(codes, components, rcond=None)[0]
    assert (left - left.mean(0)).var() < 1e-3 * components.var()


def test_price_of_divergence_is_a_variance():
    # Linear, with a decoder N(ô, I): an axis of variance λ has the divergence ½ log(λ/β) if λ > β,
    # and collapses to the prior if not.
    variances = np.array([6.0, 2.4, 0.2, 0.2, 0.2])
    seen = cloud(variances * 5 / variances.sum())
    variances = variances * 5 / variances.sum()
    betas = [1.0, 3.0, 10.0]
    trained = train_autoencoders(
        np.stack([seen] * 3), [0, 1, 2], betas, n_latents=2, n_units=0,
        steps=1200, batch=128, learning_rate=2e-2,
    )  # fmt: skip
    told = trained.divergences(np.stack([seen] * 3)).sum(1)
    ratios = variances[:2] / np.array(betas)[:, None]
    np.testing.assert_allclose(told, 0.5 * np.log(np.maximum(ratios, 1)).sum(1), atol=0.05)
    codes = trained.codes(seen[None].repeat(3, 0))
    assert codes[2].std() < 0.05 < codes[0].std()


def test_alone_as_in_company():
    seen = draw(3, 50, 4)
    kwargs = dict(n_latents=2, n_units=5, steps=60, batch=7)
    together = train_autoencoders(seen, [4, 5, 6], [0, 1, 4], **kwargs)
    readings = draw(3, 20, 4, 5)
    grouped = train_matchers(readings, [4, 5, 6], **kwargs)
    for k, beta in enumerate((0, 1, 4)):
        alone = train_autoencoders(seen[k : k + 1], [4 + k], [beta], **kwargs)
        own = alone.codes(seen[k : k + 1])[0]
        np.testing.assert_allclose(own, together.codes(seen)[k], atol=1e-5)
        alone = train_matchers(readings[k : k + 1], [4 + k], **kwargs)
        own = alone.mean_codes(readings[k : k + 1])[0]
        np.testing.assert_allclose(own, grouped.mean_codes(readings)[k], atol=1e-5)


def test_matcher_that_is_an_isometry_gives_the_exact_probabilities():
    # Under the flat prior the others' mean m of n − 1 readings predicts N(m, σ² n/(n − 1)).
    model = Matchers([0], n_features=2, n_latents=2, n_units=2)
    model.encode = lambda seen: seen @ torch.tensor([[0.6, -0.8], [0.8, 0.6]]) + 1
    sigma, n = 0.3, 4
    readings = draw(1, 6, n, 2)
    with torch.no_grad():
        model.log_scale.fill_(-np.log(2 * sigma**2 * n / (n - 1)))
    means = readings[0, :, :-1].mean(1)
    squares = ((readings[0, :, None, -1] - means) ** 2).sum(-1)
    likelihood = np.exp(-squares / (2 * sigma**2 * n / (n - 1)))
    exact = likelihood.diagonal() / likelihood.sum(1)
    loss = model.losses(torch.from_numpy(readings).float()).item()
    assert loss == pytest.approx(-np.log(exact).mean() - np.log(6), abs=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observations": np.ones((1, 5, 3))}, "observations must vary"),
        ({"observations": draw(1, 1, 3)}, "observations must have axes"),
        ({"observations": np.full((1, 5, 3), np.nan)}, "observations must be finite"),
        ({"betas": [1, 2]}, "betas must have one entry a seed, 1, got 2"),
        ({"betas": [-1]}, "betas must be"),
        ({"steps": 0}, "steps must be"),
        ({"learning_rate": 0}, "learning_rate must be"),
    ],
)
def test_bad_input(change, message):
    good = dict(observations=draw(1, 5, 3), seeds=[0], betas=[1], n_latents=2, n_units=4, steps=2)
    with pytest.raises(ValueError, match=message):
        train_autoencoders(**(good | change))


def test_matching_needs_two_trials():
    with pytest.raises(ValueError, match="batch must be"):
        train_matchers(draw(1, 5, 3, 2), [0], n_latents=1, n_units=2, batch=1)
