"""One way to hand work to this process, to any ``concurrent.futures`` executor, or to Dask.

Nothing here schedules: an executor or a Dask cluster decides what runs where and when.
"""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait

import torch

from trilateration._checks import check_count

# How often, in seconds, whoever waits may do something else, such as redraw a clock.
_PATIENCE = 1.0


def processes(workers: int | None = None) -> ProcessPoolExecutor:
    """Return an executor of processes of this machine that share its cores evenly.

    Parameters
    ----------
    workers
        Number of processes ≥ 1; by default one a core.
    """
    cores = os.cpu_count() or 1
    workers = check_count(cores if workers is None else workers, "workers")
    # Forked processes would inherit torch's threads in a state they cannot use.
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin_worker,
        initargs=(max(1, cores // workers),),
    )


def _begin_worker(threads):
    # Ctrl-C reaches all processes of a terminal: those that train save, idle ones ignore it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)


def check_executor(executor: object) -> None:
    """Require ``None``, a ``concurrent.futures`` executor or a Dask client.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if not (executor is None or isinstance(executor, Executor) or _is_dask(executor)):
        raise ValueError(
            "executor must be None, a concurrent.futures executor or a dask.distributed Client, "
            f"got {type(executor).__name__}"
        )


def _is_dask(executor):
    return callable(getattr(executor, "get_executor", None))


def run(
    function: Callable, tasks: Mapping[str, tuple], executor: object, tick: Callable[[], object]
) -> Iterator[tuple[str, Future]]:
    """Yield each task's key and its finished future, in the order in which they end.

    If whoever iterates stops early, what has not begun is cancelled.

    Parameters
    ----------
    function
        Called with a task's arguments.
    tasks
        Arguments by key; a key names the task on a Dask cluster.
    executor
        Where to run; ``None`` for this process, one after the other.
    tick
        Called about once a second while waiting.
    """
    if executor is None:
        for key, arguments in tasks.items():
            yield key, _run_here(function, arguments)
        return
    if _is_dask(executor):
        pool = executor.get_executor(pure=False)
        futures = {pool.submit(function, *args, key=key): key for key, args in tasks.items()}
    else:
        futures = {executor.submit(function, *args): key for key, args in tasks.items()}
    left = set(futures)
    try:
        while left:
            done, left = wait(left, timeout=_PATIENCE, return_when=FIRST_COMPLETED)
            for future in done:
                yield futures[future], future
            tick()
    finally:
        for future in left:
            future.cancel()


def _run_here(function, arguments):
    future = Future()
    # A full disk would fail every further task too: let OSError pass, and KeyboardInterrupt.
    try:
        future.set_result(function(*arguments))
    except OSError:
        raise
    except Exception as error:
        future.set_exception(error)
    return future


def end_processes() -> None:
    """End the worker processes of this one after an interrupt: let them save, then stop them."""
    children = multiprocessing.active_children()
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGINT)
    for child in children:
        child.join(timeout=1)
        if child.is_alive():
            child.terminate()
