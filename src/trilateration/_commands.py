"""The command line: what each command is called, and what it does."""

import argparse
import contextlib
import dataclasses
import sys
import tempfile
import warnings
from collections.abc import Sequence

import pandas as pd

from trilateration.networks import LINKS, PRECISIONS, architectures
from trilateration.sweeps import (
    PacksFailed,
    default_directory,
    expand,
    processes,
    read_results,
    sweep,
)
from trilateration.sweeps.executors import end_processes
from trilateration.sweeps.running import PACK_SIZE
from trilateration.sweeps.store import Store
from trilateration.training import (
    NOISES,
    OBSERVATIONS,
    PROTOCOLS,
    TASKS,
    Configuration,
    Protocol,
    train,
)

_CHOICES = {
    "architecture": architectures(),
    "head": tuple(LINKS),
    "protocol": PROTOCOLS,
    "tasks": TASKS,
    "noise": NOISES,
    "observation": OBSERVATIONS,
    "precision": PRECISIONS,
}
_NETWORK = {
    "architecture": "what joins the inputs to the heads",
    "n_tasks": "number of tasks",
    "head": "link of the heads",
    "protocol": "how to train; the options of the protocol below change parts of it",
    "n_units": "hidden units",
    "dimension": "dimensions of the latent state",
    "tasks": "evenly spaced lines in the plane, random boundaries, or curved ones",
    "offset_half_width": "random boundaries lie up to this far from the origin, in latent units",
    "sigma": "standard deviation of the evidence per step and axis, in latent units",
    "noise": "law of the noise",
    "noise_parameter": "correlation of neighbouring steps, degrees of freedom, or ratio of axes",
    "observation": "a frozen random encoder, the evidence itself, or a map of it",
    "precision": "to which the factors of large products are rounded",
    "held_out": "side of the corner of positive coordinates that training never shows",
    "correlation": "of the latent coordinates in training",
    "network_noise": "standard deviation of what is added to the drive of every unit",
    "task_spread": "range of the angles of parallel lines, in degrees",
    "offset_shift": "added to the offset of every random boundary, in latent units",
    "label_noise": "probability that a label of training is the wrong one",
    "label_blur": "standard deviation of the distance from which a label of training is made",
    "pool": "number of different trials in training; 0 for new ones for ever",
    "drift": "standard deviation per step of a random walk of the latent state",
    "blocks": "parts of the descent, in each of which one group of tasks is asked",
    "first_weight": "of the first task in the loss, where the mean is 1",
}
_PROTOCOL = {
    "stimulus_steps": "steps with evidence",
    "fixation_steps": "steps before it",
    "decision_steps": "steps after it",
    "asked": "when the label is asked: 'decision' or 'always'",
    "batch": "trials of each network at a step of the descent",
    "steps": "steps of the descent",
    "learning_rate": "of Adam",
    "schedule": "'constant' or 'one-cycle'",
    "start": "weights at first: 'default' or 'persistent'",
    "averaging": "decay of a running average of the weights; 0 for none",
    "patience": "records without improvement after which a network stops; 0 for never",
}
_LISTS = "values are separated by commas; a..b stands for the whole numbers from a to b"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0, 2 after an error, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    name = f"python -m trilateration {options.command}"
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: print(f"{name}: {message}", file=sys.stderr)
            options.action(options)
    except (ValueError, OSError, PacksFailed, ModuleNotFoundError) as error:
        print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:
        print(f"{name}: {str(interrupt) or 'interrupted'}", file=sys.stderr)
        return 130
    return 0


def _parser():
    parser = _Parser(
        prog="python -m trilateration",
        description="Train networks that make many yes-or-no decisions, and score how well "
        "position can be read from them.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_train(commands)
    _add_sweep(commands)
    _add_report(commands)
    return parser


def _add_train(commands):
    command = commands.add_parser(
        "train",
        help="train networks that differ in their seeds, and print their scores",
        description="Train networks that differ in their seeds, as one ensemble, and print a row "
        "of scores for each.",
        epilog="example: python -m trilateration train --protocol fast --n-tasks 24 --seeds 0..4",
        allow_abbrev=False,
    )
    command.set_defaults(action=_train)
    command.add_argument(
        "--seeds", default="0", metavar="LIST", help=f"one network each, by default 0; {_LISTS}"
    )
    network = command.add_argument_group("the network and its world")
    defaults = {f.name: f.default for f in dataclasses.fields(Configuration)}
    for name, text in _NETWORK.items():
        _add_value(network, name, f"{text} (default {defaults[name]})")
    network.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", dest="options",
        help="an option of the architecture, such as n_heads=4; may be repeated",
    )  # fmt: skip
    training = command.add_argument_group("changes of the protocol")
    for name, text in _PROTOCOL.items():
        _add_value(training, name, text)
    command.add_argument(
        "--checkpoint", metavar="FILE",
        help="save the training here each minute and on Ctrl-C, and go on from here if it exists",
    )  # fmt: skip
    _add_common(command)


def _add_sweep(commands):
    command = commands.add_parser(
        "sweep",
        help="train and measure a whole grid, except what is done already",
        description="Train and measure every network of a grid, except what is done already. "
        "Whatever ends a sweep, the same command goes on from there.",
        epilog="example: python -m trilateration sweep --vary architecture=rnn,lstm "
        "--vary n_tasks=2,3,6,12,24 --vary seed=0..4 --vary protocol=fast",
        allow_abbrev=False,
    )
    command.set_defaults(action=_sweep)
    command.add_argument(
        "--vary", action="append", required=True, metavar="NAME=LIST",
        help="a field of a configuration, an attribute of the protocol or an option of the "
        f"architecture, and its values; may be repeated, the product is taken; {_LISTS}",
    )  # fmt: skip
    _add_directory(command)
    command.add_argument(
        "--pack-size", type=int, default=PACK_SIZE, metavar="N",
        help="largest number of networks in one ensemble (default %(default)s)",
    )  # fmt: skip
    command.add_argument(
        "--executor", choices=("process", "dask"),
        help="run packs in processes of this machine, or on a Dask cluster; by default in this "
        "process",
    )  # fmt: skip
    command.add_argument(
        "--workers", type=int, metavar="N", help="number of processes (default: one a core)"
    )
    command.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="with --executor dask: the scheduler of a running cluster, such as tcp://host:8786; "
        "without it, a cluster is made on this machine",
    )  # fmt: skip
    _add_common(command)


def _add_report(commands):
    command = commands.add_parser(
        "report",
        help="print medians of what sweeps have stored",
        description="Print medians over networks of what sweeps have stored.",
        epilog="example: python -m trilateration report --by architecture,n_tasks",
        allow_abbrev=False,
    )
    command.set_defaults(action=_report)
    _add_directory(command)
    command.add_argument(
        "--by", metavar="LIST",
        help="columns that make the groups; by default all that differ, except the seed",
    )  # fmt: skip
    command.add_argument(
        "--all-versions", action="store_true",
        help="show results of other sources and versions too, each apart; by default only what the "
        "installed ones computed",
    )  # fmt: skip


def _add_value(group, name, text):
    choices = _CHOICES.get(name)
    group.add_argument(
        f"--{name.replace('_', '-')}", type=str if choices else _value, choices=choices,
        default=argparse.SUPPRESS, help=text, metavar=None if choices else "VALUE",
    )  # fmt: skip


def _add_directory(command):
    command.add_argument(
        "--directory", metavar="DIR",
        help=f"folder of networks and results (default $TRILATERATION_CACHE or "
        f"{default_directory()})".replace(str(default_directory().home()), "~"),
    )  # fmt: skip


def _add_common(command):
    command.add_argument(
        "--device", default="auto", help="'auto' (CUDA if there is one), 'cpu' or 'cuda'"
    )
    command.add_argument("--quiet", action="store_true", help="show no progress bar")


def _train(options):
    given = vars(options)
    grid = {name: [given[name]] for name in (*_NETWORK, *_PROTOCOL) if name in given}
    grid |= {name: [value] for name, value in map(_pair, options.options)}
    configurations = expand({**grid, "seed": _list(options.seeds)})
    result = train(
        configurations,
        checkpoint=options.checkpoint,
        device=options.device,
        progress=not options.quiet,
    )
    with tempfile.TemporaryDirectory() as folder:
        Store(folder).save(result)
        table = sweep(configurations, directory=folder, progress=False, device=options.device)
    _print(table.drop(columns=[c for c in configurations[0].record() if c != "seed"]))


def _sweep(options):
    grid = {}
    for text in options.vary:
        name, values = _split(text)
        if name in grid:
            raise ValueError(f"--vary {name} must be given once")
        grid[name] = _list(values)
    if options.executor is None and options.workers is not None:
        raise ValueError("--workers must come with --executor process or --executor dask")
    if options.executor != "dask" and options.scheduler is not None:
        raise ValueError("--scheduler must come with --executor dask")
    configurations = expand(grid)
    with _executor(options) as executor:
        table = sweep(
            configurations,
            executor=executor,
            directory=options.directory,
            pack_size=options.pack_size,
            progress=not options.quiet,
            device=options.device,
        )
    _print(_medians(table, _differing(table, configurations)))


def _report(options):
    measure = {"measure": None} if options.all_versions else {}
    table = read_results(options.directory, **measure)
    fields = [c for c in table.columns if not _is_measure(c)]
    if options.by is None:
        by = [c for c in fields if c != "seed" and table[c].nunique(dropna=False) > 1]
    else:
        by = options.by.split(",")
        for name in by:
            if name not in fields:
                raise ValueError(f"--by must name columns, {', '.join(fields)}; got {name!r}")
    if options.all_versions:
        by = [*by, *(c for c in ("measure", "source", "versions") if c not in by)]
    _print(_medians(table, by))


@contextlib.contextmanager
def _executor(options):
    if options.executor is None:
        yield None
    elif options.executor == "process":
        pool = processes(options.workers)
        try:
            yield pool
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            end_processes()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
    else:
        with _dask_client(options) as client:
            yield client


def _dask_client(options):
    try:
        from dask.distributed import Client
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "--executor dask needs dask.distributed: pip install 'trilateration[cluster]'"
        ) from error
    if options.scheduler is not None:
        if options.workers is not None:
            raise ValueError("--workers must not come with --scheduler, which has its own")
        return Client(options.scheduler)
    return Client(n_workers=options.workers, threads_per_worker=1, dashboard_address=None)


_MEASURES = ("diverged", "stopped_at", "seconds")


def _is_measure(column):
    configuration = {f.name for f in dataclasses.fields(Configuration)}
    known = {*configuration, *(f"protocol.{f.name}" for f in dataclasses.fields(Protocol))}
    provenance = ("measure", "source", "versions")
    return not (column in known or column.startswith("option.") or column in provenance)


def _differing(table, configurations):
    names = dict.fromkeys(name for c in configurations for name in c.record())
    return [n for n in names if n != "seed" and table[n].nunique(dropna=False) > 1]


def _medians(table, by):
    """Return the number of networks of each group, how many diverged, and medians of the rest."""
    measures = [c for c in table.columns if _is_measure(c) and c not in _MEASURES]
    measures = [c for c in measures if pd.api.types.is_numeric_dtype(table[c])]
    groups = table.assign(all="") if not by else table
    grouped = groups.groupby(by or "all", dropna=False, sort=True)
    counts = grouped.agg(networks=("diverged", "size"), diverged=("diverged", "sum"))
    result = counts.join(grouped[measures].median())
    return result.reset_index(drop=not by)


def _print(table):
    with pd.option_context("display.float_format", "{:.3f}".format):
        print(table.to_string(index=False))


def _pair(text):
    name, value = _split(text)
    return name, _value(value)


def _split(text):
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ValueError(f"expected NAME=VALUE, got {text!r}")
    return name.strip().replace("-", "_"), value


def _list(text):
    values = []
    for part in text.split(","):
        first, dots, last = part.partition("..")
        if dots and first.strip().isdecimal() and last.strip().isdecimal():
            values += range(int(first), int(last) + 1)
        elif part.strip():
            values.append(_value(part))
    return values


def _value(text):
    text = text.strip()
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text
