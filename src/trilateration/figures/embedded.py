"""Data of a chapter for the interactive picture on its page."""

import json
from collections.abc import Mapping

import numpy as np
from jaxtyping import Int, Real

from trilateration._arrays import Scalar
from trilateration._checks import check_positive


def embed(name: str, data: Mapping[str, object]) -> None:
    """Put data into the page as JSON, in a ``script`` element that no browser runs.

    Parameters
    ----------
    name
        Identity of the element, by which the page's script finds it.
    data
        Numbers, texts and whole-number arrays; round to a grid first, it keeps the page small.

    Raises
    ------
    ValueError
        If an array does not hold whole numbers.
    """
    plain = {}
    for key, value in data.items():
        if isinstance(value, np.ndarray):
            if value.dtype.kind not in "iu":
                raise ValueError(f"{key} must hold whole numbers, got dtype {value.dtype}")
            value = value.tolist()
        plain[key] = value
    from IPython.display import display

    text = json.dumps(plain, separators=(",", ":")).replace("<", "\\u003c")
    display(
        {
            "text/html": f'<script type="application/json" id="{name}">{text}</script>',
            "text/plain": f"[data for the interactive picture] {name}",
        },
        raw=True,
    )


def on_grid(
    values: Real[np.ndarray, "*shape"], largest: Scalar, half: int = 999
) -> Int[np.ndarray, "*shape"]:
    """Return values between ± ``largest`` as whole numbers between ± ``half``.

    Parameters
    ----------
    values
        Any shape.
    largest
        The largest absolute value, > 0.
    half
        Number of grid points on either side of 0.

    Raises
    ------
    ValueError
        If ``largest`` is not positive.
    """
    check_positive(largest, "largest")
    return np.rint(half * values / largest).astype(int)
