"""Train an ensemble: one step of the descent for all replicates is one tensor program."""

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from tqdm import tqdm

from trilateration._checks import check_at_least, check_count
from trilateration.networks import Ensemble, Product
from trilateration.training.checkpoints import load_checkpoint, load_weights, save_checkpoint
from trilateration.training.configuration import Configuration
from trilateration.training.interrupts import DeferredInterrupt
from trilateration.training.memory import keep_freed_memory
from trilateration.training.optimiser import PaddedAdam
from trilateration.training.worlds import Worlds

# A loss this many times log 2, what an undecided network pays, counts as diverged. An integrator
# may begin at 30 times and recover.
_DIVERGED = 1e4


class DivergenceWarning(UserWarning):
    """A network's loss is no longer a finite, sensible number."""


@dataclass(frozen=True, eq=False)
class TrainedEnsemble:
    """Trained networks, their worlds, and how the training went.

    Attributes
    ----------
    ensemble
        The networks, in evaluation state.
    worlds
        Their encoders and boundaries; :meth:`~trilateration.training.Worlds.trials` draws tests.
    configurations
        One a replicate.
    losses
        Loss in nats per report, ``(record, replicate)``; NaN after a replicate stopped or diverged.
    recorded_at
        Steps at which the losses were taken, counted from 1.
    stopped_at
        Step after which each replicate's weights no longer changed.
    diverged
        Whether each replicate diverged.
    seconds
        Wall-clock time of training, all sessions together.
    """

    ensemble: Ensemble
    worlds: Worlds
    configurations: tuple[Configuration, ...]
    losses: Float[np.ndarray, "record replicate"]
    recorded_at: Int[np.ndarray, " record"]
    stopped_at: Int[np.ndarray, " replicate"]
    diverged: Bool[np.ndarray, " replicate"]
    seconds: float


def choose_device(device: str | torch.device = "auto") -> torch.device:
    """Return the device to compute on; ``"auto"`` is CUDA where there is one, else the CPU.

    Raises
    ------
    ValueError
        If torch has no such device.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"device must be 'auto', 'cpu' or 'cuda', got {device!r} ({reason})"
        ) from error
    return chosen


def untrained(
    configurations: Sequence[Configuration], *, device: str | torch.device = "cpu"
) -> tuple[Ensemble, Worlds]:
    """Return the networks as training begins with them, and their worlds.

    Parameters
    ----------
    configurations
        One a replicate; they must pack.
    device
        As in :func:`train`.
    """
    device = choose_device(device)
    worlds = Worlds(configurations, device)
    first = configurations[0]
    ensemble = Ensemble(
        first.architecture,
        seeds=[c.seed for c in configurations],
        n_tasks=[c.n_tasks for c in configurations],
        n_features=worlds.n_features,
        n_units=first.n_units,
        head=first.head,
        fixation=first.protocol.has_fixation_channel,
        precision=first.precision,
        **dict(first.options),
    ).to(device)
    if first.protocol.start == "persistent":
        ensemble.core.make_persistent()
        features = worlds.trials(500, stream="centre").features
        steps = slice(first.protocol.fixation_steps, None)
        ensemble.centre_drive(features[:, steps].flatten(1, 2))
    return ensemble, worlds


def train(
    configurations: Sequence[Configuration],
    *,
    checkpoint: Path | str | None = None,
    checkpoint_every: float = 60.0,
    records: int = 100,
    device: str | torch.device = "auto",
    progress: bool = True,
) -> TrainedEnsemble:
    """Train networks together, or go on where a checkpoint left off.

    Every replicate follows its own trials and its own gradient; the only thing shared is the time
    they take. A replicate that diverges is reported (:class:`DivergenceWarning`) and the others go
    on. Ctrl-C ends after the present step, saves, and raises ``KeyboardInterrupt``.

    Parameters
    ----------
    configurations
        One a replicate; they may differ in seed, tasks, noise and law of the positions
        (``PER_REPLICATE``).
    checkpoint
        File to save to, and to resume from if it exists. A resumed run ends with the same weights
        as one that was never interrupted.
    checkpoint_every
        Seconds between saves; 0 to save after every step.
    records
        Number of losses to record, evenly spaced over the steps; patience counts them.
    device
        ``"auto"``, ``"cpu"`` or ``"cuda"``.
    progress
        Whether to show a progress bar with the time left.

    Raises
    ------
    ValueError
        If configurations do not pack, a value is not allowed, or the checkpoint is damaged, of
        other configurations or of other ``records``.
    OSError
        If a checkpoint cannot be written.
    """
    check_count(records, "records")
    check_at_least(checkpoint_every, 0, "checkpoint_every")
    if not isinstance(progress, bool):
        raise ValueError(f"progress must be True or False, got {progress!r}")
    run = _Run(configurations, device, records, checkpoint)
    if checkpoint is not None and Path(checkpoint).exists():
        run.restore()
    run.go(checkpoint_every, progress)
    return run.result()


def descent(
    configurations: Sequence[Configuration], *, device: str | torch.device = "auto"
) -> Iterator[int]:
    """Train as :func:`train` does, but one step each time a number is asked for.

    It keeps no checkpoint and returns no networks: it is there to be timed.

    Parameters
    ----------
    configurations, device
        As in :func:`train`.

    Yields
    ------
    int
        The number of steps done.
    """
    run = _Run(configurations, device, 1, None)
    while run.step < run.protocol.steps:
        run._descend()
        yield run.step


def step_products(configuration: Configuration) -> list[Product]:
    """Return the matrix products that one network's step of the descent cannot do without.

    Only stimulus steps pass through the encoder: the others show f(0), which is known.
    :func:`~trilateration.networks.flops` counts their operations.

    Parameters
    ----------
    configuration
        The network.
    """
    ensemble, worlds = untrained([configuration])
    protocol, products = configuration.protocol, []
    if worlds.encoders is not None:
        products += worlds.encoders.products(protocol.batch * protocol.stimulus_steps)
    return products + ensemble.products(protocol.batch, protocol.n_steps)


class _Run:
    """One training run: everything that changes while it goes."""

    def __init__(self, configurations, device, records, checkpoint):
        keep_freed_memory()
        self.configurations = tuple(configurations)
        self.ensemble, self.worlds = untrained(self.configurations, device=device)
        self.protocol = self.configurations[0].protocol
        self.checkpoint = None if checkpoint is None else Path(checkpoint)
        self.optimiser = PaddedAdam(self.ensemble.parameters())
        self.average = None
        if self.protocol.averaging:
            self.average = [p.detach().clone() for p in self.ensemble.parameters()]
        n = len(self.configurations)
        self.every = max(1, self.protocol.steps // records)
        self.step, self.seconds = 0, 0.0
        self.losses, self.recorded_at = [], []
        self.stopped_at = np.full(n, -1)
        self.diverged = np.zeros(n, dtype=bool)
        self.final = [p.detach().clone() for p in self.ensemble.parameters()]

    def go(self, checkpoint_every, progress):
        began, saved = time.monotonic(), time.monotonic()
        before = self.seconds
        bar = tqdm(
            total=self.protocol.steps,
            initial=self.step,
            disable=not progress,
            unit="step",
            desc=f"{len(self.configurations)} x {self.configurations[0].architecture}",
            leave=False,
        )
        with DeferredInterrupt() as interrupt, bar:
            while self.step < self.protocol.steps and (self.stopped_at < 0).any():
                self._descend()
                bar.update()
                now = time.monotonic()
                self.seconds = before + now - began
                if interrupt.asked:
                    self.save()
                    raise KeyboardInterrupt(f"stopped after step {self.step}{self._where()}")
                if now - saved > checkpoint_every:
                    self.save()
                    saved = time.monotonic()
        self.save()

    def _where(self):
        return "" if self.checkpoint is None else f"; saved in {self.checkpoint}"

    def _descend(self):
        batch = self.worlds.batch(self.step)
        width, step = self.ensemble.core.width, str(self.step)
        noise = self.worlds.network_noise(self.protocol.batch, width, "training", step)
        hidden = self.ensemble.states(batch.features, self.protocol.cue_steps, noise)
        readouts = self.ensemble.heads.run_readouts(hidden, self.ensemble.core.dtype)
        labels = self.ensemble.heads.parts(batch.labels)
        weights = self._weights()
        with torch.no_grad():
            slopes = [
                self._slope(z, y[:, None], w)
                for z, y, w in zip(readouts, labels, weights, strict=True)
            ]
        torch.autograd.backward(readouts, slopes)
        self.optimiser.step(self.protocol.rate(self.step))
        self.step += 1
        if self.average is not None:
            # A young average forgets its start faster.
            decay = min(self.protocol.averaging, self.step / (self.step + 9))
            torch._foreach_lerp_(self.average, self._detached(), 1 - decay)
        if self.step % self.every == 0 or self.step == self.protocol.steps:
            with torch.no_grad():
                losses = [
                    self._loss(z, y[:, None], w)
                    for z, y, w in zip(readouts, labels, weights, strict=True)
                ]
            self._record(torch.cat(losses).double().cpu().numpy())

    def _weights(self):
        """Return what tasks weigh, ``(run, 1, 1, own)`` for each run of the heads, or None."""
        weights = self.worlds.task_weights(self.step)
        if weights is None:
            return [None] * len(self.ensemble.heads.runs)
        return [own[:, None, None] for own in self.ensemble.heads.parts(weights)]

    def _slope(self, readouts, labels, weights):
        """Return the slope of each replicate's mean loss."""
        link, neutral = self.ensemble.heads.link, self.protocol.neutral_steps
        slope = torch.empty_like(readouts)
        if neutral:
            slope[:, :neutral] = link.slope_at_half(readouts[:, :neutral])
        slope[:, neutral:] = link.slope_of_labels(readouts[:, neutral:], labels)
        if weights is not None:
            slope *= weights
        return slope.div_(readouts[0].numel())

    def _loss(self, readouts, labels, weights):
        """Return each replicate's mean loss."""
        link, neutral = self.ensemble.heads.link, self.protocol.neutral_steps
        weight = 1.0 if weights is None else weights
        half = readouts.new_tensor(0.5)
        loss = (weight * link.loss(readouts[:, neutral:], labels)).sum((1, 2, 3))
        if neutral:
            loss += (weight * link.loss(readouts[:, :neutral], half)).sum((1, 2, 3))
        return loss / readouts[0].numel()

    def _record(self, loss):
        running = self.stopped_at < 0
        lost = running & ~(loss < _DIVERGED * math.log(2))
        for replicate in np.flatnonzero(lost):
            configuration = self.configurations[replicate]
            warnings.warn(
                f"replicate {replicate} (seed {configuration.seed}, {configuration.n_tasks} tasks) "
                f"diverged by step {self.step}: loss {loss[replicate]:.3g}; the others go on",
                DivergenceWarning,
                stacklevel=4,
            )
        self.diverged |= lost
        self.losses.append(np.where(running & ~lost, loss, np.nan))
        self.recorded_at.append(self.step)
        self._stop(lost | (running & self._no_longer_improves()))

    def _no_longer_improves(self):
        patience = self.protocol.patience
        if not patience or len(self.losses) <= patience:
            return np.zeros(len(self.configurations), dtype=bool)
        losses = np.stack(self.losses)
        return losses[-patience:].min(0) >= losses[:-patience].min(0)

    def _stop(self, which):
        """Keep the weights that the named replicates have now; what follows does not count."""
        for replicate in np.flatnonzero(which):
            self.stopped_at[replicate] = self.step
            for kept, now in zip(self.final, self._outcome(), strict=True):
                kept[replicate] = now[replicate]

    def _outcome(self):
        return self.average if self.average is not None else self._detached()

    def _detached(self):
        return [p.detach() for p in self.ensemble.parameters()]

    def save(self):
        """Write everything that a resumed run needs."""
        if self.checkpoint is None:
            return
        tensors = {f"weights.{k}": v for k, v in self.ensemble.state_dict().items()}
        adam = self.optimiser.state()
        for index, (name, _) in enumerate(self.ensemble.named_parameters()):
            tensors |= {f"adam.{key}.{name}": value for key, value in adam[index].items()}
            tensors[f"final.{name}"] = self.final[index]
            if self.average is not None:
                tensors[f"average.{name}"] = self.average[index]
        n = len(self.configurations)
        tensors["losses"] = torch.from_numpy(np.reshape(self.losses, (-1, n)))
        progress = {
            "step": self.step,
            "every": self.every,
            "seconds": self.seconds,
            "recorded_at": self.recorded_at,
            "stopped_at": self.stopped_at.tolist(),
            "diverged": self.diverged.tolist(),
        }
        save_checkpoint(self.checkpoint, tensors, self.configurations, progress)

    def restore(self):
        """Go back to where the checkpoint was written."""
        tensors, _, progress = load_checkpoint(self.checkpoint, self.configurations)
        if progress["every"] != self.every:
            raise ValueError(
                f"records must be as in {self.checkpoint}, one every {progress['every']} steps, "
                f"got one every {self.every}"
            )
        load_weights(self.ensemble, tensors, "weights.")
        adam = []
        for index, (name, _) in enumerate(self.ensemble.named_parameters()):
            self.final[index].copy_(tensors[f"final.{name}"])
            if self.average is not None:
                self.average[index].copy_(tensors[f"average.{name}"])
            keys = {f"adam.{key}.{name}": key for key in ("step", "exp_avg", "exp_avg_sq")}
            adam.append({key: tensors[own] for own, key in keys.items() if own in tensors})
        self.optimiser.restore(adam)
        self.losses = list(tensors["losses"].numpy())
        self.step, self.seconds = progress["step"], progress["seconds"]
        self.recorded_at = progress["recorded_at"]
        self.stopped_at = np.array(progress["stopped_at"])
        self.diverged = np.array(progress["diverged"])

    def result(self):
        """Return the trained networks."""
        self._stop(self.stopped_at < 0)
        for parameter, kept in zip(self.ensemble.parameters(), self.final, strict=True):
            parameter.data = kept
        self.ensemble.eval().requires_grad_(False)
        return TrainedEnsemble(
            self.ensemble,
            self.worlds,
            self.configurations,
            np.reshape(self.losses, (-1, len(self.configurations))),
            np.array(self.recorded_at),
            self.stopped_at.copy(),
            self.diverged.copy(),
            self.seconds,
        )
