"""How far trained classifiers scatter: Fisher information and the sandwich covariance.

Parameters are ϑ = (w, w₀), features with a constant x̃ = (x, 1).
"""

import numpy as np
from jaxtyping import Float, Real

from trilateration.readout._data import validated
from trilateration.readout.classifiers import LinearClassifiers
from trilateration.readout.links import margin_loss


def fisher_information_of_labels(
    classifiers: LinearClassifiers,
    features: Real[np.ndarray, "trial dimension"],
    *,
    weights: Real[np.ndarray, " trial"] | None = None,
) -> Float[np.ndarray, "task parameter parameter"]:
    """Return the Fisher information of one label about ϑ, averaged over the features.

    E[F′(v)²/(F(v)(1 − F(v))) x̃ x̃ᵀ], for labels that follow the classifiers' own reports F(v). For
    the probit link the factor is φ(v)²/(Φ(v)Φ(−v)). n labels give n times as much, and the
    trained ϑ has covariance near its inverse.

    Parameters
    ----------
    classifiers
        Where the information is evaluated.
    features
        x, one row a trial; the average is over them.
    weights
        Weights of the average, such as those of a quadrature; by default all equal. Scaled to sum
        to 1.
    """
    values = classifiers.decision_values(features)
    # F′ = F times the pull, and F(−v) = 1 − F(v): the factor is the product of both pulls.
    factor = (
        margin_loss(values, classifiers.link).pull * margin_loss(-values, classifiers.link).pull
    )
    share = np.ones(len(features)) if weights is None else weights
    factor = factor * (share / share.sum())[:, None]
    rows = np.column_stack([features, np.ones(len(features))])
    return np.einsum("kt,ki,kj->tij", factor, rows, rows, optimize=True)


def parameter_covariance(
    classifiers: LinearClassifiers,
    features: Real[np.ndarray, "trial dimension"],
    labels: Real[np.ndarray, "trial task"],
) -> Float[np.ndarray, "task parameter task parameter"]:
    """Return n times the covariance of the trained ϑ of all tasks, for n trials of this law.

    The sandwich H⁻¹ J H⁻¹ (Huber 1967; White, Econometrica 50, 1982): H the mean Hessian of the log
    loss, J the mean outer product of its gradients, over the trials given. It holds for any law of
    the labels, also one that no classifier of the family matches, and counts that tasks labelled on
    the same trials err together.

    Parameters
    ----------
    classifiers
        The limit of training, or an estimate of it.
    features, labels
        Trials to average over, many more than parameters.
    """
    validated(features, labels)
    rows = np.column_stack([features, np.ones(len(features))])
    signs = 2.0 * labels - 1
    loss = margin_loss(signs * classifiers.decision_values(features), classifiers.link)
    hessian = np.einsum("kt,ki,kj->tij", loss.curvature, rows, rows, optimize=True) / len(rows)
    gradients = (-(signs * loss.pull))[:, :, None] * rows[:, None, :]
    bent = np.einsum("tij,ktj->kti", np.linalg.inv(hessian), gradients, optimize=True)
    flat = bent.reshape(len(rows), -1)
    n_tasks, size = bent.shape[1:]
    return (flat.T @ flat / len(rows)).reshape(n_tasks, size, n_tasks, size)
