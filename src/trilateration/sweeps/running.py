"""The two calls that chapters and the command line use, and how failures are told."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from trilateration._arrays import Scalar
from trilateration._checks import check_choice, check_count, check_positive
from trilateration.sweeps import identity
from trilateration.sweeps.executors import check_executor, run
from trilateration.sweeps.grids import expand
from trilateration.sweeps.packs import Measure, Work, finish, plan
from trilateration.sweeps.scores import decoding_scores
from trilateration.sweeps.store import Store, read_tables, write_table
from trilateration.training import (
    Configuration,
    DivergenceWarning,
    TrainedEnsemble,
    check_packs,
    choose_device,
)

PACK_SIZE = 32
_PROVENANCE = ["key", "measure", "source", "versions"]


class PacksFailed(RuntimeError):
    """Some packs failed; the others are stored.

    Attributes
    ----------
    failures
        The error of each failed pack, by the configurations of the pack.
    """

    def __init__(self, message: str, failures: Mapping[tuple[Configuration, ...], BaseException]):
        super().__init__(message)
        self.failures = failures


def sweep(
    grid: Mapping[str, object] | Sequence[object],
    *,
    measure: Measure = decoding_scores,
    executor: object = None,
    directory: Path | str | None = None,
    pack_size: int = PACK_SIZE,
    progress: bool = True,
    device: str = "auto",
    checkpoint_every: Scalar = 60.0,
) -> pd.DataFrame:
    """Train and measure every network of a grid, except what is done already.

    Every pack of networks is saved while it trains, its networks when they are trained and its rows
    when they are measured. Whatever ends a sweep, the same call goes on from there. A change of the
    package's source (but not of its figures or claims), of torch, of NumPy or of the measure makes
    all that depends on it be computed again.

    Parameters
    ----------
    grid
        See :func:`expand`.
    measure
        Takes a :class:`~trilateration.training.TrainedEnsemble` and returns a DataFrame, one row a
        replicate; a function at the top level of a module, or ``functools.partial`` of one. It is
        not shown networks that diverged.
    executor
        ``None`` for this process, all cores; or a ``concurrent.futures`` executor, such as
        :func:`processes`; or a ``dask.distributed.Client``, whose workers see ``directory`` under
        the same name.
    directory
        Folder of networks, results and checkpoints; see :func:`default_directory`.
    pack_size
        Largest number of networks in one ensemble.
    progress
        Whether to show a progress bar, in steps of single networks, with the time left.
    device
        ``"auto"``, ``"cpu"`` or ``"cuda"``.
    checkpoint_every
        Seconds between checkpoints of a pack.

    Returns
    -------
    pandas.DataFrame
        One row a network in the order of the grid: its configuration
        (:meth:`~trilateration.training.Configuration.record`), ``diverged``, ``stopped_at``,
        ``seconds`` (its share of its pack's training time) and the measures, NaN for a network that
        diverged.

    Raises
    ------
    ValueError
        If an argument is not allowed; before any work.
    PacksFailed
        If packs failed, after all others are done.
    OSError
        If this process cannot write; nothing that was saved is lost.
    """
    configurations = expand(grid)
    store = Store(directory)
    folder = store.results(measure)
    done = read_tables(folder)
    known = set(done["key"]) if len(done) else set()
    keys = [identity.configuration_key(c) for c in configurations]
    todo = [c for c, key in zip(configurations, keys, strict=True) if key not in known]
    _train_and_measure(
        todo, store, measure, executor, pack_size, progress, device, checkpoint_every
    )
    table = read_tables(folder).set_index("key").loc[keys].reset_index(drop=True)
    _warn_of_divergence(table)
    return table.drop(columns=_PROVENANCE[1:])


def trained(
    configurations: Sequence[Configuration],
    *,
    executor: object = None,
    directory: Path | str | None = None,
    pack_size: int = PACK_SIZE,
    progress: bool = True,
    device: str = "auto",
    checkpoint_every: Scalar = 60.0,
) -> TrainedEnsemble:
    """Return trained networks as one ensemble, training only those that are not stored.

    Parameters
    ----------
    configurations
        One a replicate, in the order wanted; they must pack.
    executor, directory, pack_size, progress, device, checkpoint_every
        As for :func:`sweep`.

    Returns
    -------
    TrainedEnsemble
        Its ``seconds`` are those that the training took when it was done.

    Raises
    ------
    ValueError, PacksFailed, OSError
        As for :func:`sweep`; ``ValueError`` also if the configurations do not pack.
    """
    check_packs(configurations)
    store = Store(directory)
    todo = list(dict.fromkeys(store.missing(configurations)))
    _train_and_measure(todo, store, None, executor, pack_size, progress, device, checkpoint_every)
    return store.assemble(configurations, device)


def read_results(
    directory: Path | str | None = None, *, measure: Measure | None = decoding_scores
) -> pd.DataFrame:
    """Return what sweeps have stored, one row a network.

    Parameters
    ----------
    directory
        As for :func:`sweep`.
    measure
        Whose results, as computed by the present source and versions; ``None`` for all results of
        all measures, sources and versions, which the columns ``measure``, ``source`` and
        ``versions`` then tell apart.

    Raises
    ------
    ValueError
        If there are none; if there are others, it says so.
    """
    store = Store(directory)
    everything = store.directory / "results"
    table = read_tables(everything if measure is None else store.results(measure))
    if len(table):
        return table.drop(columns="key" if measure is None else _PROVENANCE)
    others = len(read_tables(everything))
    hint = f"; {others} are of other measures, sources or versions" if others else ""
    raise ValueError(f"directory must hold results, {store.directory} has none{hint}")


def _train_and_measure(
    todo, store, measure, executor, pack_size, progress, device, checkpoint_every
):
    check_executor(executor)
    check_count(pack_size, "pack_size")
    check_choice(progress, (True, False), "progress")
    check_positive(checkpoint_every, "checkpoint_every")
    if executor is None:
        choose_device(device)
    if not todo:
        return
    packs = {identity.pack_key(pack): pack for pack in plan(todo, store, pack_size)}
    here = bool(progress) and executor is None
    work = Work(
        directory=store.directory,
        measure=measure,
        measured=identity.measure_name(measure) if measure else None,
        results=store.results(measure) if measure else None,
        device=device,
        checkpoint_every=checkpoint_every,
        progress=here,
        world=identity.process_world(),
    )
    tasks = {key: (pack, work) for key, pack in packs.items()}
    steps = {key: sum(c.protocol.steps for c in pack) for key, pack in packs.items()}
    failures = {}
    # No smoothing: packs end in bunches, and the mean rate is the honest one.
    bar = tqdm(
        total=sum(steps.values()), unit="step", unit_scale=True, smoothing=0, disable=not progress,
        desc=f"{len(todo)} networks in {len(packs)} packs",
    )  # fmt: skip
    finished = 0
    try:
        with bar:
            for key, future in run(finish, tasks, executor, bar.refresh):
                error = future.exception()
                if isinstance(error, KeyboardInterrupt):
                    raise error
                if error is not None:
                    failures[packs[key]] = error
                elif measure is not None:
                    # A worker whose disk is not this one's has written its rows elsewhere.
                    path = work.results / f"{key}.parquet"
                    if not path.exists():
                        write_table(path, future.result())
                finished += error is None
                bar.update(steps[key])
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"{finished} of {len(packs)} packs are done, saved in {store.directory}; the same "
            "call goes on from there"
        ) from None
    if failures:
        _tell(failures, packs, store)


def _tell(failures, packs, store):
    pack, error = next(iter(failures.items()))
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    first = f"{len(pack)} x {pack[0].architecture} with {pack[0].n_tasks} tasks"
    raise PacksFailed(
        f"{len(failures)} of {len(packs)} packs failed, the first ({first}) with {reason}; what "
        f"is done is saved in {store.directory}, and the same call does only the rest",
        failures,
    ) from error


def _warn_of_divergence(table):
    lost = table[table["diverged"].astype(bool)]
    if len(lost):
        first = lost.iloc[0]
        warnings.warn(
            f"{len(lost)} of {len(table)} networks diverged and have no measures, the first: "
            f"{first['architecture']}, seed {first['seed']}, {first['n_tasks']} tasks",
            DivergenceWarning,
            stacklevel=3,
        )
