"""Measures of representations, on constructed codes whose answers are known."""

import subprocess
import sys

import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trilateration import geometry
from trilateration.evidence import uniform_latents

N = 2000
BOTH = geometry.balanced_dichotomies(2).sides
SEEDS = st.integers(0, 10_000)
few = settings(max_examples=8, deadline=None)


def box(seed=0, n=N, dimension=2):
    return uniform_latents(n, dimension, rng=np.random.default_rng(seed))


def mirrored(seed, n=500):
    """Return a box whose sample has the symmetries of its law."""
    x = box(seed, n)
    return np.concatenate([x, x * [-1, 1], x * [1, -1], -x])


def turn(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def rotation(n, seed):
    return stats.ortho_group.rvs(n, random_state=seed) if n > 2 else turn(seed)


def affine(x, n_units, seed, noise=0.0):
    rng = np.random.default_rng(seed)
    clean = x @ rng.normal(size=(x.shape[1], n_units)) + rng.normal(size=n_units)
    return clean + noise * rng.normal(size=clean.shape)


def bent(x, n_units, seed):
    """Rectified units of random orientation and threshold."""
    rng = np.random.default_rng(seed)
    return np.maximum(
        x @ rng.normal(size=(x.shape[1], n_units)) + 0.3 * rng.normal(size=n_units), 0
    )


# Angles


@pytest.mark.parametrize("n_units", [2, 3, 4, 9, 64])
def test_random_angles_follow_their_law(n_units):
    rng = np.random.default_rng(n_units)
    pairs = rng.normal(size=(20_000, n_units, 2))
    pairs /= np.linalg.norm(pairs, axis=1, keepdims=True)
    drawn = np.degrees(np.arccos((pairs[..., 0] * pairs[..., 1]).sum(axis=1)))
    grid = np.linspace(0, 180, 4001)
    density = geometry.random_angle_pdf(grid, n_units)
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=2e-4)
    sd = geometry.random_angle_sd(n_units)
    assert np.sqrt(np.trapezoid(density * (grid - 90) ** 2, grid)) == pytest.approx(sd, rel=1e-4)
    assert drawn.std() == pytest.approx(sd, rel=0.03)
    p_values = np.array([geometry.right_angle_p_value(a, n_units) for a in drawn[:1000]])
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3


def test_sd_of_random_angles_in_the_plane_and_in_space():
    assert geometry.random_angle_sd(2) == pytest.approx(180 / np.sqrt(12))
    assert geometry.random_angle_sd(3) == pytest.approx(np.degrees(np.sqrt(np.pi**2 / 4 - 2)))
    for n in (4, 7, 30):  # V_n = V_{n-2} - 2/(n-2)^2
        step = np.radians(geometry.random_angle_sd(n - 2)) ** 2 - 2 / (n - 2) ** 2
        assert np.radians(geometry.random_angle_sd(n)) ** 2 == pytest.approx(step)


def test_angles_of_random_tasks_scatter_as_predicted():
    rng = np.random.default_rng(0)
    for dimension, n_tasks in ((2, 24), (5, 40)):
        normals = rng.normal(size=(1500, n_tasks, dimension))
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
        first = np.array([geometry.axis_angles(a)[0] for a in normals])
        predicted = geometry.task_angle_sd(dimension, n_tasks)
        assert first.std() == pytest.approx(predicted, rel=0.08)


def test_decoding_axes_are_the_supplement_of_encoding_axes_in_the_plane():
    x = box()
    z = affine(x, 5, seed=1)
    encoding = geometry.encoding_axes(z, x)
    decoding = np.linalg.pinv(encoding).T
    angles = geometry.axis_angles(encoding), geometry.axis_angles(decoding)
    assert angles[0] + angles[1] == pytest.approx(180)


def test_angles_of_known_axes():
    axes = np.array([[1.0, 1, 0], [0, 1, 0], [0, 0, -3]])
    np.testing.assert_allclose(geometry.axis_angles(axes), [45, 90, 90])
    assert geometry.axis_angles(np.array([[1.0, -1], [0, 0]])) == pytest.approx(180)


# Conditions, generalisation, parallelism


@given(seed=SEEDS, n_units=st.integers(2, 20))
@few
def test_affine_codes_are_abstract(seed, n_units):
    """Latents generalise and are parallel; XOR is neither, and not decodable."""
    x = mirrored(seed)
    z = affine(x, n_units, seed)
    conditions = geometry.orthant_conditions(x, nearest=1e-3)
    scores = geometry.ccgp(z, conditions, BOTH, penalty=0)
    np.testing.assert_array_equal(scores, [1, 1, 0])
    np.testing.assert_allclose(geometry.parallelism(z, conditions, BOTH)[:2], 1)
    rng = np.random.default_rng(seed)
    assert geometry.dichotomy_accuracy(z, conditions, BOTH, rng=rng)[2] < 0.7


def test_xor_of_a_square_is_antiparallel():
    x = box()
    scores = geometry.parallelism(x, geometry.orthant_conditions(x), BOTH)
    np.testing.assert_allclose(scores, [1, 1, -1], atol=1e-3)


def test_all_choices_confound_a_square():
    x = box(n=20_000)
    conditions = geometry.orthant_conditions(x)
    scores = geometry.ccgp(x, conditions, BOTH, choices="all")
    np.testing.assert_allclose(scores, [0.75, 0.75, 0], atol=0.03)


def test_the_cube_generalises_in_all_three_latents():
    x = box(dimension=3, n=4000)
    dichotomies = geometry.balanced_dichotomies(3)
    assert dichotomies.sides.shape == (35, 8)
    assert dichotomies.n_latent == 3
    conditions = geometry.orthant_conditions(x, nearest=0.03)
    code = affine(x, 12, seed=3)
    scores = geometry.ccgp(code, conditions, dichotomies.sides, penalty=0)
    np.testing.assert_allclose(scores[:3], 1, atol=0.01)
    assert scores[3:].max() < 0.95
    parallel = geometry.parallelism(code, conditions, dichotomies.sides)
    np.testing.assert_allclose(parallel[:3], 1, atol=0.02)
    assert parallel[3:].max() < 0.9


def test_dichotomies_are_balanced_and_different():
    for dimension, number in ((2, 3), (3, 35)):
        sides = geometry.balanced_dichotomies(dimension).sides
        assert (2 * sides.sum(axis=1) == 2**dimension).all()
        # A dichotomy and its mirror image are one.
        signs = np.where(sides ^ sides[:, :1], 1, -1)
        assert len(np.unique(signs, axis=0)) == number


@given(seed=SEEDS)
@few
def test_additive_codes_are_parallel_however_bent(seed):
    """What parallelism cannot see: monotone warps, curves, even hard sides."""
    rng = np.random.default_rng(seed)
    x = mirrored(seed)
    features = np.concatenate([np.sin(9 * x), np.tanh(8 * x), np.sign(x), x**2], axis=1)
    z = features @ rng.normal(size=(8, 10))
    scores = geometry.parallelism(z, geometry.orthant_conditions(x), BOTH)
    np.testing.assert_allclose(scores[:2], 1, atol=1e-9)


def test_sides_are_enough_for_generalisation_but_not_for_position():
    x = box()
    z = np.sign(x) + 1e-6 * np.random.default_rng(0).normal(size=x.shape)
    scores = geometry.ccgp(z, geometry.orthant_conditions(x), BOTH)
    np.testing.assert_allclose(scores[:2], 1, atol=1e-6)
    read = geometry.linear_and_nonlinear(z[:600], x[:600], rng=np.random.default_rng(0))
    assert read.linear == pytest.approx(0.75, abs=0.03)


def test_a_random_geometry_generalises_by_chance():
    x = box(n=400)
    conditions = geometry.orthant_conditions(x)
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=(4, 30))[conditions] + 0.3 * rng.normal(size=(400, 30))
        found.append([
            geometry.ccgp(z, conditions, BOTH, choices="all"),
            geometry.parallelism(z, conditions, BOTH),
        ])  # fmt: skip
    generalised, parallel = np.mean(found, axis=0)
    np.testing.assert_allclose(generalised, 0.5, atol=0.06)
    # The best of two pairings: ±|cos|, whose mean is positive and small in 30 dimensions.
    assert (parallel > 0).all()
    assert (parallel < 0.3).all()


def test_shuffled_geometry_keeps_conditions_and_loses_parallelism():
    x = box()
    z = bent(x, 40, seed=0)
    conditions = geometry.orthant_conditions(x)
    shuffled = geometry.shuffled_geometry(z, conditions, rng=np.random.default_rng(1))
    np.testing.assert_allclose(np.sort(shuffled, axis=1), np.sort(z, axis=1))
    before = geometry.parallelism(z, conditions, BOTH)[:2].mean()
    after = geometry.parallelism(shuffled, conditions, BOTH)[:2].mean()
    assert before > 0.6
    assert after < 0.5


def test_noise_attenuates_parallelism_as_said():
    rng = np.random.default_rng(0)
    conditions = np.repeat(np.arange(4), 10)
    centres = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]]) / 2
    scores = []
    for _ in range(300):
        z = np.zeros((40, 50))
        z[:, :2] = centres[conditions]
        scores.append(geometry.parallelism(z + 0.3 * rng.normal(size=z.shape), conditions, BOTH)[0])
    v = 50 * 0.3**2 / 10
    assert np.mean(scores) == pytest.approx(1 / (1 + 2 * v), abs=0.02)


def test_near_trials_tell_sides_from_distances():
    x = box(n=40_000)
    noisy = x + 0.05 * np.random.default_rng(0).normal(size=x.shape)
    angle = np.pi / 12  # two tasks whose boundaries are not the axes
    sides = np.sign(noisy @ turn(angle))
    far = geometry.orthant_conditions(x, nearest=0.2)
    near = geometry.orthant_conditions(x, nearest=0.02, farthest=0.1)
    gaps = [
        np.subtract(*(geometry.ccgp(z, c, BOTH)[:2].mean() for z in (noisy, sides)))
        for c in (far, near)
    ]
    assert gaps[1] > gaps[0] + 0.005


def test_mean_code_is_the_code_of_the_centres_for_an_affine_code():
    x = box(n=50_000)
    means = geometry.mean_code(affine(x, 3, seed=0), x, 4)
    assert means.shape == (16, 3)
    centres = np.stack(np.meshgrid(*[(np.arange(4) + 0.5) / 4 - 0.5] * 2, indexing="xy"), -1)
    expected = affine(centres.reshape(-1, 2), 3, seed=0)
    np.testing.assert_allclose(means, expected, atol=0.02)


# Measures that depend on the units


@pytest.mark.parametrize("regressor", ["lasso", "forest"])
def test_dci_of_aligned_and_rotated_codes(regressor):
    x, rng = box(), np.random.default_rng(0)
    aligned = geometry.dci(x, x, rng=rng, regressor=regressor)
    assert aligned.disentanglement > 0.96
    assert aligned.completeness > 0.96
    assert aligned.informativeness > 0.98
    rotated = geometry.dci(x @ turn(np.pi / 4), x, rng=rng, regressor=regressor)
    assert rotated.disentanglement < 0.06
    assert rotated.completeness < 0.06
    assert rotated.informativeness > 0.9


def test_dci_of_the_importances_by_hand():
    """Rotated by φ, the weights are cos φ and sin φ: the entropy of a coin."""
    x = box(n=20_000)
    for angle in (0.2, 0.5):
        found = geometry.dci(x @ turn(angle), x, rng=np.random.default_rng(0), penalty=1e-4)
        share = np.cos(angle) / (np.cos(angle) + np.sin(angle))
        expected = 1 - stats.entropy([share, 1 - share], base=2)
        assert found.disentanglement == pytest.approx(expected, abs=0.02)


def test_lasso_finds_aligned_units_in_a_redundant_random_code():
    """A trap: no unit was drawn to an axis, and yet disentanglement is high."""
    x = box()
    z = affine(x, 200, seed=0, noise=0.02)
    found = geometry.dci(z, x, rng=np.random.default_rng(0))
    assert found.disentanglement > 0.8
    fair = geometry.infomec(z, x, rng=np.random.default_rng(0))
    assert fair.modularity < 0.75


def test_infomec_of_aligned_rotated_and_warped_codes():
    x, rng = box(), np.random.default_rng(0)
    np.testing.assert_allclose(geometry.infomec(x, x, rng=rng)[:3], 1, atol=0.02)
    rotated = geometry.infomec(x @ turn(np.pi / 4), x, rng=rng)
    np.testing.assert_allclose(rotated[:3], [0, 1, 0], atol=0.08)
    warped = geometry.infomec(np.exp(9 * x), x, rng=rng)
    np.testing.assert_allclose([warped.modularity, warped.compactness], 1, atol=0.02)
    assert warped.explicitness < 0.8


@given(seed=SEEDS)
@few
def test_infomec_is_indifferent_to_monotone_warps(seed):
    x = box(seed, 500)
    z = x @ turn(seed)
    warped = np.stack([np.exp(3 * z[:, 0]), z[:, 1] ** 3], axis=1)
    plain, other = (geometry.infomec(c, x, rng=np.random.default_rng(0)) for c in (z, warped))
    np.testing.assert_allclose(plain.information, other.information, atol=1e-12)


def test_silent_and_uninformed_units_do_not_count():
    x, rng = box(), np.random.default_rng(0)
    z = np.concatenate([x, np.zeros((N, 5)), rng.normal(size=(N, 20))], axis=1)
    found = geometry.infomec(z, x, rng=rng)
    assert found.modularity == pytest.approx(1, abs=0.05)
    assert found.compactness == pytest.approx(1, abs=0.05)
    assert not found.information[2:7].any()
    score = geometry.dci(z, x, rng=rng)
    assert score.disentanglement > 0.95
    assert not score.importance[2:7].any()


def test_a_copied_unit_costs_completeness_and_not_modularity():
    x, rng = box(), np.random.default_rng(0)
    doubled = geometry.infomec(np.concatenate([x, x], axis=1), x, rng=rng)
    assert doubled.modularity == pytest.approx(1, abs=0.02)
    assert doubled.compactness == pytest.approx((1 / 2 - 1 / 4) / (3 / 4), abs=0.02)


@given(seed=SEEDS)
@few
def test_order_and_scale_of_units_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    x = box(seed, 500)
    z = bent(x, 6, seed) + 0.05 * rng.normal(size=(500, 6))
    other = (z * rng.uniform(0.5, 5, 6))[:, rng.permutation(6)]
    for measure in (geometry.dci, geometry.infomec):
        plain, changed = (measure(c, x, rng=np.random.default_rng(1)) for c in (z, other))
        np.testing.assert_allclose(plain[:2], changed[:2], atol=0.02)


def test_tuning_of_affine_units():
    x = box(n=4000)
    angle = 0.3
    z = x @ np.array([[np.cos(angle), 1], [np.sin(angle), 0]])
    z = np.concatenate([z, np.zeros((4000, 1))], axis=1)
    tuning = geometry.unit_tuning(z, x, n_bins=8)
    width = 1 / 8**2  # of the variance lies within the bins
    shares = np.array([np.cos(angle), np.sin(angle)]) ** 2
    np.testing.assert_allclose(tuning.alone[0], shares, atol=0.05)
    np.testing.assert_allclose(tuning.alone[1], [1 - width, 0], atol=0.01)
    np.testing.assert_allclose(tuning.interaction[:2], 0, atol=0.002)
    np.testing.assert_allclose(tuning.linear[:2], 1)
    assert np.isnan(tuning.interaction[2])
    np.testing.assert_allclose(
        tuning.additive + tuning.interaction + tuning.unexplained, [1, 1, np.nan]
    )


def test_tuning_of_a_product_is_all_interaction():
    x = box(n=4000)
    tuning = geometry.unit_tuning((x[:, :1] * x[:, 1:]), x, n_bins=8)
    assert tuning.interaction[0] == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(tuning.alone, 0, atol=0.02)
    assert tuning.linear[0] == pytest.approx(0, abs=0.01)


def test_tuning_of_noise_is_unbiased():
    x = box(n=400)
    noise = np.random.default_rng(0).normal(size=(400, 300))
    tuning = geometry.unit_tuning(noise, x, n_bins=6)
    for share in (tuning.alone, tuning.interaction, tuning.additive):
        assert share.mean() == pytest.approx(0, abs=4 * share.std() / share.size**0.5)
    assert tuning.unexplained.mean() == pytest.approx(1, abs=0.02)


def test_axis_alignment_is_the_cosine_of_four_times_the_angle():
    angles = np.linspace(0, 6, 50)
    slopes = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    np.testing.assert_allclose(geometry.axis_alignment(slopes), np.cos(4 * angles), atol=1e-12)
    random = np.random.default_rng(0).normal(size=(20_000, 5))
    assert geometry.axis_alignment(random).mean() == pytest.approx(0, abs=0.01)
    np.testing.assert_allclose(geometry.axis_alignment(np.eye(5)), 1)


# Dimension and sparseness


@given(seed=SEEDS, n_units=st.integers(2, 12))
@few
def test_participation_ratio_of_an_affine_code(seed, n_units):
    """The population value of a uniform box, by its singular values."""
    axes = np.random.default_rng(seed).normal(size=(2, n_units))
    grid = (np.arange(30) + 0.5) / 30 - 0.5
    x = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    strengths = np.linalg.svd(axes, compute_uv=False) ** 2
    expected = strengths.sum() ** 2 / (strengths**2).sum()
    assert geometry.participation_ratio(x @ axes) == pytest.approx(expected)
    assert expected <= 2 + 1e-12


def test_participation_ratio_of_few_trials():
    """Plain: np/(n + p) for isotropic codes; the U-statistics are right whatever the law."""
    for draw in (np.random.default_rng(0).normal, np.random.default_rng(1).uniform):
        plain, unbiased = [], []
        for _ in range(300):
            z = draw(size=(40, 20)) + 5
            plain.append(geometry.participation_ratio(z))
            unbiased.append(geometry.participation_ratio(z, unbiased=True))
        assert np.mean(plain) == pytest.approx(40 * 20 / 60, rel=0.03)
        assert np.mean(unbiased) == pytest.approx(20, rel=0.03)


def test_unbiased_moments_are_u_statistics():
    """By brute force over four different trials."""
    from itertools import permutations

    from trilateration.geometry.dimensionality import _unbiased_moments

    x = np.random.default_rng(0).exponential(size=(7, 3))
    half = 0.5 * ((x[:, None] - x[None]) ** 2).sum(axis=-1)
    inner = x @ x.T
    traces, squares = [], []
    for i, j, k, m in permutations(range(7), 4):
        traces.append(half[i, j] * half[k, m])
        squares.append((inner[i, k] - inner[i, m] - inner[j, k] + inner[j, m]) ** 2 / 4)
    centred = x - x.mean(axis=0)
    found = _unbiased_moments(centred, ((centred.T @ centred) ** 2).sum())
    np.testing.assert_allclose(found, [np.mean(traces), np.mean(squares)])


def test_sparseness_of_known_codes():
    one_hot = np.eye(10)[np.arange(200) % 10]
    found = geometry.sparseness(one_hot)
    assert found.fraction_active == pytest.approx(0.1)
    assert found.population == pytest.approx(1)
    assert found.lifetime == pytest.approx((1 - 0.1) / (1 - 1 / 200))
    with_dead = geometry.sparseness(np.concatenate([one_hot, np.zeros((200, 10))], axis=1))
    assert with_dead.dead == 0.5
    assert with_dead.fraction_active == pytest.approx(0.05)
    assert with_dead[2:] == pytest.approx(found[2:])
    even = 1 + 1e-9 * np.random.default_rng(0).normal(size=(50, 6))
    np.testing.assert_allclose(geometry.sparseness(even)[2:], 0, atol=1e-9)
    # Rectified Gaussians: half are active, <r>^2/<r^2> = (1/2π)/(1/2).
    half = np.maximum(np.random.default_rng(0).normal(size=(3000, 400)), 0)
    found = geometry.sparseness(half)
    assert found.fraction_active == pytest.approx(0.5, abs=0.01)
    assert found.population == pytest.approx(1 - 1 / np.pi, abs=0.01)


def test_a_rotation_changes_sparseness_and_nothing_that_distances_tell():
    x = box()
    z = bent(x, 12, seed=0)
    turned = z @ rotation(12, 0) + 10
    conditions = geometry.orthant_conditions(x)
    for measure in (geometry.ccgp, geometry.parallelism):
        plain, other = (measure(c, conditions, BOTH) for c in (z, turned))
        np.testing.assert_allclose(plain, other, atol=1e-6)
    assert geometry.participation_ratio(z) == pytest.approx(geometry.participation_ratio(turned))
    axes = [geometry.axis_angles(geometry.encoding_axes(c, x)) for c in (z, turned)]
    np.testing.assert_allclose(*axes)
    reads = [
        geometry.linear_and_nonlinear(c[:600], x[:600], rng=np.random.default_rng(0))
        for c in (z, turned)
    ]
    np.testing.assert_allclose(*reads, atol=1e-6)
    assert abs(geometry.sparseness(z).population - geometry.sparseness(turned).population) > 0.1
    modular = [geometry.infomec(c, x, rng=np.random.default_rng(0)).modularity for c in (z, turned)]
    assert abs(modular[0] - modular[1]) > 0.05


# Decoding


@pytest.mark.parametrize("decoder", ["kernel", "neighbours"])
def test_the_gap_is_what_is_bent(decoder):
    x = box(n=800)

    def gap(code):
        rng = np.random.default_rng(0)
        return geometry.linear_and_nonlinear(code, x, rng=rng, decoder=decoder).gap

    assert gap(affine(x, 10, seed=0, noise=0.05)) < 0.01
    bowed = np.stack([np.cos(4 * x[:, 0]), np.sin(4 * x[:, 0]), x[:, 1]], axis=1)
    assert gap(bowed) == pytest.approx(0.02, abs=0.02)
    assert gap(np.tanh(6 * x)) > 0.03
    circle = np.stack([np.cos(9 * x[:, 0]), np.sin(9 * x[:, 1])], axis=1)
    assert gap(np.concatenate([circle, x**2], axis=1)) > 0.1


# Similarity


@given(seed=SEEDS, n_units=st.integers(3, 12))
@few
def test_similarities_do_not_see_rotation_shift_and_scale(seed, n_units):
    x = box(seed, 150)
    z, other = bent(x, n_units, seed), affine(x, 5, seed, noise=0.1)
    changed = 3 * z @ rotation(n_units, seed) - 2
    for measure in (
        geometry.linear_cka,
        lambda a, b: geometry.linear_cka(a, b, debiased=False),
        geometry.distance_correlation,
        lambda a, b: geometry.procrustes(a, b).similarity,
    ):
        assert measure(z, changed) == pytest.approx(1, abs=1e-6)
        assert measure(z, other) == pytest.approx(measure(changed, other), abs=1e-6)
        assert measure(z, other) == pytest.approx(measure(other, z), abs=1e-9)


def test_similarities_see_a_stretch():
    x = box(n=1000)
    stretched = x * [1, 5]
    # tr GG'/(|G||G'|) with G = I, G' = diag(1, 25).
    expected = 26 / np.sqrt(2 * (1 + 625))
    assert geometry.linear_cka(x, stretched) == pytest.approx(expected, abs=0.03)
    expected = 6 / np.sqrt(2 * 26)
    assert geometry.procrustes(x, stretched).similarity == pytest.approx(expected, abs=0.02)
    assert geometry.distance_correlation(x[:300], stretched[:300]) < 0.95


def test_debiased_cka_of_unrelated_codes_is_zero_and_the_plain_one_is_not():
    rng = np.random.default_rng(0)
    pairs = [rng.normal(size=(2, 40, 100)) for _ in range(50)]
    plain = np.mean([geometry.linear_cka(a, b, debiased=False) for a, b in pairs])
    debiased = np.array([geometry.linear_cka(a, b) for a, b in pairs])
    assert plain > 0.6
    assert debiased.mean() == pytest.approx(0, abs=4 * debiased.std() / 50**0.5)


def test_debiased_cka_is_the_u_centred_one():
    """Against Gram matrices, centred as Székely and Rizzo define it."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(12, 3)) + 4, rng.normal(size=(12, 5))
    b[:, :2] += a[:, :2]

    def centred(code):
        n, gram = len(code), code @ code.T
        np.fill_diagonal(gram, 0)
        rows = gram.sum(axis=1)
        u = gram - (rows[:, None] + rows) / (n - 2) + gram.sum() / ((n - 1) * (n - 2))
        np.fill_diagonal(u, 0)
        return u

    k, m = centred(a), centred(b)
    expected = (k * m).sum() / np.sqrt((k**2).sum() * (m**2).sum())
    assert geometry.linear_cka(a, b) == pytest.approx(expected)


def test_procrustes_explains_what_it_says():
    from scipy.linalg import orthogonal_procrustes

    rng = np.random.default_rng(0)
    a, b = (code - code.mean(axis=0) for code in rng.normal(size=(2, 30, 4)))
    turned, scale = orthogonal_procrustes(a, b)
    residual = ((scale / (a**2).sum() * a @ turned - b) ** 2).sum() / (b**2).sum()
    assert geometry.procrustes(a, b).residual == pytest.approx(residual)


# Examples and profiles


def test_profiles_of_the_examples():
    x = mirrored(0)
    codes = {kind: geometry.example_code(x, kind)[None] for kind in geometry.EXAMPLES}
    table = geometry.profile_table(codes, x, seed=0).set_index("network")
    assert list(table.columns) == ["seed", *geometry.Profile._fields]
    straight = table.loc[["aligned", "rotated", "oblique"]]
    np.testing.assert_allclose(straight[["parallelism", "r2"]], 1, atol=1e-3)
    np.testing.assert_allclose(straight["interaction"], 0, atol=0.01)
    np.testing.assert_allclose(table["modularity"][["aligned", "warped", "sides"]], 1, atol=0.02)
    assert table.loc["rotated", "modularity"] < 0.1
    assert table.loc["rotated", "alignment"] == pytest.approx(-1, abs=0.01)
    np.testing.assert_allclose(table["parallelism"][["warped", "sides"]], 1, atol=1e-6)
    assert table.loc["sides", "r2"] == pytest.approx(0.75, abs=0.01)
    assert table.loc["warped", "gap"] > 0.03
    assert table.loc["perspective", "parallelism"] < 0.9
    assert table.loc["perspective", "interaction"] > 0.05
    assert table.loc["oblique", "obliqueness"] == pytest.approx(45, abs=0.1)


def test_the_network_of_a_bad_code_is_named():
    x = box(n=600)
    codes = np.stack([x, np.full_like(x, np.nan)])
    with pytest.raises(ValueError, match="code of 'gru', seed 1: codes must be finite"):
        geometry.profile_table({"gru": codes}, x, seed=0)


# Bad input


ONES, X2 = np.ones((20, 2)), box(n=20)
FINE = np.random.default_rng(0).normal(size=(20, 3))
RNG = np.random.default_rng(0)
SPOILT = np.where(np.arange(60).reshape(20, 3) == 7, np.nan, FINE)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: geometry.participation_ratio(ONES), "codes must differ between trials"),
        (lambda: geometry.participation_ratio(SPOILT), "codes must be finite, got 1 NaN"),
        (lambda: geometry.participation_ratio(FINE[0]), r"codes must have shape \(trial, unit\)"),
        (lambda: geometry.encoding_axes(FINE, X2[:5]), "latents must have shape .* 20 trials"),
        (lambda: geometry.dci(FINE, X2 * [1, 0], rng=RNG), "latents must vary in every dimension"),
        (lambda: geometry.dci(FINE, X2[:, :1], rng=RNG), "latents must have at least 2 dim"),
        (lambda: geometry.dci(FINE, X2, rng=7), "rng must be a numpy.random.Generator"),
        (lambda: geometry.dci(FINE, X2, rng=RNG, regressor="tree"), "regressor must be one of"),
        (lambda: geometry.dci(FINE, X2, rng=RNG, penalty=2), "penalty must be .* got 2"),
        (lambda: geometry.dci(FINE[:, :1], X2, rng=RNG), "codes must have at least 2 units"),
        (lambda: geometry.infomec(FINE, X2, rng=RNG, n_bins=1), "n_bins must be a whole number"),
        (lambda: geometry.unit_tuning(FINE, X2), "n_bins must leave at least 3 trials a cell"),
        (lambda: geometry.axis_angles(FINE[:, :1]), "axes must have shape .* at least 2 columns"),
        (lambda: geometry.axis_angles(FINE * [1, 0, 1]), "axes must not be zero, .* column, 1"),
        (lambda: geometry.random_angle_sd(1), "n_units must be a whole number >= 2, got 1"),
        (lambda: geometry.right_angle_p_value(0, 4), "angle must be .* 0 and 180, got 0"),
        (lambda: geometry.task_angle_sd(1, 4), "dimension must be a whole number >= 2, got 1"),
        (lambda: geometry.balanced_dichotomies(4), "dimension must be 2 or 3, got 4"),
        (lambda: geometry.ccgp(FINE, np.zeros(20, int), BOTH), "conditions must have at least 5"),
        (lambda: geometry.ccgp(FINE, np.zeros(9, int), BOTH), "conditions must have shape"),
        (
            lambda: geometry.parallelism(FINE, np.zeros(20, int), np.eye(4, dtype=bool)),
            "sides must split at least 4 conditions into equal halves",
        ),
        (
            lambda: geometry.ccgp(FINE, np.arange(20) % 4, BOTH, choices="some"),
            "choices must be one of 'paired', 'all', got 'some'",
        ),
        (lambda: geometry.orthant_conditions(X2, nearest=-1), "nearest must be .* got -1"),
        (lambda: geometry.sparseness(FINE), "activity must be non-negative, got -"),
        (lambda: geometry.sparseness(np.eye(20)[:, :1]), "activity must hold at least two units"),
        (
            lambda: geometry.linear_and_nonlinear(FINE, X2, rng=RNG, decoder="net"),
            "decoder must be one of 'kernel', 'neighbours', got 'net'",
        ),
        (
            lambda: geometry.linear_cka(FINE, FINE[:9]),
            "first and second must be of the same trials",
        ),
        (lambda: geometry.procrustes(FINE, ONES), "second must differ between trials"),
        (lambda: geometry.axis_alignment(FINE[:, :1]), "slopes must have shape"),
        (lambda: geometry.example_code(X2, "folded"), "kind must be one of 'aligned', 'rotated'"),
        (lambda: geometry.profile(FINE, X2, rng=RNG), "latents must have shape .* least 500"),
        (lambda: geometry.mean_code(FINE, X2, 1), "n_bins must be a whole number >= 2, got 1"),
    ],
)
def test_bad_input_is_named_in_one_line(call, message, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(Exception, match=message) as error:
        call()
    assert isinstance(error.value, ValueError)
    assert "\n" not in str(error.value)


def test_measures_need_no_torch():
    program = (
        "import sys; from trilateration import geometry; geometry.ccgp; "
        "assert 'torch' not in sys.modules; geometry.RateDynamics; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_room_has_what_it_lists():
    for name in geometry.__all__:
        assert getattr(geometry, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        geometry.nothing  # noqa: B018


def test_a_profile_has_both_definitions_of_generalisation():
    quarter = np.random.default_rng(0).uniform(-0.5, 0.5, (500, 2))
    square = np.concatenate([quarter, quarter * [-1, 1], quarter * [1, -1], -quarter])
    found = geometry.profile(affine(square, 6, seed=1), square, rng=np.random.default_rng(1))
    # Of an affine code of the square half of all choices are confounded, and no pair is.
    assert found.ccgp == pytest.approx(1, abs=0.02)
    assert found.ccgp_all == pytest.approx(0.75, abs=0.03)
