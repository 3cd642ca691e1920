"""Trained rate networks as maps of their state, the input held constant."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Complex, Float, Real

from trilateration._checks import check_last_axis
from trilateration.networks import Ensemble, RateNetwork
from trilateration.training import Worlds


@dataclass(frozen=True, eq=False)
class RateDynamics:
    """One step of rate networks under constant input, F(h) = keep h + gain relu(h W + v).

    Attributes
    ----------
    recurrent
        W, shape ``(replicate, unit, unit)``, applied from the right as the networks do.
    drive
        v, what the constant input adds to every unit, ``(replicate, unit)``.
    keep, gain
        1 − α and α of the network, or 1 and 1 for one that only integrates.
    """

    recurrent: Float[np.ndarray, "replicate unit unit"]
    drive: Float[np.ndarray, "replicate unit"]
    keep: float = 0.0
    gain: float = 1.0

    @classmethod
    def of(cls, ensemble: Ensemble, features: torch.Tensor) -> "RateDynamics":
        """Return the dynamics of trained networks, in float64.

        Parameters
        ----------
        ensemble
            Networks with a rate core.
        features
            The constant input of each network, shape ``(replicate, feature)``; no fixation channel.

        Raises
        ------
        ValueError
            If the networks are of another architecture, whose state is not their hidden units.
        """
        core = ensemble.core
        if not isinstance(core, RateNetwork):
            raise ValueError(
                f"ensemble must have a rate core ('rnn' or 'integrator'), got {type(core).__name__}"
            )
        with torch.no_grad():
            drive = ensemble.input(features[:, None, None], 0, torch.float32)[:, 0, 0]
        recurrent, drive = (x.detach().cpu().numpy() for x in (core.recurrent, drive))
        return cls(recurrent.astype(float), drive.astype(float), float(core.keep), float(core.gain))

    @classmethod
    def at_rest(cls, ensemble: Ensemble, worlds: Worlds) -> "RateDynamics":
        """Return the dynamics when there is no stimulus: every network sees its own f(0)."""
        origin = torch.zeros(len(worlds.configurations), 1, worlds.dimension, device=worlds.device)
        return cls.of(ensemble, worlds.observe(origin)[:, 0])

    def step(
        self, states: Real[np.ndarray, "replicate point unit"]
    ) -> Float[np.ndarray, "replicate point unit"]:
        """Return F(h)."""
        return self.keep * states + self.gain * np.maximum(self._inner(states), 0)

    def speed(
        self, states: Real[np.ndarray, "replicate point unit"]
    ) -> Float[np.ndarray, "replicate point"]:
        """Return |F(h) − h|, how far one step goes."""
        return np.linalg.norm(self.step(states) - states, axis=-1)

    def jacobian(
        self, states: Real[np.ndarray, "replicate point unit"]
    ) -> Float[np.ndarray, "replicate point unit unit"]:
        """Return ∂F_i/∂h_j = keep δ_ij + gain 1[unit i is active] W_ji.

        Between two kinks of the rectifier F is affine, and this is exact in a neighbourhood.
        """
        active = self.gain * (self._inner(states) > 0)
        jacobian = active[..., None] * self.recurrent.swapaxes(-1, -2)[:, None]
        return jacobian + self.keep * np.eye(states.shape[-1])

    def _inner(self, states):
        check_last_axis(states, self.drive.shape[-1], "states", "unit")
        return states @ self.recurrent + self.drive[:, None]


def spectra(
    jacobians: Float[np.ndarray, "*batch unit unit"],
) -> Complex[np.ndarray, "*batch unit"]:
    """Return eigenvalues, those of largest modulus first."""
    values = np.linalg.eigvals(jacobians).astype(complex)
    order = np.argsort(-np.abs(values), axis=-1, kind="stable")
    return np.take_along_axis(values, order, axis=-1)


def time_constants(
    eigenvalues: Complex[np.ndarray, "*batch"] | Float[np.ndarray, "*batch"],
) -> Float[np.ndarray, "*batch"]:
    """Return −1/log|λ| in steps: how long a deviation along an eigenvector takes to fall e-fold.

    Infinite for |λ| = 1; negative where a deviation grows.
    """
    modulus = np.abs(eigenvalues).astype(float)
    with np.errstate(divide="ignore"):
        rate = -np.log(modulus)
        return np.where(rate == 0, np.inf, 1 / np.where(rate == 0, 1.0, rate))
