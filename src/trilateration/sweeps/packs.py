"""Packs: which networks share an ensemble, and the work of one pack from start to stored row."""

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from trilateration.sweeps import identity
from trilateration.sweeps.store import Store, write_table
from trilateration.training import Configuration, TrainedEnsemble, train, untrained

# Networks whose test trials are held in memory at once.
_MEASURED_AT_ONCE = 16

Measure = Callable[[TrainedEnsemble], pd.DataFrame]
Pack = tuple[Configuration, ...]


class Work(NamedTuple):
    """All that a worker needs to know beside its pack.

    Attributes
    ----------
    directory
        Folder of the store, the same on all machines.
    measure
        What to measure, or ``None`` to train only.
    measured, results
        Name of the measure and folder of its rows, ``None`` without measure. Only the process that
        asks can tell them: a worker does not see the source of a notebook.
    device, checkpoint_every, progress
        As for :func:`~trilateration.training.train`.
    world
        Of the process that asks; a worker with other source or versions refuses.
    """

    directory: Path
    measure: Measure | None
    measured: str | None
    results: Path | None
    device: str
    checkpoint_every: float
    progress: bool
    world: str


def plan(configurations: Sequence[Configuration], store: Store, pack_size: int) -> list[Pack]:
    """Return packs of at most ``pack_size`` networks that hold every configuration once.

    A pack that has a checkpoint stays as it is, whatever its size, so that it goes on where it was.
    Within a pack networks are sorted by their number of tasks, since those with equally many share
    the products of their heads.
    """
    left = dict.fromkeys(configurations)
    packs = []
    for pack in store.unfinished():
        if all(configuration in left for configuration in pack):
            packs.append(tuple(pack))
            for configuration in pack:
                del left[configuration]
    groups = defaultdict(list)
    for configuration in left:
        groups[configuration.packs_with()].append(configuration)
    for group in groups.values():
        group.sort(key=lambda configuration: configuration.n_tasks)
        n_packs = -(-len(group) // pack_size)
        bounds = np.linspace(0, len(group), n_packs + 1).round().astype(int)
        packs += [tuple(group[a:b]) for a, b in itertools.pairwise(bounds)]
    return packs


def finish(pack: Pack, work: Work) -> pd.DataFrame:
    """Train what a pack lacks, measure it, store both, and return its rows.

    Raises
    ------
    RuntimeError
        If this process has another source or other versions than the one that asks.
    """
    if work.world != identity.process_world():
        raise RuntimeError(
            "a worker has another source of trilateration or other versions of torch and numpy "
            f"than the process that asks ({identity.versions()}); install the same everywhere"
        )
    store = Store(work.directory)
    train_missing(pack, work, store)
    if work.measure is None:
        return pd.DataFrame()
    table = _rows(pack, store, work)
    write_table(work.results / f"{identity.pack_key(pack)}.parquet", table)
    return table


def train_missing(pack: Pack, work: Work, store: Store) -> None:
    """Train and store the networks of a pack that are not stored."""
    missing = store.missing(pack)
    if not missing:
        return
    # A whole pack may have been trained and only in part been stored.
    group = pack if store.checkpoint(pack).exists() else missing
    checkpoint = store.checkpoint(group)
    trained = train(
        group,
        checkpoint=checkpoint,
        checkpoint_every=work.checkpoint_every,
        device=work.device,
        progress=work.progress,
    )
    store.save(trained)
    checkpoint.unlink(missing_ok=True)


def _rows(pack, store, work):
    networks = {configuration: store.load(configuration) for configuration in pack}
    healthy = [c for c in pack if not networks[c].diverged]
    rows = pd.DataFrame(
        {"key": identity.configuration_key(c)}
        | c.record()
        | {
            "diverged": networks[c].diverged,
            "stopped_at": networks[c].stopped_at,
            "seconds": networks[c].seconds,
        }
        for c in pack
    )
    if healthy:
        measures = _measures(healthy, store, work.measure, work.device)
    else:
        measures = _columns_of(work.measure, pack[0])
    taken = sorted(set(measures.columns) & set(rows.columns))
    if taken:
        raise ValueError(f"measure must name its columns anew, got {', '.join(taken)}")
    measures.index = [identity.configuration_key(c) for c in healthy]
    rows = rows.join(measures, on="key")
    rows["measure"] = work.measured
    rows["source"] = identity.source_digest()
    rows["versions"] = ", ".join(f"{k} {v}" for k, v in identity.versions().items())
    return rows


def _measures(healthy, store, measure, device):
    parts = []
    for begin in range(0, len(healthy), _MEASURED_AT_ONCE):
        some = healthy[begin : begin + _MEASURED_AT_ONCE]
        part = measure(store.assemble(some, device))
        if not isinstance(part, pd.DataFrame) or len(part) != len(some):
            rows = f" of {len(part)}" if isinstance(part, pd.DataFrame) else ""
            raise ValueError(
                f"measure must return a DataFrame with one row a replicate, {len(some)}, "
                f"got {type(part).__name__}{rows}"
            )
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _columns_of(measure, configuration):
    """Return the names of what is measured, and no rows, from a network that is not trained."""
    # With other noise than the network's own, which may be what made it diverge.
    usual = (dataclasses.replace(configuration, sigma=Configuration.sigma),)
    ensemble, worlds = untrained(usual)
    stand_in = TrainedEnsemble(
        ensemble.eval().requires_grad_(False),
        worlds,
        usual,
        losses=np.full((1, 1), np.nan),
        recorded_at=np.ones(1, int),
        stopped_at=np.ones(1, int),
        diverged=np.zeros(1, bool),
        seconds=0.0,
    )
    return measure(stand_in).iloc[:0]
