"""The worlds of an ensemble: each replicate's encoder and boundaries, and trials drawn from them.

Evidence comes in chunks of several steps of the descent. A chunk's generator is made from the
replicate's seed and the chunk's number, so any step can be drawn again from nothing: a resumed run
needs no state, and a replicate sees the same trials in any company.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from trilateration._arrays import Scalar
from trilateration.evidence.maps import MAPS
from trilateration.networks import Encoders, FixedMaps
from trilateration.parameters import generator
from trilateration.tasks import (
    Boundaries,
    Circles,
    Products,
    evenly_spaced_lines,
    near_parallel_lines,
    random_circles,
    random_hyperplanes,
    turned_crosses,
)
from trilateration.training.configuration import Configuration, check_packs
from trilateration.training.draws import draw_trials

# Numbers in a chunk of one replicate's evidence, and rows that are encoded at once: large enough to
# amortise a call, small enough to stay in cache and memory.
_CHUNK_NUMBERS = 2**16
_ROWS = 2560


class Batch(NamedTuple):
    """Trials for one step of the descent, or for a test.

    Attributes
    ----------
    latents
        x*, shape ``(replicate, trial, dimension)``; where it drifts, that of the last step.
    features
        What the networks see, ``(replicate, time, trial, feature)``: f(0) at fixation and decision
        steps, f(X) between.
    labels
        1[a_i·x* > β_i], or the side of a curved boundary, as 0.0 or 1.0, shape
        ``(replicate, trial, task)``; 0 for tasks a replicate lacks. Labels of training trials may
        be wrong, if that is how the network is trained.
    """

    latents: Float[Tensor, "replicate trial dimension"]
    features: Float[Tensor, "replicate time trial feature"]
    labels: Float[Tensor, "replicate trial task"]


def boundaries_of(configuration: Configuration) -> Boundaries | Circles | Products:
    """Return the task boundaries of a network."""
    if configuration.tasks == "circles":
        rng = generator(configuration.seed, "boundaries")
        return random_circles(configuration.n_tasks, rng=rng)
    if configuration.tasks == "products":
        return turned_crosses(configuration.n_tasks)
    if configuration.tasks == "even":
        return evenly_spaced_lines(configuration.n_tasks)
    if configuration.tasks == "parallel":
        return near_parallel_lines(configuration.n_tasks, np.radians(configuration.task_spread))
    # Normals and offsets have generators of their own, else sets of different size were not nested.
    n, seed = configuration.n_tasks, configuration.seed
    normals = random_hyperplanes(
        n, configuration.dimension, rng=generator(seed, "boundaries")
    ).normals
    offsets = generator(seed, "boundaries", "offsets").uniform(-1, 1, n)
    offsets = offsets * configuration.offset_half_width + configuration.offset_shift
    return Boundaries(normals, offsets)


class Worlds:
    """The worlds of several replicates with equal trials.

    Parameters
    ----------
    configurations
        One a replicate; they must pack (:func:`~trilateration.training.check_packs`).
    device
        Where features and labels go.
    """

    def __init__(self, configurations: Sequence[Configuration], device: torch.device | str = "cpu"):
        check_packs(configurations)
        self.configurations = tuple(configurations)
        self.device = torch.device(device)
        first = configurations[0]
        self.protocol, self.dimension = first.protocol, first.dimension
        self.dtype = getattr(torch, first.precision)
        self.boundaries = tuple(boundaries_of(c) for c in configurations)
        self.sigmas = [float(c.sigma) for c in configurations]
        self.encoders = None
        if first.observation == "relu":
            rngs = [generator(c.seed, "encoder") for c in configurations]
            self.encoders = Encoders(rngs, self.dimension).to(self.device)
        elif first.observation != "identity":
            make = MAPS[first.observation]
            rngs = [generator(c.seed, "encoder") for c in configurations]
            self.encoders = FixedMaps([make(self.dimension, rng) for rng in rngs])
        numbers = self.protocol.batch * self.protocol.stimulus_steps * self.dimension
        self.chunk = max(1, min(64, _CHUNK_NUMBERS // numbers))
        # Several steps of small batches are encoded at once.
        rows = self.protocol.batch * self.protocol.stimulus_steps
        self.group = max(1, min(self.chunk, _ROWS // rows))
        self._pools = {}
        self._drawn = (-1, None, None, None)
        self._seen = (-1, None)
        self._rest = self.observe(torch.zeros(len(self.sigmas), 1, self.dimension).to(self.device))

    @property
    def n_features(self) -> int:
        """Number of features at each step."""
        return self.encoders.n_features if self.encoders is not None else self.dimension

    def observe(
        self, points: Float[Tensor, "replicate *rows dimension"]
    ) -> Float[Tensor, "replicate *rows feature"]:
        """Return f(points), each replicate by its own map."""
        return self.encoders(points, self.dtype) if self.encoders is not None else points

    def changed(
        self, *, sigma: Scalar | None = None, stimulus_steps: int | None = None
    ) -> "Worlds":
        """Return worlds with the same maps and boundaries, whose trials are of another kind.

        Parameters
        ----------
        sigma
            Another noise σ > 0 for every replicate, or None for its own.
        stimulus_steps
            Another number of steps with evidence, or None for the present one.
        """
        steps = self.protocol.stimulus_steps if stimulus_steps is None else stimulus_steps
        protocol = replace(self.protocol, stimulus_steps=steps)
        changed = [
            replace(c, protocol=protocol, sigma=c.sigma if sigma is None else sigma)
            for c in self.configurations
        ]
        return Worlds(changed, self.device)

    def batch(self, step: int) -> Batch:
        """Return the trials of a step of the descent, the same whenever it is asked for."""
        chunk, within = divmod(step, self.chunk)
        if self._drawn[0] != chunk:
            drawn = self._draw(
                ("evidence", str(chunk)), self.chunk, self.protocol.batch, training=True
            )
            self._drawn = (chunk, *drawn)
        _, latents, labels, evidence = self._drawn
        group = within // self.group
        if self._seen[0] != (chunk, group):
            part = evidence[:, group * self.group : (group + 1) * self.group]
            self._seen = ((chunk, group), self.observe(part.to(self.device)))
        seen = self._seen[1][:, within - group * self.group]
        return self._present(latents[:, within], labels[:, within], seen)

    def task_weights(self, step: int) -> Float[Tensor, "replicate task"] | None:
        """Return what each task weighs in the loss at a step of the descent.

        The mean over the tasks of a network is 1, and tasks that it lacks weigh 0. None if all
        weigh the same in every network.

        Parameters
        ----------
        step
            Step of the descent, counted from 0.
        """
        if all(c.blocks == 1 and c.first_weight == 1 for c in self.configurations):
            return None
        weights = np.zeros((len(self.sigmas), max(own.n_tasks for own in self.boundaries)))
        for own, c in zip(weights, self.configurations, strict=True):
            groups = np.array_split(np.arange(c.n_tasks), c.blocks)
            asked = groups[step * c.blocks // self.protocol.steps]
            own[asked] = np.where(asked == 0, c.first_weight, 1.0)
            own *= c.n_tasks / own.sum()
        return torch.from_numpy(weights.astype(np.float32)).to(self.device)

    def trials(
        self,
        n_trials: int,
        *,
        stream: str = "test",
        latents: np.ndarray | None = None,
        as_trained: bool = False,
    ) -> Batch:
        """Return trials that no step of the descent sees.

        Parameters
        ----------
        n_trials
            Number of trials of each replicate.
        stream
            Name of the generator; another name, other trials.
        latents
            Positions to use in place of uniform ones, shape ``(trial, dimension)`` or
            ``(replicate, trial, dimension)``.
        as_trained
            Whether positions and labels follow the law of training, errors of labels included. If
            training has a pool, the trials are from it: then training does see them.

        Raises
        ------
        ValueError
            If ``latents`` has another shape, or is given for trials as trained.
        """
        if latents is not None:
            each = (n_trials, self.dimension)
            if np.shape(latents) not in (each, (len(self.sigmas), *each)):
                raise ValueError(
                    f"latents must have shape {each}, or that with {len(self.sigmas)} replicates "
                    f"before, got {np.shape(latents)}"
                )
            if as_trained:
                raise ValueError("latents must be None for trials as trained, got positions")
        drawn, labels, evidence = self._draw(
            ("trials", stream), 1, n_trials, latents, training=as_trained
        )
        seen = self.observe(evidence[:, 0].to(self.device))
        return self._present(drawn[:, 0], labels[:, 0], seen)

    def readings(
        self, n_trials: int, *, stream: str = "test", latents: np.ndarray | None = None
    ) -> Float[np.ndarray, "replicate trial time dimension"]:
        """Return the readings X(k) whose features :meth:`trials` shows, for the same arguments."""
        _, _, evidence = self._draw(("trials", stream), 1, n_trials, latents)
        return evidence[:, 0].transpose(1, 2).double().numpy()

    def network_noise(
        self, n_trials: int, width: int, *stream: str
    ) -> Float[Tensor, "replicate time trial width"] | None:
        """Return what disturbs the drive of each network's units, or None if nothing does.

        Parameters
        ----------
        n_trials, width
            Trials, and numbers that drive a network at each step.
        *stream
            Name of the generator; another name, other noise.
        """
        sizes = [c.network_noise for c in self.configurations]
        if not any(sizes):
            return None
        shape = (self.protocol.n_steps, n_trials, width)
        noise = np.zeros((len(sizes), *shape), np.float32)
        for own, size, configuration in zip(noise, sizes, self.configurations, strict=True):
            if size:
                generator(configuration.seed, "network noise", *stream).standard_normal(
                    out=own, dtype=np.float32
                )
                own *= size
        return torch.from_numpy(noise).to(self.device)

    def _draw(self, stream, n_chunk, n_trials, latents=None, training=False):
        """Draw positions, labels and evidence, each with the axes (replicate, chunk, ...)."""
        steps, dimension = self.protocol.stimulus_steps, self.dimension
        n, most = len(self.sigmas), max(own.n_tasks for own in self.boundaries)
        positions = np.empty((n, n_chunk, n_trials, dimension), np.float32)
        evidence = np.empty((n, n_chunk, steps, n_trials, dimension), np.float32)
        labels = np.zeros((n, n_chunk, n_trials, most), np.float32)
        for replicate, (own, configuration) in enumerate(
            zip(self.boundaries, self.configurations, strict=True)
        ):
            out = positions[replicate], evidence[replicate], labels[replicate, ..., : own.n_tasks]
            if training and configuration.pool:
                self._draw_from_pool(replicate, stream, out)
            else:
                given = latents if np.ndim(latents) < 3 else latents[replicate]
                draw_trials(configuration, own, stream, out, given, training)
        return torch.from_numpy(positions), torch.from_numpy(labels), torch.from_numpy(evidence)

    def _draw_from_pool(self, replicate, stream, out):
        """Draw trials with replacement from those that one replicate is trained on."""
        configuration, own = self.configurations[replicate], self.boundaries[replicate]
        if replicate not in self._pools:
            one = (1, configuration.pool)
            pool = tuple(
                np.empty(shape, np.float32)
                for shape in (
                    (*one, self.dimension),
                    (1, self.protocol.stimulus_steps, configuration.pool, self.dimension),
                    (*one, own.n_tasks),
                )
            )
            draw_trials(configuration, own, ("pool",), pool, None, True)
            self._pools[replicate] = [part[0] for part in pool]
        positions, evidence, labels = self._pools[replicate]
        rng = generator(configuration.seed, *stream, "from pool")
        chosen = rng.integers(configuration.pool, size=out[0].shape[:2])
        out[0][:] = positions[chosen]
        out[1][:] = evidence[:, chosen].swapaxes(0, 1)
        out[2][:] = labels[chosen]

    def _present(self, latents, labels, seen):
        before, steps = self.protocol.fixation_steps, self.protocol.stimulus_steps
        features = seen
        if self.protocol.n_steps > steps:
            features = seen.new_empty(len(seen), self.protocol.n_steps, *seen.shape[2:])
            features[:, :before] = self._rest[:, None]
            features[:, before + steps :] = self._rest[:, None]
            features[:, before : before + steps] = seen
        return Batch(latents.to(self.device), features, labels.to(self.device))
