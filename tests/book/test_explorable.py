"""The interactive picture: its numbers are the package's, and it obeys keys and pointer."""

import json
import math
import re

import browser
import numpy as np
import play_picture
import pytest
from bookbuild.layout import ROOT
from scipy import stats

from trilateration import evidence, observer, tasks

SCRIPTS = ROOT / "book" / "_static" / "explorables"
LEVEL = 0.95
REPEATS = 4000
SMALLEST = np.finfo(float).tiny

PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Test</title>
<link rel="stylesheet" href="{folder}/play.css"></head>
<body style="margin: 0; width: 360px"><div id="play"></div>
<ol class="play-tasks"><li>1</li><li>2</li><li>3</li><li>4</li><li>5</li></ol>
<script type="application/json" id="result"></script>
<script defer src="{folder}/numerics.js"></script><script defer src="{folder}/play.js"></script>
<script>
window.addEventListener("DOMContentLoaded", async () => {{
  const input = {input}, T = window.trilateration;
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const result = await (async () => {{ {script} }})();
  document.getElementById("result").textContent = JSON.stringify(result);
}});
</script></body></html>
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run a script in a page with the picture; return what it returns."""

    def run(script, data=None):
        folder = tmp_path_factory.mktemp("play")
        page = folder / "page.html"
        page.write_text(
            PAGE.format(folder=SCRIPTS.as_uri(), input=json.dumps(data), script=script),
            encoding="utf-8",
        )
        dom, messages = browser.load(page.as_uri(), folder / "profile")
        assert browser.complaints(messages) == []
        return json.loads(re.search(r'id="result">(.*?)</script>', dom, re.DOTALL)[1])

    return run


# ---- The numbers -------------------------------------------------------------------------------


def state(**changes):
    plain = dict(
        x=[0.12, 0.06], sigma=0.2, steps=10, noise=0.0, digits=None, seed=7,
        angles=[-40, 20, 80], offsets=[0.04, -0.07, 0.0],
    )  # fmt: skip
    return plain | changes


def some_states():
    rng = np.random.default_rng(1)
    fixed = {
        "plain": state(),
        "noisy": state(noise=0.5),
        "three digits": state(noise=0.3, digits=3),
        "one boundary": state(angles=[25], offsets=[-0.1], noise=0.4),
        "parallel": state(angles=[25, 25], offsets=[-0.1, 0.1], noise=0.2),
        "parallel, opposite": state(angles=[25, -155], offsets=[-0.1, 0.1]),
        "almost parallel": state(angles=[25, 25.001, 25.002], offsets=[0, 0.01, 0.02], noise=0.1),
        "some lost": state(digits=2, noise=0.5, sigma=0.15),
        "all lost": state(digits=2, sigma=0.01, steps=100),
        "all lost in full": state(sigma=0.01, steps=100),
        "far and exact": state(sigma=0.05, steps=20),
        "yes or no": state(digits=0),
        "one reading": state(sigma=1.0, steps=1, noise=1.0),
    }
    for i in range(20):
        n = int(rng.integers(1, 9))
        fixed[f"random {i}"] = state(
            x=rng.uniform(-0.5, 0.5, 2).tolist(),
            sigma=float(10 ** rng.uniform(-1.3, 0)),
            steps=int(rng.integers(1, 101)),
            noise=float(rng.uniform(0, 1)),
            digits=[None, 3, 2][i % 3],
            angles=rng.uniform(-180, 180, n).tolist(),
            offsets=rng.uniform(-0.5, 0.5, n).tolist(),
            seed=i,
        )
    return fixed


STATES = some_states()


@pytest.fixture(scope="module")
def trials(run):
    found = run("return input.map(T.trial)", list(STATES.values()))
    return dict(zip(STATES, found, strict=True))


@pytest.fixture(params=STATES)
def case(request, trials):
    """A state, its trial in the browser, and its boundaries in the package."""
    given, trial = STATES[request.param], trials[request.param]
    angles = np.deg2rad(given["angles"])
    normals = np.stack([-np.sin(angles), np.cos(angles)], axis=1)
    return given, trial, tasks.Boundaries(normals, np.array(given["offsets"]))


def column(trial, name):
    return np.array([line[name] for line in trial["lines"]])


def test_normal_law(run):
    z = np.concatenate([np.linspace(-37.5, 9, 4651), [-2.0, -1.9999999, 0.0, 1e-12]])
    p = np.concatenate(
        [10.0 ** -np.linspace(0.001, 307, 2000), 1 - 10.0 ** -np.linspace(0.3, 15, 500)]
    )
    cdf, quantile = run(
        "return [input[0].map(T.normalCdf), input[1].map(T.normalQuantile)]",
        [z.tolist(), p.tolist()],
    )
    expected = observer.normal_cdf(z)
    np.testing.assert_allclose(cdf, expected, rtol=1e-11, atol=0)
    assert np.abs(np.array(cdf) - expected).max() < 1e-14
    np.testing.assert_allclose(quantile, observer.normal_quantile(p), rtol=0, atol=1e-12)


def test_normal_law_at_its_ends(run):
    values = run(
        "return [T.normalCdf(-Infinity), T.normalCdf(-39), T.normalCdf(9), T.normalCdf(Infinity),"
        "String(T.normalQuantile(0)), String(T.normalQuantile(1)), T.normalQuantile(0.5),"
        "String(T.normalQuantile(-0.1)), String(T.normalCdf(NaN))]"
    )
    assert values == [0, 0, 1, 1, "-Infinity", "Infinity", 0, "NaN", "NaN"]


def test_noise_is_standard_normal_and_the_seed_acts(run):
    first, again, other = run(
        "return [1, 1, 2].map((seed) => Array.from({ length: 20000 }, T.normals(seed)))"
    )
    assert first == again
    assert stats.kstest(first, "norm").pvalue > 0.001
    assert stats.kstest(other, "norm").pvalue > 0.001
    for pair in ((first, other), (first[:-1], first[1:])):
        assert abs(np.corrcoef(*pair)[0, 1]) < 4 / math.sqrt(len(pair[0]))


def test_more_steps_keep_the_readings_that_were_there(run):
    few, many = run("return input.map(T.trial)", [state(steps=5), state(steps=50)])
    assert many["readings"][:5] == few["readings"]


def test_reports(case):
    given, trial, boundaries = case
    mean = np.mean(trial["readings"], axis=0)
    np.testing.assert_allclose(trial["mean"], mean, rtol=0, atol=1e-13)
    s = evidence.standard_error(given["sigma"], given["steps"])
    assert trial["s"] == pytest.approx(s, rel=1e-15)
    distances = boundaries.signed_distances(np.array(trial["mean"]))
    np.testing.assert_allclose(column(trial, "distance"), distances, rtol=0, atol=1e-13)
    noiseless = observer.reports(mean, boundaries, given["sigma"], given["steps"])
    np.testing.assert_allclose(column(trial, "noiseless"), noiseless, rtol=1e-9, atol=SMALLEST)
    assert np.abs(column(trial, "noiseless") - noiseless).max() < 1e-12
    report = observer.normal_cdf(distances / s + column(trial, "error"))
    if given["digits"] is not None:
        unit = 10 ** given["digits"]
        report = np.floor(report * unit + 0.5) / unit
    np.testing.assert_allclose(column(trial, "report"), report, rtol=1e-9, atol=SMALLEST)
    lost = (column(trial, "report") == 0) | (column(trial, "report") == 1)
    assert (column(trial, "lost") == lost).all()


def kept_of(trial, boundaries):
    kept = np.flatnonzero(~column(trial, "lost"))
    lines = [trial["lines"][i] for i in kept]
    return lines, boundaries.take(kept) if len(kept) else None


def test_distances_and_what_is_left_of_lost_ones(case):
    given, trial, boundaries = case
    lines, _ = kept_of(trial, boundaries)
    for line in lines:
        expected = observer.distances_from_reports(
            np.array([line["report"]]), given["sigma"], given["steps"]
        )
        assert line["readBack"] == pytest.approx(expected[0], abs=1e-10)
    half = None if given["digits"] is None else 0.5 / 10 ** given["digits"]
    for line in trial["lines"]:
        if line["lost"]:
            last = half or (2.0**-54 if line["side"] > 0 else 5 * SMALLEST)
            bound = -line["side"] * trial["s"] * observer.normal_quantile(last)
            assert line["bound"] == pytest.approx(bound, abs=1e-10)
            # The bound is true of the disturbed distance, from which the report was made.
            disturbed = line["distance"] + trial["s"] * line["error"]
            assert line["side"] * (disturbed - line["bound"]) >= -1e-12
        elif half:
            edges = observer.normal_quantile(line["report"] + np.array([-half, half]))
            variance = given["noise"] ** 2 + (edges[1] - edges[0]) ** 2 / 12
            assert line["variance"] == pytest.approx(variance, rel=1e-9)
        else:
            assert line["variance"] == given["noise"] ** 2


def test_position_and_ellipse(case):
    _, trial, boundaries = case
    lines, rest = kept_of(trial, boundaries)
    if rest is None:
        assert trial["rank"] == 0
        assert not trial["isUnique"]
        return
    found = observer.trilaterate(np.array([line["readBack"] for line in lines]), rest)
    assert (trial["rank"], trial["isUnique"]) == (found.rank, found.is_unique)
    np.testing.assert_allclose(trial["position"], found.position, rtol=1e-9, atol=1e-10)

    s = trial["s"]
    variances = np.array([line["variance"] for line in lines])
    covariance = s**2 * found.identified
    if variances.any():
        covariance = covariance + observer.readout_covariance(rest, variances, standard_error=s)
    largest = np.abs(covariance).max()
    np.testing.assert_allclose(trial["covariance"], covariance, rtol=0, atol=1e-9 * largest)

    values, vectors = np.linalg.eigh(covariance)
    if found.is_unique:
        radii = np.sqrt(stats.chi2.ppf(LEVEL, 2) * values[::-1])
        np.testing.assert_allclose(trial["ellipse"]["radii"], radii, rtol=1e-6)
        assert trial["evidenceRadius"] == pytest.approx(s * math.sqrt(stats.chi2.ppf(LEVEL, 2)))
        if values[1] > 1.001 * values[0]:
            assert abs(vectors[:, 1] @ trial["ellipse"]["axis"]) == pytest.approx(1, abs=1e-9)
    else:
        normal = np.array(trial["band"]["normal"])
        np.testing.assert_allclose(np.outer(normal, normal), found.identified, atol=1e-12)
        assert trial["band"]["level"] == pytest.approx(normal @ found.position, abs=1e-9)
        half = stats.norm.ppf((1 + LEVEL) / 2) * math.sqrt(values[1])
        assert trial["band"]["half"] == pytest.approx(half, rel=1e-9)


def test_the_cases_hold_what_they_are_named_for(trials):
    assert trials["one boundary"]["rank"] == trials["parallel"]["rank"] == 1
    assert trials["parallel, opposite"]["rank"] == 1
    assert trials["almost parallel"]["isUnique"]
    assert 0 < sum(column(trials["some lost"], "lost")) < 3
    for name in ("all lost", "all lost in full", "yes or no"):
        assert column(trials[name], "lost").all()


def coverage(run, **changes):
    """Return the share of trials with a unique position whose ellipse contains the hidden point."""
    script = """
    let inside = 0, count = 0;
    for (let seed = 0; seed < input.repeats; seed++) {
      const r = T.trial({ ...input.state, seed });
      if (!r.isUnique) continue;
      const e = [input.state.x[0] - r.position[0], input.state.x[1] - r.position[1]];
      const along = e[0] * r.ellipse.axis[0] + e[1] * r.ellipse.axis[1];
      const across = e[1] * r.ellipse.axis[0] - e[0] * r.ellipse.axis[1];
      count++;
      inside += (along / r.ellipse.radii[0]) ** 2 + (across / r.ellipse.radii[1]) ** 2 <= 1;
    }
    return [inside / count, count];
    """
    return run(script, {"state": state(**changes), "repeats": REPEATS})


def test_the_ellipse_contains_the_point_as_often_as_it_says(run):
    slack = 3.3 * math.sqrt(LEVEL * (1 - LEVEL) / REPEATS)
    share, count = coverage(run, noise=0.5, sigma=0.5)
    assert count == REPEATS
    assert share == pytest.approx(LEVEL, abs=slack)
    near_parallel, _ = coverage(run, noise=0.5, angles=[20, 25, 30])
    assert near_parallel == pytest.approx(LEVEL, abs=slack)
    # Counting rounding as an independent uniform error is close, and errs on the safe side …
    rounded, _ = coverage(run, noise=0.5, sigma=0.5, digits=2)
    assert LEVEL - slack <= rounded < 0.98
    # … but not where reports are lost, as the page says.
    lines = dict(angles=[-60, 0, 60], offsets=[0.05, -0.05, 0.1])
    some_lost, count = coverage(run, noise=0.3, sigma=0.1, digits=2, **lines)
    assert count < REPEATS / 2
    assert some_lost < 0.92


# ---- The hands ---------------------------------------------------------------------------------

TOOLS = """
const all = (css) => [...document.querySelectorAll(css)];
const one = (css) => document.querySelector(css);
const press = (node, key, shiftKey = false) =>
  node.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, bubbles: true }));
const seen = (css) => all(css).filter((node) => node.style.display !== "none");
const words = (node) => [node.getAttribute("aria-valuenow"), node.getAttribute("aria-valuetext")];
const point = (p) => {
  const frame = one(".tri-picture").getBoundingClientRect();
  return { clientX: frame.left + (p[0] / 1.44 + 0.5) * frame.width,
           clientY: frame.top + (0.5 - p[1] / 1.44) * frame.height, pointerId: 1, bubbles: true,
           cancelable: true };
};
const drag = (node, p) => {
  node.dispatchEvent(new PointerEvent("pointerdown", { ...point([0, 0]), button: 0 }));
  window.dispatchEvent(new PointerEvent("pointermove", point(p)));
  window.dispatchEvent(new PointerEvent("pointerup", point(p)));
};
const set = (name, value) => {
  const input = one(`[data-control=${name}]`);
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
};
const play = T.play;
"""


def test_keys_move_the_point_and_the_lines(run):
    start, moved, texts, spoken = run(
        TOOLS
        + """
        const start = play.get();
        const [turn, shift] = [one(".tri-turn"), one(".tri-shift")];
        press(one(".tri-point"), "ArrowRight"); press(one(".tri-point"), "ArrowUp", true);
        press(turn, "ArrowUp", true); press(turn, "ArrowLeft");
        press(shift, "ArrowDown"); press(shift, "a");
        await wait(1000);
        return [start, play.get(), [one(".tri-point"), turn, shift].map(words),
                one("[aria-live]").textContent];
        """
    )
    assert moved["x"] == pytest.approx([start["x"][0] + 0.01, start["x"][1] + 0.1])
    assert moved["angles"][0] == pytest.approx(start["angles"][0] + 9)
    assert moved["offsets"][0] == pytest.approx(start["offsets"][0] - 0.01)
    assert (moved["angles"][1:], moved["offsets"][1:]) == (
        start["angles"][1:],
        start["offsets"][1:],
    )
    assert texts[0] == [str(moved["x"][0]), f"x1 {moved['x'][0]:.2f}, x2 {moved['x'][1]:.2f}"]
    assert texts[1][1] == f"{moved['angles'][0]:.0f} degrees".replace("-", "−")
    assert float(texts[2][0]) == pytest.approx(moved["offsets"][0])
    assert spoken.startswith("Position fixed: estimate (")


def test_the_point_stays_in_the_box_and_angles_come_round(run):
    x, angle, offset = run(
        TOOLS
        + """
        for (let i = 0; i < 12; i++) {
          press(one(".tri-point"), "ArrowLeft", true);
          press(one(".tri-shift"), "ArrowRight", true);
        }
        play.set({ angles: [179, 0, 90] });
        press(one(".tri-turn"), "ArrowRight"); press(one(".tri-turn"), "ArrowRight");
        return [play.get().x, play.get().angles[0], play.get().offsets[0]];
        """
    )
    assert x[0] == -0.5
    assert angle == -179
    assert offset == 0.5


def test_a_pointer_drags(run):
    dragged, after = run(
        TOOLS
        + """
        play.set({ angles: [0, 60, 120], offsets: [0, 0.1, 0, 0, 0, 0, 0, 0] });
        drag(one(".tri-point"), [-0.2, 0.3]);
        drag(all(".tri-turn")[1], [0, 0.62]);
        drag(all(".tri-shift")[0], [-0.62, 0.25]);
        const dragged = play.get();
        window.dispatchEvent(new PointerEvent("pointermove", point([0.4, 0.4])));
        return [dragged, play.get()];
        """
    )
    assert dragged["x"] == [-0.2, 0.3]
    # The end of a line at distance 0.1 from the middle stands at the top of the circle of 0.62.
    assert dragged["angles"][1] == round(90 - math.degrees(math.asin(0.1 / 0.62)))
    assert dragged["offsets"][0] == 0.25
    assert after == dragged


def test_sliders_set_the_state_and_say_so(run):
    states, valuetext, rows, lines = run(
        TOOLS
        + """
        const states = [];
        for (const [name, value] of [["sigma", 0], ["sigma", 100], ["steps", 100], ["count", 5],
                                     ["spread", 10], ["noise", 0.25], ["digits", "2"]]) {
          set(name, value);
          states.push(play.get());
        }
        one("[data-is=redraw]").click();
        states.push(play.get());
        return [states, one("[data-control=sigma]").getAttribute("aria-valuetext"),
                seen(".tri-reports tbody tr").length, seen(".tri-turn").length];
        """
    )
    assert states[0]["sigma"] == pytest.approx(0.01)
    assert states[1]["sigma"] == pytest.approx(1)
    assert states[2]["steps"] == 100
    assert states[3]["count"] == rows == lines == 5
    expected = tasks.near_parallel_lines(5, math.radians(10), direction=math.radians(20))
    angles = np.deg2rad(states[4]["angles"])
    normals = np.stack([-np.sin(angles), np.cos(angles)], axis=1)
    np.testing.assert_allclose(normals, expected.normals, atol=1e-7)
    assert states[5]["noise"] == 0.25
    assert states[6]["digits"] == 2
    assert states[7]["seed"] == states[6]["seed"] + 1
    assert valuetext == "1"


def test_what_is_drawn_is_what_was_computed(run):
    result, ellipse, bars, texts = run(
        TOOLS
        + """
        const e = one(".tri-picture .tri-ellipse");
        const rows = seen(".tri-reports tbody tr");
        return [play.result(), ["rx", "ry", "transform"].map((name) => e.getAttribute(name)),
                rows.map((row) => row.querySelector(".tri-bar").style.width),
                rows.map((row) => row.cells[3].textContent)];
        """
    )
    scale = 200 / 0.72  # user units in a latent unit
    assert [float(r) / scale for r in ellipse[:2]] == pytest.approx(result["ellipse"]["radii"])
    x, y = map(float, re.match(r"translate\((\S+) (\S+)\)", ellipse[2]).groups())
    assert [(x - 200) / scale, (200 - y) / scale] == pytest.approx(result["position"])
    for line, bar, text in zip(result["lines"], bars, texts, strict=True):
        assert float(bar.rstrip("%")) == pytest.approx(100 * line["report"], rel=1e-3)
        assert float(text.replace("−", "-")) == pytest.approx(line["readBack"], abs=6e-4)


def test_each_task_sets_up_what_it_speaks_of(run):
    results = run(
        TOOLS
        + """
        return all(".play-tasks button").map((button) => {
          button.click();
          return { ...play.result(), verdict: one(".tri-verdict").textContent,
                   shown: [".tri-ellipse", ".tri-free", ".tri-region"].map(
                     (css) => one(".tri-picture " + css).style.display !== "none") };
        });
        """
    )
    one, two, parallel, sharp, few = results
    assert (one["rank"], two["rank"], sharp["rank"]) == (1, 2, 0)
    long, wide = parallel["ellipse"]["radii"]
    assert long > 2 * wide
    assert column(sharp, "lost").all()
    assert few["evidenceRadius"] > 2 * two["evidenceRadius"]
    ellipse, line, region = 0, 1, 2
    for result, shown in (
        (one, {line}),
        (two, {ellipse}),
        (parallel, {ellipse}),
        (sharp, {region}),
    ):
        assert {i for i, there in enumerate(result["shown"]) if there} == shown
        assert result["verdict"].startswith(
            "Position fixed" if ellipse in shown else "Position not fixed"
        )


def test_it_fits_a_narrow_page_and_a_finger(run):
    widths, targets, roles = run(
        TOOLS
        + """
        play.set({ count: 8, angles: [0, 20, 40, 60, 80, 100, 120, 140], sigma: 0.03 });
        const frame = (node) => node.getBoundingClientRect();
        const box = (node) => [frame(node).width, frame(node).height];
        return [[one("#play").scrollWidth, one("#play").clientWidth],
                all(".tri-target, #play button, #play input, #play select").map(box),
                all(".tri-handle").map((node) => [node.getAttribute("role"), node.tabIndex,
                  node.getAttribute("aria-label"), node.getAttribute("aria-valuetext"),
                  getComputedStyle(node).touchAction])];
        """
    )
    assert widths[0] <= widths[1] == 360
    assert np.min(targets) >= 24
    assert len(roles) == 17
    assert all(
        role == "slider" and tab == 0 and label and text for role, tab, label, text, _ in roles
    )
    assert {touch for *_, touch in roles} == {"none"}
    assert len({label for _, _, label, *_ in roles}) == len(roles)


# ---- The still picture ---------------------------------------------------------------------------


def test_the_still_picture_is_what_the_package_gives():
    assert play_picture.main(["--check"]) == 0


def test_a_stale_still_picture_is_noticed(tmp_path, monkeypatch, capsys):
    target = tmp_path / "play.svg"
    target.write_text("old", encoding="utf-8")
    monkeypatch.setattr(play_picture, "TARGET", target)
    assert play_picture.main(["--check"]) == 1
    assert "play.svg is stale" in capsys.readouterr().err
    assert play_picture.main([]) == 0
    assert play_picture.main(["--check"]) == 0


def test_the_still_picture_shows_what_its_text_says():
    one, two, parallel, sharp = map(play_picture.simulate, play_picture.PANELS)
    assert (one.found.rank, two.found.rank, parallel.found.rank) == (1, 2, 2)
    assert sharp.found is None
    (long, wide), _ = play_picture._ellipse(parallel)
    assert long > 2 * wide
