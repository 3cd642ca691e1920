"""Validators that turn bad input into one-line ``ValueError`` messages before any work starts."""

import numbers

import numpy as np

from trilateration._arrays import Array, Scalar, is_torch


def check_positive(value: object, name: str) -> None:
    """Require a finite number > 0, or an array of them."""
    _check_numbers(value, name, "> 0", lambda x: x > 0)


def check_at_least(value: object, minimum: Scalar, name: str) -> None:
    """Require a finite number ≥ ``minimum``, or an array of them."""
    _check_numbers(value, name, f">= {minimum}", lambda x: x >= minimum)


def check_between(value: object, low: Scalar, high: Scalar, name: str) -> None:
    """Require a finite number strictly between ``low`` and ``high``, or an array of them."""
    allowed = f"strictly between {low} and {high}"
    _check_numbers(value, name, allowed, lambda x: (x > low) & (x < high))


def check_count(value: object, name: str, minimum: int = 1) -> int:
    """Require a whole number ≥ ``minimum``; return it as an ``int``."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool | np.bool_)
    if not whole or value < minimum:
        raise ValueError(f"{name} must be a whole number >= {minimum}, got {value!r}")
    return int(value)


def check_finite(array: Array, name: str) -> None:
    """Require that no entry is NaN or infinite."""
    # A sum is finite only if every term is, and needs no temporary array; a sum that
    # overflows proves nothing, so only then look at every entry.
    values = array.detach() if is_torch(array) else array
    with np.errstate(over="ignore", invalid="ignore"):
        total = values.sum()
    if _is_finite(total):
        return
    n_bad = int((~_is_finite(values)).sum())
    if n_bad:
        raise ValueError(
            f"{name} must be finite, got {n_bad} NaN or infinite of {_size(array)} values"
        )


def check_last_axis(array: Array, size: int, name: str, axis_name: str) -> None:
    """Require that the last axis of ``array`` has length ``size``."""
    if array.ndim == 0 or array.shape[-1] != size:
        raise ValueError(
            f"{name} must have a last axis of length {size} ({axis_name}), "
            f"got shape {tuple(array.shape)}"
        )


def check_minimum_ndim(array: Array, ndim: int, name: str, axes: str) -> None:
    """Require at least ``ndim`` axes, named in words in ``axes``."""
    if array.ndim < ndim:
        raise ValueError(f"{name} must have axes {axes}, got shape {tuple(array.shape)}")


def check_probability(array: Array, name: str) -> None:
    """Require that every entry lies in [0, 1]."""
    n_bad = int((~((array >= 0) & (array <= 1))).sum())
    if n_bad:
        raise ValueError(f"{name} must lie in [0, 1], got {n_bad} of {_size(array)} values outside")


def check_binary(array: Array, name: str) -> None:
    """Require that every entry is 0 or 1."""
    bad = ~((array == 0) | (array == 1))
    if bool(bad.any()):
        first = array[bad].reshape(-1)[0].item()
        raise ValueError(
            f"{name} must be 0 or 1, got {int(bad.sum())} other values (first: {first})"
        )


def check_choice(value: object, allowed: tuple[object, ...], name: str) -> None:
    """Require one of a few names or other values."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")


def check_generator(rng: object, name: str = "rng") -> None:
    """Require a ``numpy.random.Generator``."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"{name} must be a numpy.random.Generator, such as numpy.random.default_rng(0), "
            f"got {type(rng).__name__}"
        )


def check_broadcasts(shape: tuple[int, ...], leading: tuple[int, ...], name: str, of: str) -> None:
    """Require that ``shape`` broadcasts against the leading shape of the array called ``of``."""
    try:
        np.broadcast_shapes(shape, leading)
    except ValueError:
        raise ValueError(
            f"{name} must broadcast against the leading shape {leading} of {of}, got shape {shape}"
        ) from None


def check_covariance(matrix: np.ndarray, name: str, size: int | None = None) -> None:
    """Require a finite, symmetric, positive-definite square matrix."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be a square matrix, got shape {matrix.shape}")
    if size is not None and len(matrix) != size:
        raise ValueError(f"{name} must be {size} x {size}, got shape {matrix.shape}")
    check_finite(matrix, name)
    if not np.allclose(matrix, matrix.T, rtol=1e-10, atol=0):
        raise ValueError(f"{name} must be symmetric, got an asymmetric matrix")
    smallest = np.linalg.eigvalsh(matrix)[0]
    if smallest <= 0:
        raise ValueError(
            f"{name} must be positive definite, got a smallest eigenvalue of {smallest:.3g}"
        )


def _check_numbers(value, name, allowed, accepts):
    if not isinstance(value, Array):
        real = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not (real and np.isfinite(value) and accepts(value)):
            raise ValueError(f"{name} must be a finite number {allowed}, got {value!r}")
        return
    values = value.detach() if is_torch(value) else value
    if not is_torch(values) and values.dtype.kind not in "fiu":
        raise ValueError(f"{name} must hold finite numbers {allowed}, got dtype {values.dtype}")
    bad = ~(_is_finite(values) & accepts(values))
    if not bool(bad.any()):
        return
    if values.ndim == 0:
        raise ValueError(f"{name} must be a finite number {allowed}, got {values.item()}")
    first = values[bad].reshape(-1)[0].item()
    raise ValueError(
        f"{name} must be finite numbers {allowed}, "
        f"got {int(bad.sum())} of {_size(values)} that are not (first: {first})"
    )


def _is_finite(values):
    return values.isfinite() if is_torch(values) else np.isfinite(values)


def _size(array):
    return array.numel() if is_torch(array) else array.size
