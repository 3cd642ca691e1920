"""From a grid of values to the configurations it stands for, all checked before any work."""

import dataclasses
import difflib
import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from trilateration.networks import architectures, make_core
from trilateration.training import Configuration, Protocol, protocol

_FIELDS = tuple(f.name for f in dataclasses.fields(Configuration))
# The name of a protocol is the value of `protocol`, not something to vary by itself.
_PROTOCOL_FIELDS = tuple(f.name for f in dataclasses.fields(Protocol) if f.name != "name")


def expand(grid: Mapping[str, object] | Sequence[object]) -> list[Configuration]:
    """Return the configurations of a grid, each once and all valid.

    Parameters
    ----------
    grid
        Lists of values by name; their product is taken, the last name varying fastest. Names are
        fields of :class:`~trilateration.training.Configuration` (``n_tasks``), attributes of the
        protocol (``steps``) and options of an architecture (``n_heads``). An option is given to the
        architectures that have it; those of the grid that have not appear once. Instead, a sequence
        of configurations, which is returned as a list.

    Raises
    ------
    ValueError
        If a name is unknown, a list empty, a value not allowed or a network asked for twice.
    """
    if isinstance(grid, Mapping):
        configurations = _product(grid)
    else:
        configurations = list(grid)
        for configuration in configurations:
            if not isinstance(configuration, Configuration):
                raise ValueError(
                    f"grid must be a mapping or hold Configurations, got {configuration!r}"
                )
        _check_distinct(configurations)
    if not configurations:
        raise ValueError("grid must hold at least one configuration, got none")
    return configurations


def _product(grid):
    lists = {name: _values(name, values) for name, values in grid.items()}
    names = lists.get("architecture", [Configuration.architecture])
    options = {name: _options_of(name) for name in names if name in architectures()}
    for name in lists:
        _check_name(name, options)
    # A dictionary keeps order; equal ones come of options that an architecture does not have.
    found = {}
    for values in itertools.product(*lists.values()):
        found[_configuration(dict(zip(lists, values, strict=True)), options)] = None
    return list(found)


def _values(name, values):
    listed = isinstance(values, Iterable) and not isinstance(values, str | bytes | Mapping)
    if not listed:
        raise ValueError(f"{name} must be a list of values, got {values!r}; write [{values!r}]")
    values = [v.item() if isinstance(v, np.generic) else v for v in values]
    if not values:
        raise ValueError(f"{name} must list at least one value, got none")
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ValueError(f"{name} must list each value once, got {value!r} twice")
    return values


def _options_of(architecture):
    # The width is a multiple of every default number of heads.
    return tuple(make_core(architecture, n_units=64).defaults)


def _check_name(name, options):
    known = {*_FIELDS, *_PROTOCOL_FIELDS, *itertools.chain.from_iterable(options.values())}
    if name in known:
        return
    owners = [a for a in architectures() if name in _options_of(a)]
    if owners:
        raise ValueError(
            f"{name} is an option of {' and '.join(owners)}, none of which is in the grid: "
            f"{', '.join(options)}"
        )
    close = difflib.get_close_matches(str(name), sorted(known), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(sorted(known))}"
    raise ValueError(
        "grid must name fields of Configuration, attributes of the protocol or options of the "
        f"architecture, got {name!r}{hint}"
    )


def _configuration(values, options):
    own = {name: values[name] for name in values if name in _FIELDS}
    base = own.pop("protocol", "authors")
    base = protocol(base) if isinstance(base, str) else base
    changes = {name: values[name] for name in values if name in _PROTOCOL_FIELDS}
    if changes and isinstance(base, Protocol):
        base = dataclasses.replace(base, **changes)
    architecture = own.get("architecture", Configuration.architecture)
    given = dict(own.pop("options", ()))
    given |= {name: values[name] for name in values if name in options.get(architecture, ())}
    return Configuration(**own, protocol=base, options=given)


def _check_distinct(configurations):
    seen = set()
    for configuration in configurations:
        if configuration in seen:
            raise ValueError(f"grid must hold each network once, got twice {configuration}")
        seen.add(configuration)
