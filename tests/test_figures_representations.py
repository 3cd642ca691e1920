import matplotlib.pyplot as plt
import numpy as np
import pytest

from trilateration import figures


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_every_network_is_a_dot_and_the_undefined_are_said_to_be(ax):
    networks = {"rnn": np.array([1.0, 2, 3]), "lstm": np.full(3, np.nan)}
    figures.network_rows(
        ax, networks, {"ideal": np.ones(3)}, {"rnn": (2, 0.5), "ideal": (1, 0.1)}, xlabel="score"
    )
    dots = [line for line in ax.lines if line.get_marker() == "."]
    assert [len(line.get_xdata()) for line in dots] == [3, 3]
    assert [text.get_text() for text in ax.texts] == ["not defined"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["rnn", "lstm", "ideal"]


def test_the_farthest_measure_comes_first_and_tiny_effects_stay_on_the_page(ax):
    effects = {"a": np.array([0.2, 0.001]), "b": np.array([5.0, 4.0])}
    apart = {"a": np.array([False, False]), "b": np.array([True, False])}
    figures.effect_rows(ax, effects, apart, xlabel="size")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "a"]
    drawn = np.concatenate([line.get_xdata() for line in ax.lines[:4]])
    assert sorted(drawn) == [0.1, 0.2, 4, 5]


def test_intervals_of_sizes_turn_over_and_stop_at_the_least(ax):
    effects, apart = {"a": np.array([2.0, 0.3])}, {"a": np.array([True, False])}
    ends = {"a": np.array([[-3.0, -1.0], [-0.2, 0.8]])}  # of −2 and 0.3
    figures.effect_rows(ax, effects, apart, xlabel="size", ends=ends)
    (lines,) = ax.collections
    drawn = np.array(lines.get_segments())[:, :, 0]
    np.testing.assert_allclose(drawn, [[1, 3], [0.1, 0.8]])


def test_both_families_of_a_grid_are_drawn(ax):
    axis = np.linspace(0, 1, 4)
    image = np.stack(np.meshgrid(axis, 2 * axis, indexing="ij"), axis=-1)[:3]
    figures.code_grid(ax, image, title="some code")
    first, second = (lines.get_segments() for lines in ax.collections)
    assert len(first) == 4
    assert np.ptp(first[0], axis=0)[1] == 0  # the first latent changes along it
    assert len(second) == 3
    assert np.ptp(second[0], axis=0)[0] == 0
