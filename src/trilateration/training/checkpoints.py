"""Checkpoints: tensors in safetensors, their description as JSON in its header.

A checkpoint is written beside its place and then renamed, so that an interrupt, a crash or a full
disk leaves the one before as it was. Nothing is unpickled.
"""

import contextlib
import json
import os
import uuid
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
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
    metadata["checksum"] = _checksum(contents, metadata)
    write_whole(Path(path), save(contents, metadata))


def _checksum(tensors, metadata):
    """Return the CRC-32 of all values; safetensors itself has none."""
    text = metadata.get("configurations", "") + metadata.get("progress", "")
    total = zlib.crc32(text.encode())
    for name in sorted(tensors):
        total = zlib.crc32(name.encode(), total)
        total = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy(), total)
    return str(total)


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
        raise OSError(
            error.errno,
            f"cannot write {path}: {error.strerror}; what was saved there before is unharmed",
        ) from error
    finally:
        # Nothing is left of it after a rename; after a failure or Ctrl-C it must go.
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


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
        # Read once: safe_open opens a path twice, and in between it may have been replaced.
        contents = path.read_bytes()
        tensors = load(contents)
        header = json.loads(contents[8 : 8 + int.from_bytes(contents[:8], "little")])
        metadata = header.get("__metadata__") or {}
    except (SafetensorError, ValueError) as error:
        raise ValueError(
            f"path must be a whole checkpoint, but {path} is damaged or cut short ({error}); "
            "delete it to begin again"
        ) from error
    if metadata.get("format") != _FORMAT:
        raise ValueError(
            f"path must be a checkpoint of this version, {path} is {metadata.get('format')!r}"
        )
    if metadata.get("checksum") != _checksum(tensors, metadata):
        raise ValueError(
            f"path must be a whole checkpoint, but {path} is damaged (its checksum differs); "
            "delete it to begin again"
        )
    stored = _stored_configurations(path, metadata)
    if configurations is not None:
        _check_same(path, stored, configurations)
    return tensors, stored, json.loads(metadata["progress"])


def _stored_configurations(path, metadata):
    try:
        return [Configuration.from_record(r) for r in json.loads(metadata["configurations"])]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"path must be a checkpoint that this version can read, {path} is not: {error}"
        ) from error


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
