"""Linear classifiers, trained rather than given: probit and logistic regression of many tasks.

Task i reports F(w_i·x + w₀_i), and training minimises its mean log loss over trials. Where the best
report is Φ(d_i/s), the probit classifier that training converges to is the ruler w_i = a_i/s,
w₀_i = −β_i/s.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Real

from trilateration._arrays import as_floating
from trilateration._checks import check_choice, check_count, check_finite, check_last_axis
from trilateration.observer import LogReports
from trilateration.readout._data import TrainingData, validated
from trilateration.readout.links import LINKS, Link, margin_loss, probabilities
from trilateration.readout.separability import separates
from trilateration.tasks import Boundaries

# Newton stops when a step would lower the mean loss by less than half its square.
_DECREMENT = 1e-10
# scikit-learn stops by the size of the gradient, a little earlier; a decrement δ is an error of the
# parameters of δ standard errors per √trial.
_SKLEARN_DECREMENT = 1e-7
_HALVINGS = 40
# From this many trials on it pays to begin on a part of them.
_WORTH_A_START = 2000


@dataclass(frozen=True, eq=False)
class LinearClassifiers:
    """Classifiers that report F(w_i·x + w₀_i), one for each task.

    Parameters
    ----------
    weights
        w, shape ``(task, dimension)``, per latent unit.
    intercepts
        w₀, shape ``(task,)``.
    link
        F: ``"probit"`` for Φ, ``"logistic"`` for 1/(1 + e^−v).

    Raises
    ------
    ValueError
        If a shape does not fit, an entry is not finite, or the link is unknown.
    """

    weights: Float[np.ndarray, "task dimension"]
    intercepts: Float[np.ndarray, " task"]
    link: Link

    def __post_init__(self):
        check_choice(self.link, LINKS, "link")
        check_finite(self.weights, "weights")
        check_finite(self.intercepts, "intercepts")

    @property
    def parameters(self) -> Float[np.ndarray, "task parameter"]:
        """ϑ = (w, w₀), one row a task."""
        return np.column_stack([self.weights, self.intercepts])

    @property
    def steepness(self) -> Float[np.ndarray, " task"]:
        """|w|: decision value per unit of distance, 1/s for the ruler."""
        return np.linalg.norm(self.weights, axis=1)

    @property
    def boundaries(self) -> Boundaries:
        """The hyperplanes where the reports are ½."""
        return Boundaries.from_coefficients(self.weights, -self.intercepts)

    def decision_values(
        self, points: Real[np.ndarray, "*batch dimension"]
    ) -> Float[np.ndarray, "*batch task"]:
        """Return v = w·x + w₀ for points of shape ``(..., dimension)``."""
        points = as_floating(points, "points")
        check_last_axis(points, self.weights.shape[1], "points", "dimension")
        return points @ self.weights.T + self.intercepts

    def reports(
        self, points: Real[np.ndarray, "*batch dimension"]
    ) -> Float[np.ndarray, "*batch task"]:
        """Return the reports F(v), probabilities of label 1."""
        return probabilities(self.decision_values(points), self.link)

    def log_reports(self, points: Real[np.ndarray, "*batch dimension"]) -> LogReports:
        """Return log F(v) and log(1 − F(v)), in nats, which do not saturate."""
        values = self.decision_values(points)
        return LogReports(*(-margin_loss(side * values, self.link).value for side in (1, -1)))


@dataclass(frozen=True, eq=False)
class ClassifierFit:
    """What training found, and for which tasks there was nothing to find.

    Attributes
    ----------
    weights, intercepts
        As in :class:`LinearClassifiers`; NaN for a task whose labels are separable.
    link
        The link that was trained.
    separable
        Whether the labels of a task are separable, so that the loss has no minimum.
    converged
        Whether the minimum was found; false for separable tasks.
    """

    weights: Float[np.ndarray, "task dimension"]
    intercepts: Float[np.ndarray, " task"]
    link: Link
    separable: Bool[np.ndarray, " task"]
    converged: Bool[np.ndarray, " task"]

    @property
    def classifiers(self) -> LinearClassifiers:
        """The trained classifiers.

        Raises
        ------
        ValueError
            If a task is separable or did not converge (its index is named).
        """
        if self.separable.any():
            raise ValueError(
                "labels must not be separable, or the log loss has no minimum, got separable "
                f"labels in task {int(np.argmax(self.separable))} "
                f"({int(self.separable.sum())} of {len(self.separable)} tasks)"
            )
        if not self.converged.all():
            raise ValueError(
                "max_iterations must suffice for every task, got no convergence in task "
                f"{int(np.argmin(self.converged))}"
            )
        return LinearClassifiers(self.weights, self.intercepts, self.link)


def fit_probit(
    features: Real[np.ndarray, "trial dimension"],
    targets: Real[np.ndarray, "trial task"],
    *,
    weights: Real[np.ndarray, " trial"] | None = None,
    start: LinearClassifiers | None = None,
    max_iterations: int = 100,
) -> ClassifierFit:
    """Train probit classifiers by Newton's method: all tasks at once, on the same features.

    Minimises Σ_k g_k [−q log Φ(w·x_k + w₀) − (1 − q) log Φ(−w·x_k − w₀)] for each task, which is
    strictly convex.

    Parameters
    ----------
    features
        x, one row a trial.
    targets
        q: labels 0 or 1, or probabilities of label 1, with which the fit is the limit of infinitely
        many labels at each x.
    weights
        g ≥ 0, one for each trial; by default all equal. Scaled to sum to 1.
    start
        Where to begin; a good guess saves steps. The minimum is the same from everywhere.
    max_iterations
        Newton steps; ten usually suffice.

    Raises
    ------
    ValueError
        If a shape or value is wrong or the features lie in a hyperplane. Separable labels raise
        nothing here, they are reported in the result.
    """
    check_count(max_iterations, "max_iterations")
    data = validated(features, targets, weights)
    shape = (data.signs.shape[1], data.rows.shape[1])
    if start is not None and start.parameters.shape != shape:
        raise ValueError(
            f"start must have parameters of shape {shape}, got {start.parameters.shape}"
        )
    given = None if start is None else data.from_features(start.parameters)
    parameters, decrement = _newton(data, "probit", max_iterations, given)
    return _judged(data, parameters, decrement <= _DECREMENT, "probit")


def fit_logistic(
    features: Real[np.ndarray, "trial dimension"],
    targets: Real[np.ndarray, "trial task"],
    *,
    weights: Real[np.ndarray, " trial"] | None = None,
    max_iterations: int = 100,
) -> ClassifierFit:
    """Train logistic classifiers without penalty, by scikit-learn; arguments as in `fit_probit`."""
    check_count(max_iterations, "max_iterations")
    data = validated(features, targets, weights)
    parameters = np.zeros((data.signs.shape[1], data.rows.shape[1]))
    for task, (signs, share) in enumerate(zip(data.signs.T, data.weights.T, strict=True)):
        if np.unique(signs[share > 0]).size == 2:
            parameters[task] = _scikit_learn(data.rows, signs, share, max_iterations)
    _, gradient, hessian = _Objective(data, "logistic")(parameters)
    decrement = _decrements(gradient, _solved(hessian, gradient))
    return _judged(data, parameters, decrement <= _SKLEARN_DECREMENT, "logistic")


def tilts(classifiers: LinearClassifiers, boundaries: Boundaries) -> Float[np.ndarray, " task"]:
    """Return the signed angles, in radians, from the true normals to the trained weights.

    Accurate for small angles, unlike the arc cosine.

    Parameters
    ----------
    classifiers, boundaries
        The same tasks, in the plane.

    Raises
    ------
    ValueError
        If the tasks are not two-dimensional or their numbers differ.
    """
    weights, normals = classifiers.weights, boundaries.normals
    if weights.shape != normals.shape or weights.shape[1] != 2:
        raise ValueError(
            "classifiers and boundaries must be the same tasks in the plane, got weights of shape "
            f"{weights.shape} and normals of shape {normals.shape}"
        )
    cross = normals[:, 0] * weights[:, 1] - normals[:, 1] * weights[:, 0]
    return np.arctan2(cross, (normals * weights).sum(axis=1))


def _scikit_learn(rows, signs, share, max_iterations):
    # Imported here: a second that those who only train probit classifiers need not wait.
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=max_iterations
    )
    with warnings.catch_warnings():
        # Convergence is judged on the result, and separable labels have a flag of their own.
        warnings.simplefilter("ignore")
        model.fit(rows[:, :-1], signs, sample_weight=share * len(share))
    return np.append(model.coef_[0], model.intercept_[0])


class _Objective:
    """Mean loss of every task with its gradient and Hessian, at given parameters."""

    def __init__(self, data: TrainingData, link: Link):
        self.data, self.link = data, link
        rows = data.rows
        self.pairs = (rows[:, :, None] * rows[:, None, :]).reshape(len(rows), -1)

    def __call__(self, parameters):
        rows, signs, weights, *_ = self.data
        loss = margin_loss(signs * (rows @ parameters.T), self.link)
        gradient = -(weights * signs * loss.pull).T @ rows
        hessian = (weights * loss.curvature).T @ self.pairs
        square = (len(gradient), rows.shape[1], rows.shape[1])
        return (weights * loss.value).sum(axis=0), gradient, hessian.reshape(square)


def _newton(data, link, max_iterations, given=None):
    """Minimise every task's loss; return parameters and the last Newton decrements."""
    objective = _Objective(data, link)
    parameters = _start(objective, max_iterations, given)
    state = objective(parameters)
    for _ in range(max_iterations):
        _, gradient, hessian = state
        step = _solved(hessian, gradient)
        decrement = _decrements(gradient, step)
        # A flat loss is the mark of separable labels, whose decrement never falls as fast.
        active = (decrement > _DECREMENT) & (np.linalg.eigvalsh(hessian)[:, 0] > 1e-12)
        if not active.any():
            break
        step *= active[:, None]
        parameters, state = _line_search(objective, parameters, state, step, decrement**2)
    return parameters, decrement


def _start(objective, max_iterations, given):
    """Start where told, or at the minimum of every eighth trial; at 0 where that is no better."""
    data, link = objective.data, objective.link
    zero = np.zeros((data.signs.shape[1], data.rows.shape[1]))
    if given is None:
        if len(data.rows) < _WORTH_A_START:
            return zero
        eighth = TrainingData(*(part[::8] for part in data[:3]), data.centre, data.transform)
        parameters, decrement = _newton(eighth, link, max_iterations)
        given = np.where((decrement <= _DECREMENT)[:, None], parameters, zero)
    better = objective(given)[0] < math.log(2)
    return np.where(better[:, None], given, zero)


def _line_search(objective, parameters, state, step, slope):
    """Halve the step of each task until its loss falls by a quarter of what the slope promises."""
    size = np.ones(len(step))
    for _ in range(_HALVINGS):
        moved = parameters - size[:, None] * step
        moved_state = objective(moved)
        # The last digits of the loss are noise, which must not stop the last steps.
        falls = moved_state[0] <= state[0] - 0.25 * size * slope + 1e-14
        if falls.all():
            return moved, moved_state
        size = np.where(falls, size, size / 2)
    moved = np.where(falls[:, None], moved, parameters)
    return moved, objective(moved)


def _decrements(gradient, step):
    return np.sqrt(np.maximum(np.sum(gradient * step, axis=1), 0))


def _solved(hessian, gradient):
    # The tiny ridge only matters where the loss has become flat, for separable labels.
    ridge = 1e-300 + 1e-14 * np.trace(hessian, axis1=1, axis2=2)[:, None, None]
    return np.linalg.solve(hessian + ridge * np.eye(hessian.shape[1]), gradient[..., None])[..., 0]


def _judged(data: TrainingData, parameters, converged, link):
    """Sort the tasks into separable, converged and neither."""
    separable = ~_has_minimum(data, parameters, link)
    for task in np.flatnonzero(separable):
        used = data.weights[:, task] > 0
        separable[task] = separates(data.rows[used], data.signs[used, task])
    weights, intercepts = data.to_features(np.where(separable[:, None], np.nan, parameters))
    return ClassifierFit(weights, intercepts, link, separable, converged & ~separable)


def _has_minimum(data, parameters, link):
    """Tell for which tasks the parameters prove that the loss has a minimum.

    With pulls p and signed rows ζ the gradient is −Σ g p ζ. If e separated, all g p (e·ζ) would be
    ≥ 0, so |gradient| |e| ≥ Σ g p (e·ζ) ≥ |(g p e·ζ)|₂ ≥ ς |e|, with ς the least singular
    value of the matrix of rows g p ζ. A smaller gradient excludes separability.
    """
    pull = data.weights * margin_loss(data.signs * (data.rows @ parameters.T), link).pull
    gradient = (data.signs * pull).T @ data.rows
    gram = np.einsum("kt,ki,kj->tij", pull**2, data.rows, data.rows, optimize=True)
    least = np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[:, 0], 0))
    # Half, so that rounding cannot forge a proof.
    return np.linalg.norm(gradient, axis=1) < 0.5 * least
