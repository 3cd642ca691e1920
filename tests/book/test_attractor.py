"""The turning picture of chapter 7: it shows its data, and it obeys keys, pointer and sliders."""

import json
import re

import browser
import numpy as np
import pytest
from bookbuild.layout import ROOT

SCRIPTS = ROOT / "book" / "_static" / "explorables"
SIDE, STEPS, TIMES = 3, 4, 6

PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Test</title>
<link rel="stylesheet" href="{folder}/attractor.css"></head>
<body style="margin: 0; width: 360px">
<script type="application/json" id="attractor-data">{data}</script>
<div id="attractor"></div>
<script type="application/json" id="result"></script>
<script defer src="{folder}/attractor.js"></script>
<script>
window.addEventListener("DOMContentLoaded", async () => {{
  const A = window.attractor;
  const all = (css) => [...document.querySelectorAll(css)];
  const one = (css) => document.querySelector(css);
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const result = await (async () => {{ {script} }})();
  document.getElementById("result").textContent = JSON.stringify(result);
}});
</script></body></html>
"""


def some_data():
    rng = np.random.default_rng(0)
    return {
        "steps": STEPS,
        "side": SIDE,
        "times": list(range(1, TIMES + 1)),
        "sheet": rng.integers(-999, 1000, (TIMES, SIDE * SIDE, 3)).tolist(),
        "paths": rng.integers(-999, 1000, (TIMES, 2, 3)).tolist(),
        "end": [10, -20, 30],
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    def run(script):
        folder = tmp_path_factory.mktemp("attractor")
        page = folder / "page.html"
        data = json.dumps(some_data())
        page.write_text(PAGE.format(folder=SCRIPTS.as_uri(), data=data, script=script))
        dom, messages = browser.load(page.as_uri(), folder / "profile")
        assert browser.complaints(messages) == []
        return json.loads(re.search(r'id="result">(.*?)</script>', dom, re.DOTALL)[1])

    return run


def test_a_turn_keeps_lengths(run):
    points = np.random.default_rng(1).normal(size=(20, 3))
    for turn, tilt in ((0, 0), (30, 20), (-120, -70), (90, 90)):
        script = f"return {points.tolist()}.map((p) => A.project(p, {turn}, {tilt}))"
        seen = np.array(run(script))
        # Two orthonormal directions of sight: the map is the first two rows of a rotation.
        matrix = np.linalg.lstsq(points, seen, rcond=None)[0].T
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(2), atol=1e-12)
        np.testing.assert_allclose(points @ matrix.T, seen, atol=1e-12)


def test_it_draws_every_line_and_speaks_the_time(run):
    counts, wires, said = run(
        """
        const seen = ["row", "column", "ghost", "trail", "end"]
          .map((name) => all(`.att-picture .att-${name}`).length);
        const said = [];
        for (const time of [0, 3, 4, 5]) {
          A.set({ time });
          said.push(one("[data-control=time]").getAttribute("aria-valuetext"));
        }
        return [seen, A.wires([0, 1, 2, 3, 4, 5, 6, 7, 8], 3), said];
        """
    )
    assert counts == [SIDE, SIDE, 2 * SIDE, 2, 1]
    lattice = np.arange(9).reshape(3, 3)
    np.testing.assert_array_equal(wires, np.concatenate([lattice, lattice.T]))
    assert said == [
        "after 1 reading",
        "after 4 readings",
        "1 step after the stimulus",
        "2 steps after the stimulus",
    ]


def test_keys_pointer_and_sliders(run):
    start, keyed, dragged, slid, same = run(
        """
        const picture = one(".att-picture"), start = A.get();
        const press = (key, shiftKey = false) =>
          picture.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, bubbles: true }));
        press("ArrowRight"); press("ArrowUp", true); press("x");
        const keyed = A.get();
        const at = (clientX, clientY) =>
          ({ clientX, clientY, pointerId: 1, button: 0, bubbles: true });
        const wire = () => one(".att-picture .att-row").getAttribute("points");
        picture.dispatchEvent(new PointerEvent("pointerdown", at(100, 100)));
        window.dispatchEvent(new PointerEvent("pointermove", at(140, 80)));
        window.dispatchEvent(new PointerEvent("pointerup", at(140, 80)));
        const dragged = A.get();
        window.dispatchEvent(new PointerEvent("pointermove", at(0, 0)));
        const before = wire();
        for (const [name, value] of [["time", 1], ["turn", 170], ["tilt", -90]]) {
          const input = one(`[data-control=${name}]`);
          input.value = value;
          input.dispatchEvent(new Event("input", { bubbles: true }));
        }
        const slid = A.get();
        return [start, keyed, dragged, slid, before === wire()];
        """
    )
    assert start["time"] == STEPS - 1
    assert (keyed["turn"], keyed["tilt"]) == (start["turn"] + 3, start["tilt"] + 15)
    assert (dragged["turn"], dragged["tilt"]) == (keyed["turn"] + 20, keyed["tilt"] - 10)
    assert slid == {"time": 1, "turn": 170, "tilt": -90}
    assert not same


def test_turns_come_round_and_tilts_do_not(run):
    state = run("A.set({ turn: 200, tilt: 200, time: 99 }); return A.get()")
    assert state == {"turn": -160, "tilt": 90, "time": TIMES - 1}


def test_the_button_runs_to_the_end_and_stops(run):
    texts, time = run(
        """
        const button = one(".att-button"), texts = [button.textContent];
        A.set({ time: TIMES - 1 });
        button.click(); texts.push(button.textContent);
        await wait(1500);
        texts.push(button.textContent);
        return [texts, A.get().time];
        """.replace("TIMES", str(TIMES))
    )
    assert texts == ["Run", "Stop", "Run"]
    assert time == TIMES - 1
