"""One array vocabulary for NumPy and torch, with torch never imported here."""

import numbers

import array_api_compat
import numpy as np

Scalar = numbers.Real


class _ArrayMeta(type):
    def __instancecheck__(cls, instance):
        numpy_like = isinstance(instance, np.ndarray | np.generic)
        return numpy_like or array_api_compat.is_torch_array(instance)


class Array(metaclass=_ArrayMeta):
    """A NumPy array (or NumPy scalar) or a torch tensor, for use in type hints."""


def is_torch(values: object) -> bool:
    """Tell whether ``values`` is a torch tensor, without importing torch."""
    return array_api_compat.is_torch_array(values)


def namespace(array: Array):
    """Return the array-API namespace of ``array``: NumPy's or torch's."""
    return array_api_compat.array_namespace(array)


def as_floating(values: object, name: str) -> Array:
    """Return ``values`` as a floating-point array; integers become the default float type."""
    if is_torch(values):
        if values.dtype.is_complex:
            raise ValueError(f"{name} must hold real numbers, got dtype {values.dtype}")
        return values if values.dtype.is_floating_point else values.to(_torch_default(values))
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers, got dtype {array.dtype}")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _torch_default(tensor):
    # Multiplying integers by a Python float gives torch's default dtype without importing torch.
    return (tensor[..., :0] * 1.0).dtype if tensor.ndim else (tensor * 1.0).dtype


def matching(values: object, like: Array) -> object:
    """Return ``values`` with the namespace, dtype and device of ``like``.

    Numbers become Python floats, which leave the dtype of every array they meet unchanged.
    """
    if not isinstance(values, Array) and isinstance(values, Scalar):
        return float(values)
    if is_torch(values) and is_torch(like):
        return values.to(dtype=like.dtype, device=like.device)  # keeps the gradient
    if isinstance(values, np.generic):
        return float(values)
    xp = namespace(like)
    # A copy, because torch warns when it wraps a read-only NumPy array.
    return xp.asarray(np.array(values), dtype=like.dtype, device=array_api_compat.device(like))
