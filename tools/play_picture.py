"""Draw the still picture of the page "Play with it first": four trials of the interactive one.

Shown where scripts do not run, and on paper. Reports, distances, positions and ellipses are the
package's own.

    python tools/play_picture.py            write book/_static/explorables/play.svg
    python tools/play_picture.py --check    exit 1 if the file is not what would be written
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trilateration import evidence, observer, tasks

TARGET = Path(__file__).resolve().parents[1] / "book" / "_static" / "explorables" / "play.svg"

POINT = np.array([0.12, 0.06])  # the hidden point of every trial
SEED = 5
LEVEL = 0.95  # of ellipses and bands
CORNERS = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])

SIDE = 300  # of a panel, in user units
VIEW = 0.6  # latent units from a panel's middle to its edge
TITLE, GAP = 34, 20


@dataclass(frozen=True)
class Panel:
    """One trial: its name, its boundaries, and the conditions that the page's sliders set."""

    name: str
    directions: tuple[float, ...]  # of the boundaries, in degrees from the first axis
    offsets: tuple[float, ...]
    sigma: float = 0.2
    n_steps: int = 10
    report_noise: float = 0.5  # standard deviation, on the probit of a report
    digits: int | None = None  # in which reports are stated; None for all
    labels: tuple[float, ...] = (-0.43, -0.43, -0.43)  # where along the lines the reports stand

    @property
    def boundaries(self) -> tasks.Boundaries:
        """The boundaries, normals to the left of their directions."""
        angles = np.deg2rad(self.directions)
        normals = np.stack([-np.sin(angles), np.cos(angles)], axis=1)
        return tasks.Boundaries.from_coefficients(normals, np.array(self.offsets))


PANELS = (
    Panel("one boundary", (-30,), (-0.06,)),
    Panel("two boundaries", (-30, 50), (-0.06, 0.04)),
    Panel("nearly parallel", (15, 25, 35), (-0.06, 0.09, -0.13), labels=(0.45, -0.43, -0.3)),
    Panel("hardly any noise", (-30, 50, 110), (-0.06, 0.04, -0.05), sigma=0.02, digits=2),
)


@dataclass(frozen=True, eq=False)
class Trial:
    """What a panel shows: the evidence, the reports, and what is left of them."""

    readings: np.ndarray
    mean: np.ndarray
    s: float
    reports: np.ndarray
    distances: np.ndarray  # of the reports that kept theirs
    kept: np.ndarray  # which those are
    found: observer.Trilateration | None
    covariance: np.ndarray | None  # of its error


def simulate(panel: Panel) -> Trial:
    """Return the trial of a panel."""
    rng = np.random.default_rng(SEED)
    lines = panel.boundaries
    readings = evidence.observe(POINT, panel.sigma, panel.n_steps, rng=rng)
    mean = readings.mean(axis=0)
    s = evidence.standard_error(panel.sigma, panel.n_steps)
    probits = observer.standardized_distances(mean, lines, panel.sigma, panel.n_steps)
    probits = probits + panel.report_noise * rng.standard_normal(lines.n_tasks)
    reports = observer.normal_cdf(probits)
    if panel.digits is not None:
        reports = reports.round(panel.digits)
    kept = (reports > 0) & (reports < 1)
    if not kept.any():
        return Trial(readings, mean, s, reports, reports[kept], kept, None, None)
    rest = lines.take(np.flatnonzero(kept))
    distances = observer.distances_from_reports(reports[kept], panel.sigma, panel.n_steps)
    found = observer.trilaterate(distances, rest)
    noise = np.full(rest.n_tasks, panel.report_noise**2)
    readout = observer.readout_covariance(rest, noise, standard_error=s)
    return Trial(
        readings, mean, s, reports, distances, kept, found, s**2 * found.identified + readout
    )


def draw() -> str:
    """Return the picture as an SVG element."""
    trials = [simulate(panel) for panel in PANELS]
    panels = []
    for i, (panel, trial) in enumerate(zip(PANELS, trials, strict=True)):
        x, y = (i % 2) * (SIDE + GAP), (i // 2) * (SIDE + TITLE + GAP)
        panels.append(
            f'<text class="tri-name" x="{x}" y="{y + 22}">{panel.name}</text>\n'
            f'<svg x="{x}" y="{y + TITLE}" width="{SIDE}" height="{SIDE}">\n'
            f"{_panel(panel, trial)}\n"
            f'<rect class="tri-edge" width="{SIDE}" height="{SIDE}"/></svg>'
        )
    width, height = 2 * SIDE + GAP, 2 * (SIDE + TITLE) + GAP
    body = "\n".join(panels)
    return f"""\
<!-- Written by tools/play_picture.py: edit that, not this. -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"
 role="img" aria-labelledby="play-title play-desc">
<title id="play-title">From reports to distances to a position, in four trials</title>
<desc id="play-desc">{_description(trials)}</desc>
{body}
</svg>
"""


def _description(trials: list[Trial]) -> str:
    one, two, parallel, sharp = (
        ", ".join(f"{100 * report:.0f} %" for report in trial.reports) for trial in trials
    )
    long, wide = (2 * r for r in _ellipse(trials[2])[0])
    _, round_wide = (2 * r for r in _ellipse(trials[1])[0])
    return (
        "Each panel shows noisy readings of a hidden point, their mean, straight boundaries, and"
        f" the report on each. One boundary, report {one}: a band along the boundary is left. Two"
        f" boundaries, reports {two}: the two distances cross in a point, with a 95 percent ellipse"
        f" {round_wide:.2f} wide. Nearly parallel boundaries, reports {parallel}: the ellipse is"
        f" {wide:.2f} wide and {long:.2f} long. Hardly any noise, reports {sharp} in two digits: no"
        " distance is left, only a shaded region between the boundaries."
    )


def _panel(panel: Panel, trial: Trial) -> str:
    parts = [_region(panel, trial), *_readings(trial), _estimate(trial)]
    kept_distances = iter(trial.distances)
    for i in range(panel.boundaries.n_tasks):
        distance = next(kept_distances) if trial.kept[i] else None
        parts.append(_boundary(panel, trial, i, distance))
    (mx, my), (px, py) = _at(trial.mean), _at(POINT)
    parts += [
        f'<circle class="tri-mean" cx="{mx:.1f}" cy="{my:.1f}" r="5"/>',
        f'<circle class="tri-ring" cx="{px:.1f}" cy="{py:.1f}" r="9"/>',
    ]
    return "\n".join(part for part in parts if part)


def _boundary(panel: Panel, trial: Trial, i: int, distance: float | None) -> str:
    line = panel.boundaries.take([i])
    a, offset = line.normals[0], line.offsets[0]
    along = np.array([a[1], -a[0]])
    parts = [f'<g class="tri-{i % 3 + 1}">', _line("tri-boundary", offset * a, along)]
    foot = trial.mean - line.signed_distances(trial.mean)[0] * a
    if distance is not None:
        end = foot + distance * a
        (x1, y1), (x2, y2) = _at(foot), _at(end)
        parts += [
            f'<line class="tri-perpendicular" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}"'
            f' y2="{y2:.1f}"/>',
            _line("tri-locus", end, along),
        ]
    # The report stands at the line's end, on the side that it is about, where the arrow points.
    x, y = _at(offset * a + panel.labels[i] * along)
    turn = np.degrees(np.arctan2(-a[1], a[0]))
    tx, ty = x + 30 * a[0], y - 20 * a[1] + 7
    parts += [
        f'<path class="tri-arrow" d="M0 -5L9 0L0 5Z" transform="translate({x:.1f} {y:.1f})'
        f' rotate({turn:.1f})"/>',
        f'<text class="tri-report" x="{tx:.1f}" y="{ty:.1f}">'
        f"{100 * trial.reports[i]:.0f} %</text></g>",
    ]
    return "".join(parts)


def _readings(trial: Trial) -> list[str]:
    return [
        f'<circle class="tri-reading" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
        for x, y in map(_at, trial.readings)
    ]


def _estimate(trial: Trial) -> str:
    """Draw the position and its ellipse, or the line that is left and its band."""
    if trial.found is None:
        return ""
    if trial.found.is_unique:
        (long, wide), axis = _ellipse(trial)
        x, y = _at(trial.found.position)
        turn = np.degrees(np.arctan2(-axis[1], axis[0]))
        scale = SIDE / 2 / VIEW
        radius = np.sqrt(-2 * np.log(1 - LEVEL)) * trial.s
        return (
            f'<ellipse class="tri-ellipse" rx="{long * scale:.1f}" ry="{wide * scale:.1f}"'
            f' transform="translate({x:.1f} {y:.1f}) rotate({turn:.1f})"/>'
            f'<circle class="tri-evidence" cx="{x:.1f}" cy="{y:.1f}" r="{radius * scale:.1f}"/>'
            f'<path class="tri-estimate" d="M{x - 7:.1f} {y - 7:.1f}l14 14m0 -14l-14 14"/>'
        )
    normal = np.linalg.eigh(trial.found.identified)[1][:, -1]
    along = np.array([normal[1], -normal[0]])
    half = observer.normal_quantile((1 + LEVEL) / 2) * np.sqrt(np.trace(trial.covariance))
    middle = trial.found.position
    corners = [
        middle + side * half * normal + far * along
        for side, far in ((-1, -2), (-1, 2), (1, 2), (1, -2))
    ]
    return f'<polygon class="tri-band" points="{_points(corners)}"/>' + _line(
        "tri-free", middle, along
    )


def _region(panel: Panel, trial: Trial) -> str:
    """Shade what the reports that lost their distance still say: a side, and a least distance."""
    lost = np.flatnonzero(~trial.kept)
    if not len(lost):
        return ""
    last = 0.5 * 10.0**-panel.digits  # the last probability that is not stated as 0
    region = list(CORNERS)
    for i in lost.tolist():
        side = 1 if trial.reports[i] == 1 else -1
        line = panel.boundaries.take([i])
        level = -side * trial.s * observer.normal_quantile(last)
        region = _clip(region, [side * (line.signed_distances(p)[0] - level) for p in region])
    return f'<polygon class="tri-region" points="{_points(region)}"/>'


def _clip(polygon: list[np.ndarray], heights: list[float]) -> list[np.ndarray]:
    """Return the part of a convex polygon where a function, linear between corners, is >= 0."""
    result = []
    for (p, hp), (q, hq) in zip(
        zip(polygon, heights, strict=True),
        zip(polygon[1:] + polygon[:1], heights[1:] + heights[:1], strict=True),
        strict=True,
    ):
        if hp >= 0:
            result.append(p)
        if (hp >= 0) != (hq >= 0):
            result.append(p + hp / (hp - hq) * (q - p))
    return result


def _ellipse(trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Return the radii of the ellipse, longer first, and the direction of the longer."""
    values, vectors = np.linalg.eigh(trial.covariance)
    return np.sqrt(-2 * np.log(1 - LEVEL) * values[::-1]), vectors[:, -1]


def _line(name: str, through: np.ndarray, along: np.ndarray) -> str:
    (x1, y1), (x2, y2) = _at(through - 2 * along), _at(through + 2 * along)
    return f'<line class="{name}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _points(corners: list[np.ndarray]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in map(_at, corners))


def _at(p: np.ndarray) -> np.ndarray:
    return SIDE / 2 * (1 + p * np.array([1, -1]) / VIEW)


def main(arguments: list[str]) -> int:
    """Write the picture; with --check compare it with the file."""
    picture = draw()
    if "--check" in arguments:
        current = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
        if current != picture:
            print(f"{TARGET.name} is stale: run python tools/play_picture.py", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(picture, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
