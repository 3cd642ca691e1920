"""Classification tasks: flat boundaries in latent space and the labels they give."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Int8, Real

from trilateration._arrays import Array, Scalar, as_floating, is_torch, matching, namespace
from trilateration._checks import (
    check_at_least,
    check_between,
    check_binary,
    check_count,
    check_finite,
    check_generator,
    check_last_axis,
    check_positive,
)

UNIT_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Flat task boundaries {x : a_i·x = β_i} with unit normals a_i.

    Task i has the label y_i = 1[a_i·x > β_i]. The arrays are copied and made read-only.

    Parameters
    ----------
    normals
        Unit normals A, shape ``(task, dimension)``. For normals of any length use
        :meth:`from_coefficients`.
    offsets
        Offsets β, shape ``(task,)``, in the length unit of the latent space.

    Raises
    ------
    ValueError
        If a shape is wrong, an entry is not finite, or a normal is not of length 1.
    """

    normals: Float[np.ndarray, "task dimension"]
    offsets: Float[np.ndarray, " task"]

    def __post_init__(self):
        normals = frozen_matrix(self.normals, "normals")
        offsets = frozen_offsets(self.offsets, len(normals), "offsets")
        lengths = np.linalg.norm(normals, axis=1)
        bad = np.flatnonzero(np.abs(lengths - 1) > UNIT_TOLERANCE)
        if len(bad):
            raise ValueError(
                f"normals must have length 1, got length {lengths[bad[0]]:.6g} at index {bad[0]}; "
                "Boundaries.from_coefficients accepts any length"
            )
        object.__setattr__(self, "normals", normals)
        object.__setattr__(self, "offsets", offsets)

    @classmethod
    def from_coefficients(
        cls,
        coefficients: Real[np.ndarray, "*tasks dimension"],
        thresholds: Scalar | Real[np.ndarray, "*tasks"] = 0.0,
    ) -> "Boundaries":
        """Make boundaries from labels written 1[c_i·x > b_i]: a_i = c_i/|c_i|, β_i = b_i/|c_i|.

        Parameters
        ----------
        coefficients
            c, shape ``(task, dimension)``, or one vector ``(dimension,)`` for a single task.
        thresholds
            b, shape ``(task,)``, or one number for all tasks.

        Raises
        ------
        ValueError
            If a vector c_i has length zero (its index is named), or a shape or value is wrong.
        """
        vectors = np.atleast_2d(as_floating(coefficients, "coefficients").astype(np.float64))
        check_finite(vectors, "coefficients")
        # Scaling by the largest entry first keeps very small and very large vectors exact.
        scale = np.abs(vectors).max(axis=1, initial=0.0)
        if np.any(scale == 0):
            index = int(np.flatnonzero(scale == 0)[0])
            raise ValueError(f"coefficients must not be a zero vector, got one at index {index}")
        lengths = scale * np.linalg.norm(vectors / scale[:, None], axis=1)
        thresholds = np.asarray(as_floating(thresholds, "thresholds"), dtype=np.float64)
        check_finite(thresholds, "thresholds")
        thresholds = np.broadcast_to(thresholds, _task_shape(thresholds, len(vectors)))
        return cls(vectors / lengths[:, None], thresholds / lengths)

    @property
    def n_tasks(self) -> int:
        """Number of tasks N."""
        return self.normals.shape[0]

    @property
    def dimension(self) -> int:
        """Dimension D of the latent space."""
        return self.normals.shape[1]

    @property
    def rank(self) -> int:
        """Rank of the normals; positions are determined by all distances only if it equals D."""
        return int(np.linalg.matrix_rank(self.normals))

    def signed_distances(
        self, points: Real[Array, "*batch dimension"]
    ) -> Float[Array, "*batch task"]:
        """Return d_i = a_i·x − β_i, positive on the side labelled 1.

        Parameters
        ----------
        points
            Shape ``(..., dimension)``, NumPy or torch; dtype and device are kept.
        """
        points = as_floating(points, "points")
        check_last_axis(points, self.dimension, "points", "dimension")
        return points @ matching(self.normals.T, points) - matching(self.offsets, points)

    def labels(self, points: Real[Array, "*batch dimension"]) -> Int8[Array, "*batch task"]:
        """Return y_i = 1[a_i·x > β_i] as 0 or 1 (int8) for points ``(..., dimension)``."""
        above = self.signed_distances(points) > 0
        return namespace(above).astype(above, namespace(above).int8)

    def rotated(self, rotation: Real[np.ndarray, "dimension dimension"]) -> "Boundaries":
        """Return the boundaries seen after the world is rotated, x → R x, so a → R a.

        Parameters
        ----------
        rotation
            Orthogonal matrix R (reflections allowed), shape ``(dimension, dimension)``.
        """
        rotation = np.asarray(rotation, dtype=np.float64)
        identity = np.eye(self.dimension)
        if rotation.shape != identity.shape:
            raise ValueError(
                f"rotation must have shape {identity.shape}, got shape {rotation.shape}"
            )
        if not np.allclose(rotation @ rotation.T, identity, atol=1e-9):
            raise ValueError("rotation must be orthogonal, got a matrix with R R^T != I")
        return Boundaries.from_coefficients(self.normals @ rotation.T, self.offsets)

    def translated(self, shift: Real[np.ndarray, " dimension"]) -> "Boundaries":
        """Return the boundaries seen after the world is moved, x → x + v, so β → β + a·v."""
        shift = as_floating(shift, "shift")
        check_last_axis(shift, self.dimension, "shift", "dimension")
        return Boundaries(self.normals, self.offsets + self.normals @ shift)

    def take(self, indices: Sequence[int] | Int[np.ndarray, " chosen"]) -> "Boundaries":
        """Return the tasks at ``indices``, in that order: a subset, prefix or permutation."""
        indices = np.asarray(indices, dtype=np.intp)
        outside = indices[(indices < -self.n_tasks) | (indices >= self.n_tasks)]
        if len(outside):
            raise ValueError(
                f"indices must lie below the number of tasks {self.n_tasks}, got {outside[0]}"
            )
        return Boundaries(self.normals[indices], self.offsets[indices])


def evenly_spaced_lines(n_tasks: int) -> Boundaries:
    """Return the paper's two-dimensional tasks: N lines through the origin, evenly spaced.

    Line i makes the angle φ_i = (i + ½)π/N with the first axis, and its label is
    y_i = 1[x_2 > x_1 tan φ_i]; its unit normal is therefore ±(−sin φ_i, cos φ_i) with the sign
    that points upwards. The normals form a tight frame, AᵀA = (N/2) I for N ≥ 2.

    Parameters
    ----------
    n_tasks
        Number of lines N ≥ 1.
    """
    check_count(n_tasks, "n_tasks")
    angles = (np.arange(n_tasks) + 0.5) * np.pi / n_tasks
    return lines_at(angles, np.where(np.cos(angles) >= 0, 1.0, -1.0))


def near_parallel_lines(n_tasks: int, spread: Scalar, *, direction: Scalar = 0.0) -> Boundaries:
    """Return N lines through the origin whose angles fill a narrow range: a badly posed readout.

    The angles are φ_i = direction + ((i + ½)/N − ½) spread and the normals (−sin φ_i, cos φ_i).
    Along the lines the readout variance of a narrow set is 12/(N spread²) times that of a distance.

    Parameters
    ----------
    n_tasks
        Number of lines N ≥ 1.
    spread
        Width > 0 of the range of angles, in radians; π gives evenly spaced lines.
    direction
        Middle of the range, in radians from the first axis.
    """
    check_count(n_tasks, "n_tasks")
    check_positive(spread, "spread")
    angles = direction + ((np.arange(n_tasks) + 0.5) / n_tasks - 0.5) * spread
    return lines_at(angles, 1.0)


def random_hyperplanes(
    n_tasks: int,
    dimension: int,
    *,
    rng: np.random.Generator,
    offset_half_width: Scalar = 0.0,
) -> Boundaries:
    """Draw hyperplanes with isotropic unit normals and uniform offsets.

    Parameters
    ----------
    n_tasks, dimension
        N ≥ 1 tasks in D ≥ 1 dimensions.
    rng
        Source of all randomness. For nested task sets draw the largest and use
        :meth:`Boundaries.take`.
    offset_half_width
        Offsets are uniform on [−w, w], w ≥ 0; with 0, the paper's choice, every hyperplane
        passes through the origin.
    """
    check_count(n_tasks, "n_tasks")
    check_count(dimension, "dimension")
    check_at_least(offset_half_width, 0, "offset_half_width")
    check_generator(rng)
    vectors = rng.standard_normal((n_tasks, dimension))
    normals = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return Boundaries(normals, rng.uniform(-1, 1, n_tasks) * offset_half_width)


def concurrent_hyperplanes(
    n_tasks: int, point: Real[np.ndarray, " dimension"], *, rng: np.random.Generator
) -> Boundaries:
    """Draw hyperplanes with isotropic unit normals that all pass through one point p: β_i = a_i·p.

    The normals, and with them every readout covariance of probit noise, are those of
    :func:`random_hyperplanes` with the same generator; only the place where they cross moves.

    Parameters
    ----------
    n_tasks
        N ≥ 1.
    point
        p, shape ``(dimension,)``, in latent units.
    rng
        Source of all randomness.
    """
    point = as_floating(point, "point")
    check_finite(point, "point")
    return random_hyperplanes(n_tasks, len(point), rng=rng).translated(point)


def distant_hyperplanes(
    n_tasks: int, dimension: int, distance: Scalar, *, rng: np.random.Generator
) -> Boundaries:
    """Draw hyperplanes with isotropic unit normals, all at one distance from the origin.

    With a distance above h√D none of them meets the box [−h, h]^D: every label is 0 and every
    report is nearly certain.

    Parameters
    ----------
    n_tasks, dimension
        N ≥ 1 tasks in D ≥ 1 dimensions.
    distance
        β_i ≥ 0, the same for all tasks, in latent units; 0 gives :func:`random_hyperplanes`.
    rng
        Source of all randomness.
    """
    check_at_least(distance, 0, "distance")
    normals = random_hyperplanes(n_tasks, dimension, rng=rng).normals
    return Boundaries(normals, np.full(n_tasks, float(distance)))


def correlated_hyperplanes(
    n_tasks: int, dimension: int, correlation: Scalar, *, rng: np.random.Generator
) -> Boundaries:
    """Draw hyperplanes through the origin whose normals share a direction: nearly redundant tasks.

    a_i = c_i/|c_i| with c_i = √(rD) m + √(1 − r) g_i, where m is one random unit vector, the g_i
    are independent standard Gaussian vectors and r is the correlation. The cosine between two
    normals tends to r as D grows. For N ≫ D ≫ 1, AᵀA has one eigenvalue near rN along m and D − 1
    near (1 − r)N/D, so across m the readout variance is 1/(1 − r) times that of isotropic tasks.

    Parameters
    ----------
    n_tasks, dimension
        N ≥ 1 tasks in D ≥ 1 dimensions.
    correlation
        r, 0 < r < 1.
    rng
        Source of all randomness.
    """
    check_count(n_tasks, "n_tasks")
    check_count(dimension, "dimension")
    check_between(correlation, 0, 1, "correlation")
    check_generator(rng)
    shared = rng.standard_normal(dimension)
    shared *= (correlation * dimension) ** 0.5 / np.linalg.norm(shared)
    own = (1 - correlation) ** 0.5 * rng.standard_normal((n_tasks, dimension))
    return Boundaries.from_coefficients(shared + own)


def validate_labels(labels: Array) -> Array:
    """Return the labels unchanged, or say which value is neither 0 nor 1.

    Raises
    ------
    ValueError
        If an entry is outside {0, 1}, NaN included.
    """
    if not is_torch(labels):
        labels = np.asarray(labels)
    check_binary(labels, "labels")
    return labels


def lines_at(angles, signs):
    """Return lines through the origin at the given angles, and the sides of their normals."""
    normals = np.stack([-np.sin(angles) * signs, np.cos(angles) * signs], axis=1)
    return Boundaries(normals, np.zeros(len(angles)))


def _task_shape(thresholds, n_tasks):
    shape = np.shape(thresholds)
    if shape not in ((), (n_tasks,)):
        raise ValueError(f"thresholds must be one number or have shape ({n_tasks},), got {shape}")
    return (n_tasks,)


def frozen_matrix(values, name):
    """Return a read-only copy of a finite matrix with a row for each task."""
    matrix = np.array(as_floating(values, name), dtype=np.float64)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(
            f"{name} must have shape (task, dimension) with no empty axis, got {matrix.shape}"
        )
    check_finite(matrix, name)
    matrix.flags.writeable = False
    return matrix


def frozen_offsets(values, n_tasks, name):
    """Return a read-only copy of one finite number for each task."""
    offsets = np.array(as_floating(values, name), dtype=np.float64)
    if offsets.shape != (n_tasks,):
        raise ValueError(f"{name} must have shape ({n_tasks},), got {offsets.shape}")
    check_finite(offsets, name)
    offsets.flags.writeable = False
    return offsets
