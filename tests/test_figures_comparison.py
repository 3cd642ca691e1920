import matplotlib.pyplot as plt
import numpy as np
import pytest

from trilateration import figures


@pytest.fixture
def estimates():
    middle = np.array([0.8, 0.9, 0.95])
    return figures.Estimates(np.array([2, 6, 24]), middle, middle - 0.1, middle + 0.02)


def test_each_network_has_a_panel_with_the_others_behind_it(estimates):
    figure, axes = figures.new(rows=2, columns=2)
    lower = figures.Estimates(*estimates[:1], *(part - 0.3 for part in estimates[1:]))
    panels = {name: {"logistic": estimates, "probit": lower} for name in ("rnn", "lstm", "gru")}
    references = {"ideal observer": ([2, 24], [0.98, 0.98])}
    figures.panel_each(axes, panels, references=references, ticks=(2, 24))
    titles = [ax.get_title(loc="left") or ax.get_title() for ax in axes.flat[:3]]
    assert titles == ["rnn", "lstm", "gru"]
    assert not axes[1, 1].get_visible()
    for ax in axes.flat[:3]:
        handles, labels = ax.get_legend_handles_labels()
        assert labels == ["ideal observer", "logistic", "probit"]
        drawn = handles[1].lines[0]
        np.testing.assert_allclose(drawn.get_ydata(), estimates.middle)
        # Two curves at the same abscissae are moved apart by 4 %, about the true ones.
        ratio = handles[2].lines[0].get_xdata() / drawn.get_xdata()
        np.testing.assert_allclose(ratio, 1.04)
        (bars,) = handles[1].lines[2]
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        np.testing.assert_allclose(ends, np.stack([estimates.low, estimates.high], axis=1))
        assert len(ax.lines) > len(panels)
    plt.close(figure)


def test_a_mark_stands_where_it_is_asked_for(estimates):
    figure, axes = figures.new(columns=2)
    panels = {"rnn": {"a": estimates}, "gru": {"a": estimates}}
    figures.panel_each(axes, panels, marks={"rnn": 5.0, "gru": 9.0}, ticks=(2, 24))
    for ax, at in zip(axes, (5.0, 9.0), strict=True):
        assert any(np.array_equal(line.get_xdata(), [at, at]) for line in ax.lines)
    plt.close(figure)


def test_the_other_networks_can_be_left_out(estimates):
    panels = {name: {"logistic": estimates} for name in ("rnn", "gru", "lstm")}
    figure, axes = figures.new(columns=6)
    figures.panel_each(axes[:3], panels, ticks=(2, 24))
    figures.panel_each(axes[3:], panels, ticks=(2, 24), others=False)
    for with_others, alone in zip(axes[:3], axes[3:], strict=True):
        assert len(with_others.lines) == len(alone.lines) + len(panels)
    plt.close(figure)


def test_rows_run_from_top_to_bottom(estimates):
    figure, ax = figures.new()
    figures.rows_with_bars(ax, ["a", "b", "c"], {"one": estimates, "two": estimates}, zero=True)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b", "c"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    handles, labels = ax.get_legend_handles_labels()
    assert labels == ["one", "two"]
    for handle in handles:
        np.testing.assert_allclose(handle.lines[0].get_xdata(), estimates.middle)
    apart = handles[1].lines[0].get_ydata() - handles[0].lines[0].get_ydata()
    assert (apart > 0.1).all()
    plt.close(figure)
