"""Draw the landing page's picture: a point found from three distances.

Everything measured in the picture is computed here: the readings are drawn from the
book's noise, the perpendiculars end at their true feet, and each bar is as long as the
report it shows, Phi(d / s).

    python tools/landing_picture.py            write book/_static/landing.svg
    python tools/landing_picture.py --check    exit 1 if the file is not what would be written
    python tools/landing_picture.py --card     print the page behind book/_static/og-image.png

The card for link previews is a picture of that page, taken by hand when the picture changes:

    python tools/landing_picture.py --card > card.html
    chromium --headless --window-size=1200,630 --screenshot=book/_static/og-image.png card.html
"""

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TARGET = Path(__file__).resolve().parent.parent / "book" / "_static" / "landing.svg"

SIGMA = 0.2  # noise of one reading, the book's value
READINGS = 6
S = SIGMA / math.sqrt(READINGS)  # noise of their mean
POINT = np.array([0.06, 0.02])  # the latent point
SEED = 711  # of many alike, one whose readings stay inside the frame and off the labels

WIDTH, HEIGHT = 600, 384  # the frame, in user units
MIDDLE = np.array([328.0, 188.0])  # where the mean of the readings comes to lie in it
SCALE = 640.0  # user units per unit of latent space
BAR_LENGTH, BAR_HEIGHT = 150, 10
LINE_HALF_LENGTH = 150


@dataclass(frozen=True)
class Boundary:
    """A line {x : a.x = beta}, and where its label goes (user units, from the foot)."""

    degrees: float  # direction of the unit normal a, counterclockwise from the x axis
    distance: float  # of the latent point, in units of s; fixes beta
    label_offset: tuple[float, float]  # of the bar's left end
    reach: tuple[float, float] = (LINE_HALF_LENGTH, LINE_HALF_LENGTH)

    @property
    def normal(self) -> np.ndarray:
        """Unit normal, pointing to the side that the latent point lies on."""
        angle = math.radians(self.degrees)
        return np.array([math.cos(angle), math.sin(angle)])

    @property
    def beta(self) -> float:
        """Offset of the boundary along its normal."""
        return float(self.normal @ POINT) - self.distance * S


BOUNDARIES = (
    Boundary(12, 1.7, (-186, -4), (150, 185)),
    Boundary(248, 1.4, (6, -66), (175, 175)),
    Boundary(128, 0.8, (44, 62), (165, 190)),
)


def normal_cdf(z: float) -> float:
    """Return Phi(z)."""
    return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))


def to_frame(x: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Turn latent coordinates into user units, whose y axis points down."""
    return MIDDLE + SCALE * (x - centre) * np.array([1.0, -1.0])


def draw() -> str:
    """Return the picture as an SVG element."""
    rng = np.random.default_rng(SEED)
    readings = POINT + SIGMA * rng.standard_normal((READINGS, 2))
    mean = readings.mean(axis=0)

    def at(x: np.ndarray) -> np.ndarray:
        return to_frame(x, mean)

    reports = []
    lines, perpendiculars, bars = [], [], []
    for i, boundary in enumerate(BOUNDARIES, start=1):
        a = boundary.normal
        distance = float(a @ mean) - boundary.beta
        report = normal_cdf(distance / S)
        reports.append(report)
        foot = mean - distance * a
        along = np.array([-a[1], a[0]])
        back, forth = (reach / SCALE for reach in boundary.reach)
        (x1, y1), (x2, y2) = at(foot - back * along), at(foot + forth * along)
        lines.append(
            f'<line class="b{i}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
        )
        (fx, fy), (mx, my) = at(foot), at(mean)
        corner = 9 / SCALE  # the right-angle mark
        p1, p2, p3 = (
            at(foot + corner * along),
            at(foot + corner * (along + a)),
            at(foot + corner * a),
        )
        perpendiculars.append(
            f'<g class="b{i}"><line x1="{mx:.1f}" y1="{my:.1f}" x2="{fx:.1f}" y2="{fy:.1f}"/>'
            f'<path d="M{p1[0]:.1f} {p1[1]:.1f}L{p2[0]:.1f} {p2[1]:.1f}'
            f'L{p3[0]:.1f} {p3[1]:.1f}"/></g>'
        )
        left, top = fx + boundary.label_offset[0], fy + boundary.label_offset[1]
        bars.append(
            f'<g class="b{i}"><text x="{left:.1f}" y="{top - 7:.1f}">confidence {report:.0%}</text>'
            f'<rect class="track" x="{left:.1f}" y="{top:.1f}" width="{BAR_LENGTH}"'
            f' height="{BAR_HEIGHT}" rx="2"/>'
            f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{report * BAR_LENGTH:.1f}"'
            f' height="{BAR_HEIGHT}" rx="2"/>'
            f'<line class="half" x1="{left + BAR_LENGTH / 2:.1f}" y1="{top - 3:.1f}"'
            f' x2="{left + BAR_LENGTH / 2:.1f}" y2="{top + BAR_HEIGHT + 3:.1f}"/></g>'
        )

    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>' for x, y in map(at, readings))
    (mx, my), (px, py) = at(mean), at(POINT)
    percents = ", ".join(f"{report:.0%}" for report in reports)
    description = (
        f"{READINGS} noisy readings scatter around a latent point. From their mean, three"
        " perpendiculars run to three straight boundaries. Beside each boundary a bar shows how"
        " confident an ideal observer is that the point lies on this side of it:"
        f" {percents}. The longer the perpendicular, the longer the bar."
    )
    return f"""\
<!-- Written by tools/landing_picture.py: edit that, not this. -->
<svg class="landing-picture" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"
 role="img" aria-labelledby="landing-title landing-desc">
<title id="landing-title">A point found from its distances to three boundaries</title>
<desc id="landing-desc">{description}</desc>
<g class="boundaries">{"".join(lines)}</g>
<g class="readings">{dots}</g>
<g class="distances">{"".join(perpendiculars)}</g>
<circle class="point" cx="{px:.1f}" cy="{py:.1f}" r="8"/>
<circle class="mean" cx="{mx:.1f}" cy="{my:.1f}" r="6"/>
<g class="reports">{"".join(bars)}</g>
</svg>
"""


def draw_card() -> str:
    """Return a page of 1200 x 630 pixels: the picture and the book's title, in light mode."""
    style = TARGET.with_name("trilateration.css").read_text(encoding="utf-8")
    return f"""\
<!DOCTYPE html>
<html lang="en" data-theme="light">
<meta charset="utf-8">
<title>Trilateration</title>
<style>
{style}
body {{ display: grid; grid-template-columns: 470px 680px; align-items: center; width: 1200px;
  height: 630px; margin: 0; background: white; color: var(--tri-ink); font-family: sans-serif; }}
div {{ padding-left: 60px; }}
h1 {{ margin: 0 0 24px; font-size: 58px; font-weight: 600; }}
p {{ margin: 0; font-size: 29px; line-height: 1.4; color: var(--tri-muted); }}
.landing-picture {{ max-width: none; margin: 0; }}
</style>
<div><h1>Trilateration</h1>
<p>Confidence is distance, and enough distances fix a point.</p></div>
{draw()}</html>
"""


def main(arguments: list[str]) -> int:
    """Write the picture; with --check compare it with the file; with --card print the card."""
    picture = draw()
    if "--card" in arguments:
        print(draw_card())
        return 0
    if "--check" in arguments:
        current = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
        if current != picture:
            print(f"{TARGET.name} is stale: run python tools/landing_picture.py", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(picture, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
