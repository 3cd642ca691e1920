"""Observation maps: derivatives, inverses, symmetries, and diagnostics that can be trusted."""

import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilateration.evidence import maps


def generator(seed=0):
    return np.random.default_rng(seed)


def in_many_dimensions():
    return {
        "linear": maps.LinearMap(3, 7, rng=generator()),
        "relu": maps.ReluMap(3, (20, 9), rng=generator(1)),
        "relu, last too": maps.ReluMap(3, (20, 9), last_relu=True, rng=generator(2)),
        "tanh": maps.TanhMap(3, 8, rng=generator(3)),
        "quadratic": maps.QuadraticMap(3, 12, rng=generator(4)),
        "exponential": maps.ExponentialMap(3, 5, rng=generator(5)),
        "power": maps.PowerMap(3, 6, rng=generator(6)),
        "polynomial": maps.PolynomialMap(3, 6, n_shears=4, rng=generator(7)),
        "swirl": maps.SwirlMap(3, 6, rng=generator(8)),
        "swirl, two planes": maps.SwirlMap(4, 6, rng=generator(9)),
        "waves": maps.WaveMap(3, 9, rng=generator(10)),
        "sprite 2": maps.SpriteMap(2),
        "sprite 3": maps.SpriteMap(3, side=5),
        "sprite 4": maps.SpriteMap(4, side=5),
        "folded": maps.FoldedMap(3, 5, rng=generator(11)),
    }


ALL = in_many_dimensions()
PLANAR = maps.catalogue(generator(12))


@pytest.mark.parametrize("name", ALL)
def test_jacobian_is_the_derivative(name):
    f = ALL[name]
    assert isinstance(f, maps.ObservationMap)
    x = generator(20).uniform(-0.5, 0.5, (5, 4, f.dimension))
    step = 1e-6 * np.eye(f.dimension)
    slopes = [(f(x + each) - f(x - each)) / 2e-6 for each in step]
    jacobian = f.jacobian(x)
    assert jacobian.shape == (5, 4, f.n_features, f.dimension)
    np.testing.assert_allclose(np.stack(slopes, axis=-1), jacobian, atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_type_is_kept_and_input_is_not_changed(name):
    f = ALL[name]
    x = generator(21).uniform(-0.5, 0.5, (6, f.dimension))
    before = x.copy()
    single = f(x.astype(np.float32))
    assert single.dtype == f.jacobian(x.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(single, f(x), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(x, before)
    assert f(x).dtype == np.float64
    assert f(x[0]).shape == (f.n_features,)


def test_the_seed_acts_and_parameters_are_read_only():
    one, same, other = (maps.ReluMap(2, rng=generator(k)) for k in (1, 1, 2))
    x = np.array([0.3, -0.2])
    np.testing.assert_array_equal(one(x), same(x))
    assert np.abs(one(x) - other(x)).max() > 0.01
    with pytest.raises(ValueError, match="read-only"):
        one.weights[0][0, 0] = 1.0


def test_relu_network_has_the_layers_and_initialisation_of_pytorch():
    f = maps.ReluMap(2, rng=generator(3))
    assert [w.shape for w in f.weights] == [(2, 100), (100, 100), (100, 40)]
    assert [b.shape for b in f.biases] == [(100,), (100,), (40,)]
    for weights, biases in zip(f.weights, f.biases, strict=True):
        reach = len(weights) ** -0.5
        assert 0.9 * reach < np.abs(weights).max() <= reach
        assert np.abs(biases).max() <= reach
        assert weights.std() == pytest.approx(reach / 3**0.5, rel=0.1)
    x = generator(4).uniform(-0.5, 0.5, (50, 2))
    hidden = x
    for weights, biases in zip(f.weights[:-1], f.biases[:-1], strict=True):
        hidden = np.maximum(hidden @ weights + biases, 0)
    np.testing.assert_allclose(f(x), hidden @ f.weights[-1] + f.biases[-1], atol=1e-12)
    assert f(x).min() < 0  # the authors' last layer is not rectified
    assert maps.ReluMap(2, last_relu=True, rng=generator(3))(x).min() == 0


def test_relu_network_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    f = maps.ReluMap(3, (8, 5), rng=generator(5))
    layers = []
    for weights, biases in zip(f.weights, f.biases, strict=True):
        layer = torch.nn.Linear(*weights.shape).double()
        layer.weight.data, layer.bias.data = torch.tensor(weights.T), torch.tensor(biases)
        layers += [layer, torch.nn.ReLU()]
    x = generator(6).standard_normal((10, 3))
    with torch.no_grad():
        expected = torch.nn.Sequential(*layers[:-1])(torch.tensor(x)).numpy()
    np.testing.assert_allclose(f(x), expected, atol=1e-12)


@given(strength=st.floats(0, 3), seed=st.integers(0, 99), dimension=st.integers(2, 5))
@settings(max_examples=25, deadline=None)
def test_shears_and_swirls_keep_volumes_and_are_undone(strength, seed, dimension):
    x = generator(seed).uniform(-1, 1, (10, dimension))
    for make in (maps.PolynomialMap, maps.SwirlMap):
        f = make(dimension, dimension + 2, strength=strength, rng=generator(seed))
        back = f.inverse(f(x))
        np.testing.assert_allclose(back, x, atol=1e-9 * max(1, np.abs(f(x)).max() ** 2))
        np.testing.assert_allclose(np.linalg.det(maps.metric(f, x)), 1, rtol=1e-5)


def test_a_swirl_keeps_every_radius_and_strength_zero_is_linear():
    x = generator(1).uniform(-1, 1, (20, 2))
    swirl = maps.SwirlMap(2, 6, strength=5.0, rng=generator(2))
    np.testing.assert_allclose(np.linalg.norm(swirl(x), axis=1), np.linalg.norm(x, axis=1))
    straight = maps.SwirlMap(2, 6, strength=0.0, rng=generator(2))
    np.testing.assert_allclose(straight(x), x @ straight.embedding, atol=1e-15)
    assert np.isfinite(swirl.jacobian(np.zeros((1, 2)))).all()


def test_a_sprite_moves_grows_and_turns():
    f = maps.SpriteMap(4, side=24)
    pixels = f._pixels
    still = np.zeros(4)

    def centre(x):
        return f(x) @ pixels / f(x).sum()

    moved = centre(np.array([0.4, -0.3, 0, 0])) - centre(still)
    np.testing.assert_allclose(moved, [0.4, -0.3], atol=0.01)
    assert f(np.array([0, 0, 0.5, 0])).sum() > 1.3 * f(still).sum()
    # Half a turn of the figure is half a turn of the picture, since the pixels are symmetric.
    turned = f.picture(np.array([0, 0, 0, np.pi / 2]))
    np.testing.assert_allclose(turned, f.picture(still)[::-1, ::-1], atol=1e-12)
    assert 0 <= f(still).min() < f(still).max() <= 1


def test_the_top_row_of_a_picture_is_up():
    above = maps.SpriteMap(2).picture(np.array([0.0, 0.5]))
    assert above[:6].sum() > above[6:].sum()


def test_fold_confuses_mirror_images_only():
    f = maps.FoldedMap(2, rng=generator(3))
    x = generator(4).uniform(-1, 1, (10, 2))
    np.testing.assert_array_equal(f(x), f(x * [-1, 1]))
    found = maps.injectivity(f)
    assert not found.injective
    np.testing.assert_allclose(found.pair[0], found.pair[1] * [-1, 1], atol=1e-4)
    assert found.verdict == "NOT INJECTIVE"


@pytest.mark.parametrize("name", [name for name in PLANAR if name != "folded"])
def test_the_search_passes_every_injective_map(name):
    found = maps.injectivity(PLANAR[name], half_width=1.5)
    assert found.injective, found
    assert np.linalg.norm(found.pair[0] - found.pair[1]) >= 0.1


class Hidden(maps.FoldedMap):
    """Confuses points across a line that no lattice favours, and only in a corner of the box."""

    def _bend(self, latents):
        far = latents @ np.array([0.6, 0.8]) - 0.45
        return latents - 2 * np.maximum(far, 0)[..., None] * np.array([0.6, 0.8])


def test_the_search_finds_a_small_fold():
    found = maps.injectivity(Hidden(2, rng=generator(5)))
    assert not found.injective
    x, y = found.pair
    middle = (x + y) / 2
    assert middle @ [0.6, 0.8] == pytest.approx(0.45, abs=1e-3)


def test_requiring_injectivity_names_the_map_and_the_points():
    maps.require_injective(PLANAR["swirl"])
    with pytest.raises(ValueError, match="observation must be injective") as error:
        maps.require_injective(PLANAR["folded"])
    assert "FoldedMap that confuses [" in str(error.value)
    assert "\n" not in str(error.value)


def test_distortion_of_maps_with_known_metric():
    linear = maps.distortion(PLANAR["linear"])
    np.testing.assert_allclose(linear[:3], 1, atol=1e-12)
    np.testing.assert_allclose(linear[3:], 0, atol=1e-12)
    # One exponential e^{gx} in one dimension: J = g e^{gx}, by hand.
    g = 2.0
    f = maps.ExponentialMap(1, 1, gain=g, rng=generator(6))
    bend = maps.distortion(f, n_points=2**14)
    assert bend.smallest == pytest.approx(g * np.exp(-g / 2), rel=1e-3)
    assert bend.largest == pytest.approx(g * np.exp(g / 2), rel=1e-3)
    mean, square = np.sinh(g) / g, np.sinh(2 * g) / (2 * g)  # of e^{2gx} and its square
    assert bend.variation == pytest.approx((square - mean**2) ** 0.5 / mean, rel=1e-3)


def test_metric_uses_the_covariance():
    f, x = PLANAR["tanh"], np.array([[0.1, 0.2], [-0.3, 0.4]])
    draw = generator(7).standard_normal((f.n_features, f.n_features))
    covariance = draw @ draw.T + np.eye(f.n_features)
    jacobian = f.jacobian(x)
    expected = np.swapaxes(jacobian, 1, 2) @ np.linalg.inv(covariance) @ jacobian
    np.testing.assert_allclose(maps.metric(f, x, covariance), expected, rtol=1e-9)


@pytest.mark.parametrize("name", [name for name in PLANAR if name != "folded"])
def test_inversion_returns_the_readings(name):
    x = generator(8).uniform(-1.4, 1.4, (40, 2))
    back = maps.invert(PLANAR[name], PLANAR[name](x), half_width=1.5)
    np.testing.assert_allclose(back, x, atol=1e-7)


def test_inversion_of_noisy_features_is_least_squares():
    f = PLANAR["quadratic"]
    noisy = f(np.array([[0.2, -0.1]])) + 0.3 * generator(9).standard_normal((1, f.n_features))
    found = maps.invert(f, noisy)
    residual = noisy - f(found)
    np.testing.assert_allclose(residual @ f.jacobian(found)[0], 0, atol=1e-6)


def test_quadratic_features_are_linearly_enough():
    f = maps.QuadraticMap(3, 10, rng=generator(10))  # 10 = 4·5/2
    x = generator(11).uniform(-1, 1, (100, 3))
    features = np.column_stack([f(x), np.ones(100)])
    fit, *_ = np.linalg.lstsq(features, x, rcond=None)
    np.testing.assert_allclose(features @ fit, x, atol=1e-8)


BAD = [
    (lambda: maps.LinearMap(3, 2, rng=generator()), "n_features must be a whole number >= 3"),
    (lambda: maps.ReluMap(2, (), rng=generator()), "widths must name at least one layer"),
    (lambda: maps.ReluMap(0, rng=generator()), "dimension and widths must be a whole number"),
    (lambda: maps.SpriteMap(5), "dimension must be 2, 3 or 4, got 5"),
    (lambda: maps.SwirlMap(1, rng=generator()), "dimension must be a whole number >= 2"),
    (lambda: maps.PowerMap(2, exponent=0.5, rng=generator()), "exponent must be"),
    (lambda: maps.WaveMap(2, frequency=-1.0, rng=generator()), "frequency must be"),
    (lambda: PLANAR["tanh"](np.zeros((3, 3))), "latents must have a last axis of length 2"),
    (lambda: PLANAR["tanh"](np.array([np.nan, 0])), "latents must be finite"),
    (lambda: PLANAR["exponential"](np.full(2, 1e4)), "features must be finite"),
    (lambda: maps.injectivity(PLANAR["tanh"], separation=9.0), "separation must be below"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match="^" + message) as error:
        call()
    assert "\n" not in str(error.value)


def test_wrong_types_are_caught_by_the_hints():
    with pytest.raises(jaxtyping.TypeCheckError):
        PLANAR["tanh"](np.array(["a", "b"]))
