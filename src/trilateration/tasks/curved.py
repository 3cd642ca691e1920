"""Curved boundaries: circles, and crosses whose labels are like exclusive-or."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Int8, Real

from trilateration._arrays import Array, as_floating, matching, namespace
from trilateration._checks import check_count, check_generator, check_last_axis, check_positive
from trilateration.tasks.flat import (
    UNIT_TOLERANCE,
    Boundaries,
    frozen_matrix,
    frozen_offsets,
    lines_at,
)


@dataclass(frozen=True, eq=False)
class Circles:
    """Round boundaries {x : |x − c_i| = r_i}: circles in the plane, spheres in more dimensions.

    Task i has the label y_i = 1[|x − c_i| < r_i]. The arrays are copied and made read-only.

    Parameters
    ----------
    centres
        c, shape ``(task, dimension)``.
    radii
        r > 0, shape ``(task,)``, in the length unit of the latent space.

    Raises
    ------
    ValueError
        If a shape is wrong, an entry is not finite, or a radius is not positive.
    """

    centres: Float[np.ndarray, "task dimension"]
    radii: Float[np.ndarray, " task"]

    def __post_init__(self):
        centres = frozen_matrix(self.centres, "centres")
        radii = frozen_offsets(self.radii, len(centres), "radii")
        check_positive(radii, "radii")
        object.__setattr__(self, "centres", centres)
        object.__setattr__(self, "radii", radii)

    @property
    def n_tasks(self) -> int:
        """Number of tasks N."""
        return self.centres.shape[0]

    @property
    def dimension(self) -> int:
        """Dimension D of the latent space."""
        return self.centres.shape[1]

    def distances_to_centres(
        self, points: Real[Array, "*batch dimension"]
    ) -> Float[Array, "*batch task"]:
        """Return |x − c_i| for points ``(..., dimension)``, NumPy or torch."""
        points = as_floating(points, "points")
        check_last_axis(points, self.dimension, "points", "dimension")
        steps = points[..., None, :] - matching(self.centres, points)
        return namespace(points).linalg.vector_norm(steps, axis=-1)

    def signed_distances(
        self, points: Real[Array, "*batch dimension"]
    ) -> Float[Array, "*batch task"]:
        """Return r_i − |x − c_i|, the distance to the circle, positive inside."""
        to_centres = self.distances_to_centres(points)
        return matching(self.radii, to_centres) - to_centres

    def labels(self, points: Real[Array, "*batch dimension"]) -> Int8[Array, "*batch task"]:
        """Return y_i = 1[|x − c_i| < r_i] as 0 or 1 (int8) for points ``(..., dimension)``."""
        inside = self.signed_distances(points) > 0
        return namespace(inside).astype(inside, namespace(inside).int8)

    def take(self, indices: Sequence[int] | Int[np.ndarray, " chosen"]) -> "Circles":
        """Return the tasks at ``indices``, in that order."""
        return Circles(self.centres[indices], self.radii[indices])


@dataclass(frozen=True, eq=False)
class Products:
    """Crosses of two perpendicular hyperplanes with labels like exclusive-or.

    Task i has the label y_i = 1[(a_i·x − β_i)(a'_i·x − β'_i) > 0].

    Parameters
    ----------
    first, second
        The hyperplanes (a, β) and (a', β') of each task; equally many, a_i·a'_i = 0.

    Raises
    ------
    ValueError
        If the numbers of tasks or dimensions differ, or two normals are not perpendicular.
    """

    first: Boundaries
    second: Boundaries

    def __post_init__(self):
        if self.first.normals.shape != self.second.normals.shape:
            raise ValueError(
                f"second must have normals of shape {self.first.normals.shape}, got "
                f"{self.second.normals.shape}"
            )
        cosines = (self.first.normals * self.second.normals).sum(axis=1)
        bad = np.flatnonzero(np.abs(cosines) > UNIT_TOLERANCE)
        if len(bad):
            raise ValueError(
                f"second must be perpendicular to first, got cosine {cosines[bad[0]]:.6g} at index "
                f"{bad[0]}"
            )

    @property
    def n_tasks(self) -> int:
        """Number of tasks N."""
        return self.first.n_tasks

    @property
    def dimension(self) -> int:
        """Dimension D of the latent space."""
        return self.first.dimension

    def signed_distances(
        self, points: Real[Array, "*batch dimension"]
    ) -> Float[Array, "*batch task"]:
        """Return the distance to the cross, min(|d|, |d'|), with the sign of d d'."""
        one, two = self.first.signed_distances(points), self.second.signed_distances(points)
        xp = namespace(one)
        return xp.sign(one) * xp.sign(two) * xp.minimum(xp.abs(one), xp.abs(two))

    def labels(self, points: Real[Array, "*batch dimension"]) -> Int8[Array, "*batch task"]:
        """Return the labels as 0 or 1 (int8) for points ``(..., dimension)``."""
        above = self.signed_distances(points) > 0
        return namespace(above).astype(above, namespace(above).int8)


def random_circles(
    n_tasks: int, *, rng: np.random.Generator, radii: tuple[float, float] = (0.25, 0.5)
) -> Circles:
    """Draw circles in the plane with centres uniform in the unit box and uniform radii.

    Parameters
    ----------
    n_tasks
        N ≥ 1.
    rng
        Source of all randomness.
    radii
        Least and largest radius, > 0; the default gives areas from a fifth to four fifths of the
        box, before they are cut off at its faces.
    """
    check_count(n_tasks, "n_tasks")
    check_generator(rng)
    drawn = rng.uniform(size=(n_tasks, 3))  # a row a task, so that larger sets hold the smaller
    return Circles(drawn[:, :2] - 0.5, radii[0] + (radii[1] - radii[0]) * drawn[:, 2])


def turned_crosses(n_tasks: int, *, centre: tuple[float, float] = (0.0, 0.0)) -> Products:
    """Return exclusive-or in the plane, turned evenly: N crosses at angles (i + ½)π/(2N).

    Parameters
    ----------
    n_tasks
        N ≥ 1; a quarter turn would give the first cross again.
    centre
        The point at which all of them cross; at the origin no label tells x from −x.
    """
    check_count(n_tasks, "n_tasks")
    angles = (np.arange(n_tasks) + 0.5) * np.pi / (2 * n_tasks)
    shift = np.asarray(centre, dtype=np.float64)
    first, second = (lines_at(a, 1.0).translated(shift) for a in (angles, angles + np.pi / 2))
    return Products(first, second)
