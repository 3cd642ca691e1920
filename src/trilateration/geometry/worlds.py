"""Networks of other worlds beside what theory says of them: codes, scores, rulers, leaks.

A *code* is what a linear decoder is given of each trial: the reports of a network (its readouts),
its hidden state, the raw observations averaged over the trial, the probits of the ideal observer of
the same readings, or their signs alone.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from trilateration._checks import check_choice
from trilateration.evidence import running_mean
from trilateration.geometry.predictions import ideal_probits, probit_slopes
from trilateration.networks import Ensemble
from trilateration.observer import Responses
from trilateration.parameters import generator
from trilateration.readout import (
    PENALTIES,
    code_scores,
    fit_linear,
    left_out_predictions,
    mean_over_networks,
    prior_r2,
    random_groups,
    reported_probits,
    within_r2,
)
from trilateration.training import (
    Configuration,
    TrainedEnsemble,
    Worlds,
    boundaries_of,
    record,
    untrained,
)

CODES = ("ideal", "reports", "hidden", "raw", "signs")


class Codes(NamedTuple):
    """One network on test trials.

    Attributes
    ----------
    latents
        x*, shape ``(trial, dimension)``.
    ideal
        Probits of the ideal observer of the same readings, ``(trial, task)``.
    reports
        Readouts of the network at the last step, ``(trial, task)``.
    hidden
        Its hidden state at the last step, ``(trial, unit)``.
    raw
        Observations averaged over the trial, ``(trial, feature)``.
    """

    latents: Float[np.ndarray, "trial dimension"]
    ideal: Float[np.ndarray, "trial task"]
    reports: Float[np.ndarray, "trial task"]
    hidden: Float[np.ndarray, "trial unit"]
    raw: Float[np.ndarray, "trial feature"]

    @property
    def signs(self) -> Float[np.ndarray, "trial task"]:
        """The sides that the ideal observer would choose, ± 1."""
        return np.sign(self.ideal)


def codes_of(trained: TrainedEnsemble, n_trials: int, *, stream: str = "test") -> list[Codes]:
    """Return what each network of an ensemble, and the ideal observer, make of its test trials.

    Parameters
    ----------
    trained
        The networks.
    n_trials
        Trials of each.
    stream
        Name of the trials.
    """
    return _codes(trained.ensemble, trained.worlds, trained.configurations, n_trials, stream)


def untrained_codes(
    configurations: Sequence[Configuration], n_trials: int, *, stream: str = "test"
) -> list[Codes]:
    """Return what the same networks, before training, make of the same test trials.

    All but ``reports`` and ``hidden`` is as :func:`codes_of` has it for the trained networks.

    Parameters
    ----------
    configurations
        One a network; they must pack.
    n_trials, stream
        As in :func:`codes_of`.

    Raises
    ------
    ValueError
        If the configurations do not pack.
    """
    ensemble, worlds = untrained(configurations)
    ensemble.eval().requires_grad_(False)
    return _codes(ensemble, worlds, configurations, n_trials, stream)


def _codes(
    ensemble: Ensemble,
    worlds: Worlds,
    configurations: Sequence[Configuration],
    n_trials: int,
    stream: str,
) -> list[Codes]:
    protocol = worlds.protocol
    seen = record(ensemble, worlds, n_trials, steps=slice(None), stream=stream)
    readings = worlds.readings(n_trials, stream=stream)
    during = slice(protocol.fixation_steps, protocol.fixation_steps + protocol.stimulus_steps)
    found = []
    for replicate, own in enumerate(configurations):
        parts = (
            seen.latents[replicate],
            ideal_probits(own, readings[replicate]),
            seen.readouts[replicate, :, -1, : own.n_tasks],
            seen.hidden[replicate, :, -1],
            seen.features[replicate, :, during].mean(axis=1),
        )
        found.append(Codes(*(part.astype(float) for part in parts)))
    return found


def world_scores(
    networks: Sequence[Codes], *, names: Sequence[str] = CODES, seed: int = 0
) -> pd.DataFrame:
    """Return how well position is decoded linearly from each code, in and out of distribution.

    Parameters
    ----------
    networks
        One a network, D ≥ 2.
    names
        Of the codes, from :data:`CODES`.
    seed
        Of the random folds in distribution.

    Returns
    -------
    pandas.DataFrame
        One row a network and code: ``network``, ``code``, ``inside``, ``outside`` (the paper's r²;
        each quadrant of the first two axes left out) and ``within`` (R² within the quadrants left
        out).

    Raises
    ------
    ValueError
        If a code has no such name.
    """
    for name in names:
        check_choice(name, CODES, "code")
    rows = []
    for index, codes in enumerate(networks):
        for name in names:
            rng = generator(seed, "folds", str(index))
            scores = code_scores(getattr(codes, name), codes.latents, rng=rng)
            values = dict(zip(scores._fields, (each.value for each in scores), strict=True))
            rows.append({"network": index, "code": name, **values})
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return means over networks and their 95 % half-widths.

    Parameters
    ----------
    table
        Rows of :func:`world_scores` with a column ``world``.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``world`` and ``code`` in order of appearance; columns ``inside``, ``outside``,
        ``within`` and each with ``_half``.
    """
    rows = {}
    for key, part in table.groupby(["world", "code"], sort=False):
        rows[key] = {}
        for name in ("inside", "outside", "within"):
            score = mean_over_networks(part[name].to_numpy())
            rows[key] |= {name: score.value, f"{name}_half": score.uncertainty}
    found = pd.DataFrame.from_dict(rows, orient="index")
    found.index = pd.MultiIndex.from_tuples(found.index, names=["world", "code"])
    return found


def paired(
    table: pd.DataFrame,
    column: str,
    first: tuple[str, str],
    second: tuple[str, str],
) -> Float[np.ndarray, " network"]:
    """Return the difference of a score between two worlds or codes, network by network.

    Parameters
    ----------
    table
        As for :func:`summary`; networks of the same number share their seed.
    column
        ``"inside"``, ``"outside"`` or ``"within"``.
    first, second
        World and code; the second is subtracted.

    Raises
    ------
    ValueError
        If the table lacks one of them.
    """
    columns = []
    for world, code in (first, second):
        rows = table[(table["world"] == world) & (table["code"] == code)]
        if rows.empty:
            raise ValueError(f"table must hold the code {code!r} of world {world!r}, got no row")
        columns.append(rows.set_index("network")[column])
    return (columns[0] - columns[1]).to_numpy()


def measured_slopes(
    networks: Sequence[Codes], configurations: Sequence[Configuration], n_steps: int
) -> Float[np.ndarray, "network task"]:
    """Return how many probits a latent unit of distance is worth to each network, line by line.

    The slope of the reports against the distance of the ideal observer's estimate, through the
    origin, over trials within two standard errors of the line; compare :func:`probit_slopes`.

    Parameters
    ----------
    networks, configurations
        One a network; all with equally many lines, and probit heads.
    n_steps
        t ≥ 1.
    """
    slopes = []
    for codes, own in zip(networks, configurations, strict=True):
        wanted = probit_slopes(own, n_steps)
        near = np.abs(codes.ideal) < 2
        distances = codes.ideal / wanted * near
        slopes.append((codes.reports * distances).sum(axis=0) / (distances**2).sum(axis=0))
    return np.stack(slopes)


class Leak(NamedTuple):
    """What reports on tasks that are symmetric in x → −x tell of the position.

    Attributes
    ----------
    squares
        R² of x_1² − x_2² and 2 x_1 x_2, which the symmetry allows.
    linear_share
        Share of the variance of the code that is a linear function of the position, which it
        forbids.
    linear_size
        Root mean square of that part, in probits.
    blurred
        The paper's r² of the position, in distribution, from the code with noise of one probit.
    """

    squares: float
    linear_share: float
    linear_size: float
    blurred: float


def symmetry_leak(codes: Codes, *, rng: np.random.Generator) -> Leak:
    """Return what the reports of a network, trained on crosses, tell of a position in the plane.

    Parameters
    ----------
    codes
        Of the network.
    rng
        Folds, and the noise of one probit.
    """
    reports, x = codes.reports, codes.latents
    folds = random_groups(len(x), 4, rng=rng)
    pairs = np.column_stack([x[:, 0] ** 2 - x[:, 1] ** 2, 2 * x[:, 0] * x[:, 1]])
    allowed = left_out_predictions(reports, pairs, folds, penalty=PENALTIES)
    forbidden = fit_linear(x, reports).predict(x).var(axis=0)
    noisy = reports + rng.standard_normal(reports.shape)
    guess = left_out_predictions(noisy, x, folds, penalty=PENALTIES)
    return Leak(
        within_r2(pairs, allowed).value,
        float(forbidden.sum() / reports.var(axis=0).sum()),
        float(forbidden.mean()) ** 0.5,
        prior_r2(x, guess).value,
    )


def state_gain(codes: Codes) -> float:
    """Return how far the hidden state moves for a latent unit, √(|W|²/D), by least squares."""
    weights = fit_linear(codes.latents, codes.hidden).weights
    return float((weights**2).sum() / len(weights)) ** 0.5


class ProbitPaths(NamedTuple):
    """Probits at every step of the same trials, all of shape ``(replicate, trial, time, task)``.

    Attributes
    ----------
    latents
        x*, shape ``(replicate, trial, dimension)``.
    distances
        Signed distances of x* from the lines, ``(replicate, trial, task)``.
    networks
        Φ⁻¹ of the networks' reports.
    ideal
        Those of the flat-prior observer of independent Gaussian readings.
    raw
        Those of who decodes a position linearly from the averaged observations x̂ and reports
        (a·x̂ − β)√k/σ, as if x̂ were the mean of the readings. The decoder is fitted to whole trials
        of another stream.
    """

    latents: Float[np.ndarray, "replicate trial dimension"]
    distances: Float[np.ndarray, "replicate trial task"]
    networks: Float[np.ndarray, "replicate trial time task"]
    ideal: Float[np.ndarray, "replicate trial time task"]
    raw: Float[np.ndarray, "replicate trial time task"]


def probit_paths(trained: TrainedEnsemble, n_trials: int, *, stream: str = "test") -> ProbitPaths:
    """Return the probits of networks, ideal observer and raw decoder while they watch.

    Parameters
    ----------
    trained
        Networks with equally many lines, on independent Gaussian readings and a protocol without
        steps before and after them.
    n_trials, stream
        As in :func:`codes_of`; the same trials.

    Raises
    ------
    ValueError
        If noise or protocol are others.
    """
    worlds, first = trained.worlds, trained.configurations[0]
    if any(own.noise != "gaussian" for own in trained.configurations):
        raise ValueError("noise must be 'gaussian' for all networks, got another")
    if first.protocol.n_steps != first.protocol.stimulus_steps:
        raise ValueError(
            f"protocol must have no steps before or after the evidence, got {first.protocol.name!r}"
        )
    seen = record(trained.ensemble, worlds, n_trials, steps=slice(None), stream=stream)
    before = record(trained.ensemble, worlds, n_trials, steps=slice(None), stream="raw decoder")
    means = running_mean(worlds.readings(n_trials, stream=stream))
    root = np.arange(1, means.shape[2] + 1)[:, None] ** 0.5
    distances, ideal, raw = [], [], []
    for replicate, own in enumerate(trained.configurations):
        lines, latents = boundaries_of(own), before.latents[replicate].astype(float)
        shown = before.features[replicate].astype(float).mean(axis=1)
        decoder = fit_linear(shown, latents, penalty=1e-4)
        guess = decoder.predict(running_mean(seen.features[replicate].astype(float)))
        distances.append(lines.signed_distances(seen.latents[replicate].astype(float)))
        ideal.append(lines.signed_distances(means[replicate]) * root / own.sigma)
        raw.append(lines.signed_distances(guess) * root / own.sigma)
    return ProbitPaths(
        seen.latents.astype(float),
        np.stack(distances),
        reported_probits(seen.readouts, first.head),
        np.stack(ideal),
        np.stack(raw),
    )


def timing_scores(
    responses: Responses, latents: Float[np.ndarray, "replicate trial dimension"], *, seed: int = 0
) -> Float[np.ndarray, "replicate 2"]:
    """Return the r² of linear decoders of choices ± 1, and of choices with times, ± 1/√T.

    In distribution. A decoder finds the unit of the second ruler by itself, so this does not ask
    whether the confidence at the bound is what it should be.

    Parameters
    ----------
    responses
        Answers, of shape ``(replicate, trial, task)``.
    latents
        x*.
    seed
        Of the random folds.
    """
    rows = []
    for index, x in enumerate(latents):
        side = np.sign(responses.probits[index])
        folds = random_groups(len(x), 4, rng=generator(seed, "folds", str(index)))
        codes = (side, side / responses.steps[index] ** 0.5)
        guesses = (left_out_predictions(code, x, folds, penalty=PENALTIES) for code in codes)
        rows.append([prior_r2(x, guess).value for guess in guesses])
    return np.array(rows)
