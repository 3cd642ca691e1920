"""Where networks, results and checkpoints lie, and how they are written and read.

::

    networks/<world>/<configuration>.safetensors    one trained network
    results/<world>/<pack>.parquet                  one row a network
    checkpoints/<world>-<pack>.safetensors          a pack in training

Every file is written whole or not at all. A world (:mod:`trilateration.sweeps.identity`) that is
out of date is never read again, and its folder can be deleted.
"""

import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from trilateration.sweeps import identity
from trilateration.training import (
    Configuration,
    TrainedEnsemble,
    load_checkpoint,
    save_checkpoint,
    untrained,
    write_whole,
)


def default_directory() -> Path:
    """Return the folder of networks and results if none is named.

    It is the environment variable ``TRILATERATION_CACHE`` if set, else ``~/.cache/trilateration``.
    """
    named = os.environ.get("TRILATERATION_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "trilateration"


class Network(NamedTuple):
    """One trained network as it lies on disk; fields as in ``TrainedEnsemble``."""

    weights: dict[str, torch.Tensor]
    losses: np.ndarray
    recorded_at: np.ndarray
    stopped_at: int
    diverged: bool
    seconds: float


class Store:
    """A folder of networks, results and checkpoints.

    Parameters
    ----------
    directory
        The folder; ``None`` for the default.
    """

    def __init__(self, directory: Path | str | None = None):
        directory = default_directory() if directory is None else Path(directory)
        self.directory = directory.expanduser().absolute()
        if self.directory.exists() and not self.directory.is_dir():
            raise ValueError(f"directory must be a folder, {self.directory} is a file")

    def network(self, configuration: Configuration) -> Path:
        """Return where a network lies."""
        name = f"{identity.configuration_key(configuration)}.safetensors"
        return self.directory / "networks" / identity.network_world() / name

    def missing(self, configurations: Sequence[Configuration]) -> list[Configuration]:
        """Return those that are not trained yet."""
        return [c for c in configurations if not self.network(c).exists()]

    def checkpoint(self, configurations: Sequence[Configuration]) -> Path:
        """Return where a pack is saved while it trains."""
        name = f"{identity.network_world()}-{identity.pack_key(configurations)}.safetensors"
        return self.directory / "checkpoints" / name

    def unfinished(self) -> list[list[Configuration]]:
        """Return the packs that have a checkpoint; damaged ones and those of other worlds aside."""
        packs = []
        for path in sorted(self.checkpoint(()).parent.glob(f"{identity.network_world()}-*")):
            try:
                packs.append(load_checkpoint(path)[1])
            except (OSError, ValueError):
                continue
        return packs

    def save(self, trained: TrainedEnsemble) -> None:
        """Write each network of an ensemble; its time is its share of the ensemble's."""
        parameters = dict(trained.ensemble.named_parameters())
        for replicate, configuration in enumerate(trained.configurations):
            tensors = {}
            for name, stacked in parameters.items():
                own = stacked[replicate]
                # Task columns beyond the replicate's own only fill the array.
                own = own[..., : configuration.n_tasks] if name.startswith("heads.") else own
                tensors[f"weights.{name}"] = own.detach().clone()
            tensors["losses"] = torch.from_numpy(trained.losses[:, replicate].copy())
            tensors["recorded_at"] = torch.from_numpy(np.asarray(trained.recorded_at, np.int64))
            progress = {
                "stopped_at": int(trained.stopped_at[replicate]),
                "diverged": bool(trained.diverged[replicate]),
                "seconds": trained.seconds / len(trained.configurations),
            }
            save_checkpoint(self.network(configuration), tensors, [configuration], progress)

    def load(self, configuration: Configuration) -> Network:
        """Read a network.

        Raises
        ------
        ValueError
            If the file is damaged; it names the file.
        """
        tensors, _, progress = load_checkpoint(self.network(configuration), [configuration])
        losses, recorded_at = tensors.pop("losses").numpy(), tensors.pop("recorded_at").numpy()
        weights = {name.removeprefix("weights."): tensor for name, tensor in tensors.items()}
        return Network(weights, losses, recorded_at, **progress)

    def assemble(
        self, configurations: Sequence[Configuration], device: str | torch.device = "auto"
    ) -> TrainedEnsemble:
        """Return stored networks as one ensemble, as if they had been trained together."""
        networks = [self.load(configuration) for configuration in configurations]
        ensemble, worlds = untrained(configurations, device=device)
        with torch.no_grad():
            for name, stacked in ensemble.named_parameters():
                for own, network in zip(stacked, networks, strict=True):
                    kept = network.weights[name]
                    own[tuple(map(slice, kept.shape))] = kept.to(own.device)
        ensemble.eval().requires_grad_(False)
        recorded_at = max((network.recorded_at for network in networks), key=len)
        losses = np.full((len(recorded_at), len(networks)), np.nan)
        for replicate, network in enumerate(networks):
            losses[: len(network.losses), replicate] = network.losses
        return TrainedEnsemble(
            ensemble,
            worlds,
            tuple(configurations),
            losses,
            recorded_at,
            np.array([network.stopped_at for network in networks]),
            np.array([network.diverged for network in networks]),
            sum(network.seconds for network in networks),
        )

    def results(self, measure: Callable) -> Path:
        """Return the folder of the results of a measure."""
        return self.directory / "results" / identity.result_world(measure)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write the rows of a pack."""
    contents = io.BytesIO()
    table.to_parquet(contents, index=False)
    write_whole(path, contents.getvalue())


def read_tables(folder: Path) -> pd.DataFrame:
    """Return all rows under a folder, each network once; empty if there are none.

    Raises
    ------
    ValueError
        If a file is damaged; it names the file.
    """
    tables = [_read(path) for path in sorted(folder.rglob("*.parquet"))]
    if not tables:
        return pd.DataFrame()
    table = pd.concat(tables, ignore_index=True)
    worlds = ["key", "measure", "source", "versions"]
    return table.drop_duplicates(worlds, ignore_index=True)


def _read(path):
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} is damaged ({reason}); delete it to compute it again") from error
