/* The numbers behind the interactive picture: no page, no drawing, no state.
   tests/book/test_explorable.py holds them against the Python package. */
(function (root) {
  "use strict";

  const SMALLEST = 2.2250738585072014e-308; // smaller doubles lose digits: taken for 0
  const EPSILON = 2 ** -52;
  const LEVEL = 0.95; // of the ellipse and of the band

  /* ---- The normal law ---- */

  /* exp(-z²/2); the square of z rounded to sixteenths is exact, so far tails keep their digits. */
  function bell(z) {
    const coarse = Math.round(z * 16) / 16;
    return Math.exp((-coarse * coarse) / 2) * Math.exp((-(z - coarse) * (z + coarse)) / 2);
  }

  const density = (z) => bell(z) / Math.sqrt(2 * Math.PI);

  /* Φ(z): near 0 the series ½ + φ(z)(z + z³/3 + z⁵/(3·5) + …), in the lower tail Laplace's
     fraction φ(z)/(|z| + 1/(|z| + 2/(|z| + …))), which keeps relative accuracy. */
  function normalCdf(z) {
    if (!(z < 0)) return z === 0 ? 0.5 : z > 0 ? 1 - normalCdf(-z) : NaN;
    if (z < -40) return 0;
    if (z > -2) {
      let term = z;
      let sum = z;
      for (let k = 3; Math.abs(term) > 1e-18; k += 2) sum += term *= (z * z) / k;
      return 0.5 + density(z) * sum;
    }
    let fraction = -z;
    for (let k = 100; k > 0; k--) fraction = -z + k / fraction;
    const p = density(z) / fraction;
    return p < SMALLEST ? 0 : p;
  }

  /* Φ⁻¹(p): a start good to 4.5e-4 (Abramowitz and Stegun 26.2.23), then Halley's steps. */
  function normalQuantile(p) {
    if (!(p >= 0 && p <= 1)) return NaN;
    if (p > 0.5) return 0 - normalQuantile(1 - p);
    if (p < SMALLEST) return -Infinity;
    if (p === 0.5) return 0;
    const r = Math.sqrt(-2 * Math.log(p));
    let z =
      (2.515517 + r * (0.802853 + r * 0.010328)) /
        (1 + r * (1.432788 + r * (0.189269 + r * 0.001308))) -
      r;
    for (let step = 0; step < 3; step++) {
      const error = (normalCdf(z) - p) / density(z);
      z -= error / (1 + (z * error) / 2);
    }
    return z;
  }

  /* ---- Randomness: the same seed, the same numbers, in every browser ---- */

  /* Returns a generator of standard normal numbers: mulberry32, then Box and Muller. */
  function normals(seed) {
    let state = seed >>> 0;
    function uniform() {
      state = (state + 0x6d2b79f5) >>> 0;
      let h = Math.imul(state ^ (state >>> 15), state | 1);
      h ^= h + Math.imul(h ^ (h >>> 7), h | 61);
      return ((h ^ (h >>> 14)) >>> 0) / 2 ** 32;
    }
    let spare = null;
    return function () {
      if (spare !== null) {
        const kept = spare;
        spare = null;
        return kept;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    };
  }

  /* ---- Two dimensions ---- */

  const dot = (a, b) => a[0] * b[0] + a[1] * b[1];

  /* Unit normal of the line whose direction makes `degrees` with the first axis. */
  function normalOf(degrees) {
    const angle = (degrees * Math.PI) / 180;
    return [-Math.sin(angle), Math.cos(angle)];
  }

  /* Principal axes of a symmetric matrix [[a, b], [b, c]], larger value first. */
  function principalAxes(a, b, c) {
    const angle = Math.atan2(2 * b, a - c) / 2;
    const first = [Math.cos(angle), Math.sin(angle)];
    const middle = (a + c) / 2;
    const reach = Math.hypot((a - c) / 2, b);
    return { values: [middle + reach, Math.max(0, middle - reach)], axes: [first, [-first[1], first[0]]] };
  }

  /* Singular values, rank and pseudo-inverse of the matrix with the given rows of two numbers.
     The product of the singular values comes from cross products (Cauchy and Binet), so the smaller
     one keeps its digits when rows are almost parallel. The rank follows NumPy's rule. */
  function pseudoInverse(rows) {
    let a = 0;
    let b = 0;
    let c = 0;
    let squaredVolume = 0;
    rows.forEach((p, i) => {
      a += p[0] * p[0];
      b += p[0] * p[1];
      c += p[1] * p[1];
      for (const q of rows.slice(i + 1)) squaredVolume += (p[0] * q[1] - p[1] * q[0]) ** 2;
    });
    const { values, axes } = principalAxes(a, b, c);
    const singular = values[0] > 0 ? [Math.sqrt(values[0]), Math.sqrt(squaredVolume / values[0])] : [0, 0];
    const cutoff = singular[0] * Math.max(rows.length, 2) * EPSILON;
    const rank = singular.filter((value) => value > cutoff).length;
    const inverse = rows.map((row) => {
      const column = [0, 0];
      for (let k = 0; k < rank; k++) {
        const weight = dot(axes[k], row) / singular[k] ** 2;
        column[0] += weight * axes[k][0];
        column[1] += weight * axes[k][1];
      }
      return column;
    });
    return { rank, singular, axes, inverse };
  }

  /* The part of a convex polygon where side·(a·x − level) ≥ 0. */
  function clip(polygon, a, level, side) {
    const height = (p) => side * (dot(a, p) - level);
    const kept = [];
    polygon.forEach((p, i) => {
      const q = polygon[(i + 1) % polygon.length];
      const [hp, hq] = [height(p), height(q)];
      if (hp >= 0) kept.push(p);
      if (hp >= 0 !== hq >= 0) {
        const w = hp / (hp - hq);
        kept.push([p[0] + w * (q[0] - p[0]), p[1] + w * (q[1] - p[1])]);
      }
    });
    return kept;
  }

  /* ---- One trial ---- */

  /* A probability as stated with so many digits; null states all that a double holds. */
  function stated(p, digits) {
    if (digits === null) return p;
    const unit = 10 ** digits;
    return Math.floor(p * unit + 0.5) / unit;
  }

  /* What one stated report says of u = d/s: its probit and the width of the probits that are stated
     alike, or, at 0 or 1, only a bound and on which side of it u lies. */
  function readReport(report, digits) {
    const half = digits === null ? 0 : 0.5 / 10 ** digits;
    if (report > 0 && report < 1) {
      const width = half && normalQuantile(report + half) - normalQuantile(report - half);
      return { lost: false, probit: normalQuantile(report), width };
    }
    const side = report > 0 ? 1 : -1;
    const edge = half || (side > 0 ? 2 ** -54 : 5 * SMALLEST); // a lost report is nearer to 1 or 0
    return { lost: true, side, bound: 0 - side * normalQuantile(edge) };
  }

  /* Simulate and invert one trial.

     state: x (hidden point), sigma, steps, noise (standard deviation on the probit of a report),
     digits (0, 2, 3 or null), angles (degrees) and offsets of the lines, seed.
     Reports are Φ(d/s + noise·ξ), rounded. Those at 0 or 1 have lost their distance and are left
     out; from the others d = s Φ⁻¹(Ŷ) and the position A⁺(d + β). The covariance of its error is
     s²(P + A⁺TA⁺ᵀ): P projects on what is determined, and T is diagonal with noise² plus the
     variance width²/12 of a uniform error from rounding. */
  function trial(state) {
    const s = state.sigma / Math.sqrt(state.steps);
    const draw = normals(2 * state.seed);
    const readings = Array.from({ length: state.steps }, () => [
      state.x[0] + state.sigma * draw(),
      state.x[1] + state.sigma * draw(),
    ]);
    const mean = [0, 1].map((j) => readings.reduce((sum, r) => sum + r[j], 0) / readings.length);
    const drawError = normals(2 * state.seed + 1);
    const lines = state.angles.map((angle, i) => {
      const normal = normalOf(angle);
      const offset = state.offsets[i];
      const distance = dot(normal, mean) - offset;
      const noiseless = normalCdf(distance / s);
      const error = state.noise * drawError();
      const report = stated(error ? normalCdf(distance / s + error) : noiseless, state.digits);
      const reading = readReport(report, state.digits);
      const line = { normal, offset, distance, noiseless, error, report, lost: reading.lost };
      if (reading.lost) return { ...line, side: reading.side, bound: s * reading.bound };
      return { ...line, readBack: s * reading.probit, variance: state.noise ** 2 + reading.width ** 2 / 12 };
    });
    return { s, readings, mean, lines, ...locate(lines.filter((line) => !line.lost), s) };
  }

  /* The position that the distances give, and its error. */
  function locate(lines, s) {
    const { rank, singular, axes, inverse } = pseudoInverse(lines.map((line) => line.normal));
    const position = [0, 0];
    const covariance = [
      [0, 0],
      [0, 0],
    ];
    for (let j = 0; j < 2; j++) {
      lines.forEach((line, i) => (position[j] += inverse[i][j] * (line.readBack + line.offset)));
      for (let k = 0; k < 2; k++) {
        for (let r = 0; r < rank; r++) covariance[j][k] += s * s * axes[r][j] * axes[r][k];
        lines.forEach((line, i) => (covariance[j][k] += s * s * line.variance * inverse[i][j] * inverse[i][k]));
      }
    }
    const result = { rank, isUnique: rank === 2, singular, position, covariance };
    if (rank === 2) {
      const error = principalAxes(covariance[0][0], covariance[0][1], covariance[1][1]);
      const factor = Math.sqrt(-2 * Math.log(1 - LEVEL)); // chi-squared with two degrees of freedom
      result.ellipse = { radii: error.values.map((v) => factor * Math.sqrt(v)), axis: error.axes[0] };
      result.evidenceRadius = factor * s;
    } else if (rank === 1) {
      const variance = covariance[0][0] + covariance[1][1];
      const half = normalQuantile((1 + LEVEL) / 2) * Math.sqrt(variance);
      result.band = { normal: axes[0], level: dot(axes[0], position), half };
    }
    return result;
  }

  root.trilateration = {
    normalCdf, normalQuantile, normals, normalOf, pseudoInverse, principalAxes, clip, stated, readReport, trial,
  };
})(typeof window === "undefined" ? globalThis : window);
