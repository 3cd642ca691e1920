"""Broken and healthy networks by name and strength, and an exam of the diagnosis on them."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from trilateration._arrays import Scalar
from trilateration._checks import check_choice, check_count
from trilateration.geometry.diagnosis.networks import seen_cases
from trilateration.geometry.diagnosis.taxonomy import FAILURES
from trilateration.geometry.diagnosis.verdict import diagnose
from trilateration.parameters import generator
from trilateration.training import Configuration, TrainedEnsemble, protocol, train

HEALTHY = "healthy"
_STEPS, _BATCH = 600, 16
_N_TASKS = (6, 8, 12, 16, 24)
_AT_ONCE = 24  # networks whose trials are held in memory


class Case(NamedTuple):
    """A network to be trained and diagnosed, with what is wrong with it.

    Attributes
    ----------
    truth
        One of ``FAILURES``, or ``"healthy"``.
    strength
        From 0 to 1; NaN for healthy networks.
    configuration
        How it is trained.
    sigma_of_use
        σ of the fresh trials; that of training unless noise is misjudged.
    """

    truth: str
    strength: float
    configuration: Configuration
    sigma_of_use: float


def healthy(seed: int, **changes) -> Case:
    """Return a network without a fault, drawn from many kinds.

    Architecture (three in five are rate networks, the others gated), head, number of tasks (6 to
    24), σ (.1 to .3), D (2 or 3) and the kind of boundaries follow from the seed. 32 units, 20
    readings, 600 steps of 16 trials of the fast protocol.

    Parameters
    ----------
    seed
        Whole number ≥ 0, of the network too.
    **changes
        Attributes of :class:`~trilateration.training.Configuration` to set instead.
    """
    rng = generator(check_count(seed, "seed", minimum=0), "healthy case")
    drawn = {
        "seed": seed,
        "architecture": str(rng.choice(["rnn", "rnn", "rnn", "gru", "lstm"])),
        "head": str(rng.choice(["logistic", "probit"])),
        "n_tasks": int(rng.choice(_N_TASKS)),
        "sigma": float(np.exp(rng.uniform(np.log(0.1), np.log(0.3)))),
        "n_units": 32,
        "protocol": protocol("fast", steps=_STEPS, batch=_BATCH),
    }
    kind = str(rng.choice(["even", "even", "random", "deep"]))
    if kind != "even":
        drawn |= {"tasks": "random", "offset_half_width": float(rng.uniform(0, 0.3))}
    if kind == "deep":
        drawn |= {"dimension": 3, "n_tasks": max(12, drawn["n_tasks"])}
    configuration = Configuration(**(drawn | changes))
    return Case(HEALTHY, float("nan"), configuration, configuration.sigma)


def broken(failure: str, strength: Scalar, seed: int, **changes) -> Case:
    """Return a network with one fault, otherwise as :func:`healthy` draws it.

    From strength 0, where the fault begins to cost something, to 1:

    ==========================  ==================================================================
    ``dependent tasks``         2 random planes for D = 3 below ½; one line 12 times above
    ``near-parallel tasks``     12 lines within 12° to 1°, σ = .2
    ``distant boundaries``      random boundaries moved outwards by .45 to .7, D = 2
    ``hard signs``              σ from .04 to .003
    ``misjudged noise``         σ in use 1.6 to 4 times that of training; odd seeds: by as much less
    ``short trials``            5 to 1 readings, σ at least .2
    ``wrong labels``            a share from .05 to .35
    ``blurred labels``          by .08 to .4 latent units
    ``degenerate latents``      1 − ρ from .04 to .0005
    ``ambiguous observations``  the first of three axes folded below ½, of two above
    ``drifting latents``        steps of .03 to .12
    ``few units``               3 to 1 units
    ``few trials``              120 to 12 different trials
    ``one loud task``           the first weighs 20 to 300 times as much as all others together
    ``forgotten tasks``         3 to 6 blocks of tasks, 1200 steps at a constant rate of 2e-3
    ==========================  ==================================================================

    Parameters
    ----------
    failure
        One of ``FAILURES``.
    strength
        From 0 to 1.
    seed
        Whole number ≥ 0, of everything else.
    **changes
        Attributes of the configuration to set instead, after the fault.

    Raises
    ------
    ValueError
        If the failure is unknown or the strength outside [0, 1].
    """
    check_choice(failure, FAILURES, "failure")
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must lie in [0, 1], got {strength!r}")
    base = healthy(seed).configuration
    configuration = replace(base, **(_fault(failure, float(strength), base) | changes))
    in_use = configuration.sigma
    if failure == "misjudged noise":
        factor = _between(1.6, 4, strength)
        in_use = in_use / factor if seed % 2 else in_use * factor
    return Case(failure, float(strength), configuration, in_use)


def _between(first, last, strength):
    """Go from the first to the last value in equal ratios."""
    return first * (last / first) ** strength


def _fault(failure, strength, base):
    plane = {"dimension": 2, "tasks": "even", "offset_half_width": 0.0}
    protocol = base.protocol
    if failure == "dependent tasks":
        if strength < 0.5:
            return {"dimension": 3, "tasks": "random", "n_tasks": 2}
        return plane | {"tasks": "parallel", "task_spread": 1e-6, "n_tasks": 12}
    if failure == "near-parallel tasks":
        spread = _between(12, 1, strength)
        return plane | {"tasks": "parallel", "task_spread": spread, "n_tasks": 12, "sigma": 0.2}
    if failure == "distant boundaries":
        shift = 0.45 + 0.25 * strength
        return plane | {"tasks": "random", "offset_shift": shift}
    if failure == "ambiguous observations":
        if strength < 0.5:
            return {
                "observation": "folded", "dimension": 3, "tasks": "random", "n_tasks": 24
            }  # fmt: skip
        return plane | {"observation": "folded"}
    if failure == "short trials":
        steps = round(5 - 4 * strength)
        return {
            "protocol": replace(protocol, stimulus_steps=steps), "sigma": max(base.sigma, 0.2)
        }  # fmt: skip
    if failure == "forgotten tasks":
        n_tasks = min(base.n_tasks, 12)
        long = replace(protocol, steps=2 * _STEPS, schedule="constant", learning_rate=2e-3)
        return {"n_tasks": n_tasks, "blocks": round(3 + 3 * strength), "protocol": long}
    return {
        "hard signs": {"sigma": _between(0.04, 0.003, strength)},
        "misjudged noise": {},
        "wrong labels": {"label_noise": _between(0.05, 0.35, strength)},
        "blurred labels": {"label_blur": _between(0.08, 0.4, strength)},
        "degenerate latents": {"correlation": 1 - _between(0.04, 0.0005, strength)},
        "drifting latents": {"drift": _between(0.03, 0.12, strength)},
        "few units": {"n_units": round(3 - 2 * strength)},
        "few trials": {"pool": round(_between(120, 12, strength))},
        "one loud task": {"first_weight": _between(20, 300, strength) * (base.n_tasks - 1)},
    }[failure]


def examine(
    cases: Sequence[Case],
    *,
    n_trials: int = 800,
    trainer: Callable[[list[Configuration]], TrainedEnsemble] | None = None,
) -> pd.DataFrame:
    """Train cases, in as few ensembles as can be, and diagnose each.

    Parameters
    ----------
    cases
        Of :func:`healthy` and :func:`broken`.
    n_trials
        Fresh trials, and trials of training, on which each is judged, ≥ 200.
    trainer
        Trains configurations that pack; by default :func:`~trilateration.training.train`. Give it
        :func:`trilateration.sweeps.trained` to keep the networks.

    Returns
    -------
    pandas.DataFrame
        One row a case, in their order: ``truth``, ``strength``, ``seed``, ``architecture``,
        ``head``, ``n_tasks``, ``dimension``, ``sigma``, ``first`` (the first finding,
        ``"healthy"``, or ``"diverged"`` if training failed), ``severity``, ``findings`` (all, in
        order), ``correct``, ``lost``.
    """
    trainer = trainer or partial(train, progress=False)
    packs = defaultdict(list)
    for index, case in enumerate(cases):
        packs[case.configuration.packs_with()].append(index)
    rows = {}
    for pack in packs.values():
        pack.sort(key=lambda index: cases[index].configuration.n_tasks)
        for begin in range(0, len(pack), _AT_ONCE):
            members = pack[begin : begin + _AT_ONCE]
            trained = trainer([cases[i].configuration for i in members])
            in_use = [cases[i].sigma_of_use for i in members]
            seen = seen_cases(trained, n_trials, sigma_of_use=in_use)
            for index, lost, one in zip(members, trained.diverged, seen, strict=True):
                rows[index] = _row(cases[index], None if lost else diagnose(*one))
    return pd.DataFrame([rows[index] for index in range(len(cases))])


def _row(case, found):
    own = case.configuration
    first = found.first if found else "diverged"
    findings = found.findings if found else ()
    return {
        "truth": case.truth,
        "strength": case.strength,
        **{key: getattr(own, key) for key in ("seed", "architecture", "head", "n_tasks")},
        "dimension": own.dimension,
        "sigma": own.sigma,
        "first": first,
        "severity": findings[0].severity if findings else 0.0,
        "findings": ", ".join(each.failure for each in findings),
        "correct": first == case.truth,
        "lost": found.lost if found else float("nan"),
    }
