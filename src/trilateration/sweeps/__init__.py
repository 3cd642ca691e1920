"""Many networks as one table: grids, packs, stored results, and other machines.

:func:`sweep` turns a grid of configurations into a table with one row a network; :func:`trained`
returns the networks themselves. Both train only what their directory does not hold yet, in this
process, in the processes of any ``concurrent.futures`` executor, or on a Dask cluster. This room
needs the extra ``networks`` (torch, pyarrow); a Dask cluster needs ``cluster`` too.
"""

try:
    import pyarrow  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "trilateration.sweeps needs pyarrow: pip install 'trilateration[networks]'", name="pyarrow"
    ) from error

from trilateration.sweeps.comparison import (
    CONTESTANTS,
    SETTINGS,
    Contestant,
    comparison,
    comparison_grid,
    contestant,
)
from trilateration.sweeps.costs import Seconds, Work, fit_seconds, inference_work, step_work
from trilateration.sweeps.executors import processes
from trilateration.sweeps.grids import expand
from trilateration.sweeps.running import PacksFailed, read_results, sweep, trained
from trilateration.sweeps.scores import decoding_scores
from trilateration.sweeps.store import default_directory

__all__ = [
    "CONTESTANTS",
    "SETTINGS",
    "Contestant",
    "PacksFailed",
    "Seconds",
    "Work",
    "comparison",
    "comparison_grid",
    "contestant",
    "decoding_scores",
    "default_directory",
    "expand",
    "fit_seconds",
    "inference_work",
    "processes",
    "read_results",
    "step_work",
    "sweep",
    "trained",
]
