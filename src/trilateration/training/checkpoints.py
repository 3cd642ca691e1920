"""Checkpoints: tensors in safetensors, their description as JSON in its header, written whole or not.

A checkpoint is written beside its place and then renamed, so that an interrupt, a crash or a full
disk leaves the one before as it was. Nothing is unpickled.
"""

import contextlib
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from trilateration.training.configuration import Configuration

_FORMAT = "trilateration checkpoint 1"


def save_checkpoint(
    path: Path | str,
    tensors: Mapping[str, Tensor],
    configurations: Sequence[Configuration],
    progress: Mapping[str, object],
) -> None:
    """Write a checkpoint whole, or leave the old one.

    Parameters
    ----------
    path
        File to write; its folder is made if need be.
    tensors
        What to keep, by name.
    configurations
        One a replicate.
    progress
        Plain values that JSON can hold.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written; the message names the file and says
        that the checkpoint before is unharmed.
    """
    metadata = {
        "format": _FORMAT,
        "configurations": json.dumps([c.record() for c in configurations]),
        "progress": json.dumps(dict(progress)),
    }
    contents = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    write_whole(Path(path), save(contents, metadata))


def write_whole(path: Path, contents: bytes) -> None:
    """Write a file beside its place, force it to disk, and rename it.

    Raises
    ------
    OSError
        If that fails; what stood at ``path`` still stands.
    """
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(unfinished, "wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise OSError(
            error.errno,
            f"cannot write {path}: {error.strerror}; what was saved there before is unharmed",
        ) from error


def load_checkpoint(
    path: Path | str, configurations: Sequence[Configuration] | None = None
) -> tuple[dict[str, Tensor], list[Configuration], dict[str, object]]:
    """Read a checkpoint.

    Parameters
    ----------
    path
        File that :func:`save_checkpoint` wrote.
    configurations
        If given, those that the checkpoint must be of.

    Returns
    -------
    tuple
        The tensors by name, the configurations and the progress.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or something else, or of other configurations; the first difference
        is named.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path must be a checkpoint, but there is no file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise ValueError(
            f"path must be a whole checkpoint, but {path} is damaged or cut short ({error}); "
            "delete it to begin again"
        ) from error
    if metadata.get("format") != _FORMAT:
        raise ValueError(
            f"path must be a checkpoint of this version, {path} is {metadata.get('format')!r}"
        )
    stored = [Configuration.from_record(r) for r in json.loads(metadata["configurations"])]
    if configurations is not None:
        _check_same(path, stored, configurations)
    return tensors, stored, json.loads(metadata["progress"])


def _check_same(path, stored, wanted):
    if len(stored) != len(wanted):
        raise ValueError(
            f"path must be a checkpoint of {len(wanted)} networks, {path} has {len(stored)}"
        )
    for index, (theirs, ours) in enumerate(zip(stored, wanted, strict=True)):
        theirs, ours = theirs.record(), ours.record()
        for key in sorted(theirs.keys() | ours.keys()):
            if theirs.get(key) != ours.get(key):
                raise ValueError(
                    f"path must be a checkpoint of these configurations, {path} has {key} = "
                    f"{theirs.get(key)!r} in replicate {index}, not {ours.get(key)!r}"
                )


def load_weights(module: torch.nn.Module, tensors: Mapping[str, Tensor], prefix: str) -> None:
    """Copy the tensors whose names begin with ``prefix`` into a module's weights."""
    own = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
    module.load_state_dict(own)
