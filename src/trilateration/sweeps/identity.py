"""What a stored network or result depends on, as short hashes.

A network depends on its configuration, on the source of the rooms up to ``training`` and on the
versions of torch and NumPy. A result depends on the measure too, and on the rooms up to ``sweeps``.
Names of folders and files are made of these hashes, so that what is out of date is simply not
found. The device is not among them: a network trained on another device is as good.
"""

import functools
import hashlib
import inspect
import json
import numbers
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

import trilateration
from trilateration.training import Configuration

_TRAINING = ("_arrays", "_checks", "parameters", "evidence", "tasks", "networks", "training")
_MEASURING = (*_TRAINING, "observer", "readout", "sweeps")


def configuration_key(configuration: Configuration) -> str:
    """Return the hash of a configuration; equal configurations have equal hashes, 1 and 1.0 too."""
    record = {key: _plain(value) for key, value in configuration.record().items()}
    return _hash(json.dumps(record, sort_keys=True))


def pack_key(configurations: Sequence[Configuration]) -> str:
    """Return the hash of a set of configurations, whatever their order."""
    return _hash(*sorted(map(configuration_key, configurations)))


def network_world() -> str:
    """Return the hash of what all networks that this process trains have in common."""
    return _hash(source_digest(_TRAINING), json.dumps(versions()))[:16]


def result_world(measure: Callable) -> str:
    """Return the hash of what all results of a measure have in common."""
    return _hash(source_digest(_MEASURING), json.dumps(versions()), measure_name(measure))[:16]


def process_world() -> str:
    """Return the hash of all of this process that a stored network or result depends on."""
    return _hash(source_digest(_MEASURING), json.dumps(versions()))[:16]


def versions() -> dict[str, str]:
    """Return the versions that decide how numbers are rounded."""
    return {"torch": str(torch.__version__), "numpy": np.__version__}


def processor() -> str:
    """Return the processor's name, model and those vector instructions that change how sums round.

    On processors of which this is the same, the same source and versions give the same bits.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    values = dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line)
    flags = values.get("flags", "").split()
    known = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    model = f"family {values.get('cpu family', '?')} model {values.get('model', '?')}"
    return f"{values.get('model name', platform.processor())}, {model} ({' '.join(known)})"


@functools.cache
def source_digest(rooms: tuple[str, ...] = _MEASURING) -> str:
    """Return the hash of the source of some rooms of this package."""
    package = Path(trilateration.__file__).parent
    digest = hashlib.sha256()
    for room in rooms:
        single = package / f"{room}.py"
        for path in [single] if single.exists() else sorted((package / room).rglob("*.py")):
            digest.update(str(path.relative_to(package)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:32]


def measure_name(measure: object) -> str:
    """Return a name for a measure that changes with its own source and arguments.

    Parameters
    ----------
    measure
        A function at the top level of a module or notebook, or ``functools.partial`` of one with
        plain arguments. What else a function outside this package calls is not looked at.

    Raises
    ------
    ValueError
        If it is anything else: its results could not be told from those of another.
    """
    if isinstance(measure, functools.partial):
        try:
            arguments = json.dumps([measure.args, measure.keywords], sort_keys=True)
        except TypeError as error:
            raise ValueError(f"measure must have plain arguments, got a partial: {error}") from None
        return f"{measure_name(measure.func)}{arguments}"
    name = getattr(measure, "__qualname__", "<")
    if "<" in name or not inspect.isfunction(measure):
        raise ValueError(
            "measure must be a function at the top level of a module, or functools.partial of one, "
            f"got {measure!r}"
        )
    full = f"{measure.__module__}.{name}"
    if full.startswith("trilateration."):
        return full
    try:
        return f"{full}#{_hash(inspect.getsource(measure))[:8]}"
    except OSError:
        raise ValueError(f"measure must have readable source, {full} has none") from None


def _plain(value):
    if isinstance(value, str | bool | np.bool_ | type(None)):
        return bool(value) if isinstance(value, np.bool_) else value
    if isinstance(value, numbers.Real):
        return int(value) if float(value).is_integer() else float(value)
    return repr(value)


def _hash(*texts):
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]
