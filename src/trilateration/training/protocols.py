"""How networks are trained: the authors' protocol, its dense variant, and a fast one."""

import math
from dataclasses import dataclass, fields, replace

from trilateration._arrays import Scalar
from trilateration._checks import (
    check_at_least,
    check_between,
    check_choice,
    check_count,
    check_positive,
)

SCHEDULES = ("constant", "one-cycle")
STARTS = ("default", "persistent")


@dataclass(frozen=True)
class Protocol:
    """One way to train: the trial, what is asked when, and the descent.

    Attributes
    ----------
    name
        How tables call it.
    stimulus_steps
        T, steps with evidence.
    fixation_steps, decision_steps
        Steps before and after it, which show f(0): the authors' trials have one each.
    asked
        ``"decision"``: the label at the decision steps and ½ before, as the authors do;
        ``"always"``: the label at every step, as the theory assumes.
    batch
        Trials of each network at a step of the descent.
    steps
        Steps of the descent.
    learning_rate, schedule
        Adam's; ``"one-cycle"`` rises over the first quarter and falls to nothing at the end.
    start
        ``"default"`` as torch draws weights; ``"persistent"`` sets input biases so that the mean
        drive is zero and, in rate networks, recurrent weights so that a state outlasts a trial.
    averaging
        0, or the decay < 1 of a running average of the weights, which then is the result.
    patience
        0, or the number of recorded losses without improvement after which a network stops. They
        are losses of single batches.

    Raises
    ------
    ValueError
        If a name is unknown or a value not allowed.
    """

    name: str
    stimulus_steps: int = 20
    fixation_steps: int = 1
    decision_steps: int = 1
    asked: str = "decision"
    batch: int = 16
    steps: int = 100_000
    learning_rate: Scalar = 1e-3
    schedule: str = "constant"
    start: str = "default"
    averaging: Scalar = 0.0
    patience: int = 0

    def __post_init__(self):
        for name in ("stimulus_steps", "batch", "steps"):
            object.__setattr__(self, name, check_count(getattr(self, name), name))
        for name in ("fixation_steps", "decision_steps", "patience"):
            object.__setattr__(self, name, check_count(getattr(self, name), name, minimum=0))
        check_positive(self.learning_rate, "learning_rate")
        check_choice(self.schedule, SCHEDULES, "schedule")
        check_choice(self.start, STARTS, "start")
        check_choice(self.asked, ("decision", "always"), "asked")
        check_at_least(self.averaging, 0, "averaging")
        if self.averaging:
            check_between(self.averaging, 0, 1, "averaging")
        # Plain numbers, because records are written as JSON.
        for name in ("learning_rate", "averaging"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if self.asked == "decision" and self.decision_steps == 0:
            raise ValueError("decision_steps must be at least 1 if asked = 'decision', got 0")

    @property
    def n_steps(self) -> int:
        """Steps of a trial, fixation and decision included."""
        return self.fixation_steps + self.stimulus_steps + self.decision_steps

    @property
    def neutral_steps(self) -> int:
        """Leading steps whose target is ½."""
        if self.asked == "always":
            return self.fixation_steps
        return self.fixation_steps + self.stimulus_steps

    @property
    def cue_steps(self) -> int:
        """Leading steps at which the fixation channel is 1; 0 if there is no such channel."""
        return self.fixation_steps + self.stimulus_steps if self.has_fixation_channel else 0

    @property
    def has_fixation_channel(self) -> bool:
        """Whether there is a channel that tells the decision from what comes before it."""
        return self.fixation_steps > 0 or self.decision_steps > 0

    @property
    def loss_floor(self) -> float:
        """The loss that no network can avoid, in nats: log 2 at the steps with target ½."""
        return math.log(2) * self.neutral_steps / self.n_steps

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        if self.schedule == "constant":
            return float(self.learning_rate)
        done = step / self.steps
        if done < 0.25:
            share = 0.04 + 0.96 * (1 - math.cos(math.pi * done / 0.25)) / 2
        else:
            share = (1 + math.cos(math.pi * (done - 0.25) / 0.75)) / 2
        return float(self.learning_rate * max(share, 1e-3))


# Adam 1e-3, batches of 16, 1e5 steps (the authors give the transformer 2e4).
_PROTOCOLS = {
    "authors": Protocol("authors"),
    "dense": Protocol("dense", fixation_steps=0, decision_steps=0, asked="always"),
    "fast": Protocol(
        "fast",
        fixation_steps=0,
        decision_steps=0,
        asked="always",
        batch=32,
        steps=3000,
        learning_rate=5e-3,
        schedule="one-cycle",
        start="persistent",
    ),
}
PROTOCOLS = tuple(_PROTOCOLS)


def protocol(name: str, **changes) -> Protocol:
    """Return a protocol by name, with changes.

    Parameters
    ----------
    name
        ``"authors"``, ``"dense"`` (their descent, the label asked at every step of the evidence and
        no other steps) or ``"fast"`` (dense, with the start, the batch and the schedule that won
        the search for the least time to a good representation).
    **changes
        Attributes of :class:`Protocol` to replace, such as ``steps=2000``.

    Raises
    ------
    ValueError
        If the name or an attribute is unknown, or a value is not allowed.
    """
    check_choice(name, PROTOCOLS, "protocol")
    known = tuple(field.name for field in fields(Protocol))
    for key in changes:
        check_choice(key, known, "attribute of the protocol")
    return replace(_PROTOCOLS[name], **changes)
