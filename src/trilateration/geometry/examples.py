"""Constructed codes of the square with known answers: what each measure can and cannot see."""

import numpy as np
from jaxtyping import Float, Real

from trilateration._checks import check_choice, check_last_axis

EXAMPLES = ("aligned", "rotated", "oblique", "warped", "sides", "perspective")

_EIGHTH = np.sqrt(0.5) * np.array([[1.0, 1.0], [-1.0, 1.0]])
_SHEAR = np.array([[1.0, 0.0], [0.7, 0.7]])
_STEEPNESS, _FORESHORTENING = 6.0, 1.8


def example_code(latents: Real[np.ndarray, "*batch 2"], kind: str) -> Float[np.ndarray, "*batch 2"]:
    """Return a code of two latents by two units, without noise.

    Parameters
    ----------
    latents
        x, shape ``(..., 2)``, in [−½, ½].
    kind
        ``"aligned"``: a unit a latent. ``"rotated"``: by 45°. ``"oblique"``: affine, one axis
        slanted and short. ``"warped"``: tanh 6x of each latent, aligned. ``"sides"``: their signs.
        ``"perspective"``: (x₁(1 + 1.8 x₂), x₂), in which the latents interact; it can be inverted.

    Raises
    ------
    ValueError
        If the kind is unknown or the latents are not two.
    """
    check_choice(kind, EXAMPLES, "kind")
    x = np.asarray(latents, dtype=float)
    check_last_axis(x, 2, "latents", "dimension")
    if kind in ("aligned", "rotated", "oblique"):
        return x @ {"aligned": np.eye(2), "rotated": _EIGHTH, "oblique": _SHEAR}[kind]
    if kind == "warped":
        return np.tanh(_STEEPNESS * x) / 2
    if kind == "sides":
        return np.sign(x) / 2
    first, second = x[..., 0], x[..., 1]
    return np.stack([first * (1 + _FORESHORTENING * second), second], axis=-1)
