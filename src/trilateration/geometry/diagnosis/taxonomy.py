"""The ways in which trilateration by training fails: cause, symptom, cure."""

from typing import Literal, NamedTuple, get_args

Failure = Literal[
    "dependent tasks",
    "near-parallel tasks",
    "distant boundaries",
    "hard signs",
    "misjudged noise",
    "short trials",
    "wrong labels",
    "blurred labels",
    "degenerate latents",
    "ambiguous observations",
    "drifting latents",
    "few trials",
    "few units",
    "forgotten tasks",
    "one loud task",
]
FAILURES: tuple[str, ...] = get_args(Failure)


class Explanation(NamedTuple):
    """What a failure is.

    Attributes
    ----------
    cause
        What is wrong.
    symptom
        What it does to reports and hidden states.
    cure
        What to change.
    lost
        What the severity is a share of.
    threshold
        Severity above which it counts as a finding.
    reason
        Where the threshold comes from.
    """

    cause: str
    symptom: str
    cure: str
    lost: str
    threshold: float
    reason: str


EXPLANATIONS: dict[str, Explanation] = {
    "dependent tasks": Explanation(
        "rank A < D: some direction is normal to no boundary",
        "reports say nothing of the position along it, however exact they are",
        "add a task whose boundary cuts the missing direction",
        "latent directions that no report depends on",
        0.0,
        "an exact statement: singular values below 1e-6 of the largest count as 0",
    ),
    "near-parallel tasks": Explanation(
        "all boundaries have nearly the same direction",
        "along the boundaries a small error of a report is a large error of the position",
        "add tasks with other normals, or many more of the same",
        "variance of position if every probit has an error of 1, beyond that of isotropic normals",
        0.1,
        "at σ = .3, t = 20, 999 of 1000 sets of 6 random lines lose less, and 19 of 20 of 6 planes",
    ),
    "distant boundaries": Explanation(
        "boundaries pass the data by, so labels are nearly always the same",
        "reports are nearly certain everywhere and hardly change with the position",
        "move the boundaries into the data, or sample near them",
        "a bit a label, 1 − H(p)/log 2",
        0.5,
        "random offsets within ± .5 lose .3, and 98 of 100 sets of 6 less than .5",
    ),
    "hard signs": Explanation(
        "the noise is so small that labels are all but certain from a single trial",
        "reports saturate: the side of a boundary is known, the distance is not",
        "add noise to the evidence, or shorten trials; keep log-probabilities",
        "graded reports: 1 − P(|u| < 3)/.08",
        0.0,
        "at .08, 12 of 13 reports are beyond ± 3 probits, where labels say nothing of distance",
    ),
    "misjudged noise": Explanation(
        "evidence is more or less noisy than in training, or than the reader believes",
        "reports have the right order and the wrong gain: distances are scaled by one factor",
        "estimate σ from the evidence in use; train with that noise, or refit the gain",
        "position, read with the wrong unit: (1 − gain)²",
        0.05,
        "a factor of 1.29 between the noise of use and of training",
    ),
    "short trials": Explanation(
        "too few readings for their noise: s = σ/√t is not small beside the spread of positions",
        "reports are honest and unsure; positions shrink towards the middle",
        "longer trials, or less noisy evidence",
        "variance of position that no observer can know, s²/(s² + var)",
        0.065,
        "s is more than a quarter of the standard deviation of positions",
    ),
    "wrong labels": Explanation(
        "labels of training are wrong everywhere at the same rate",
        "reports level off at this rate instead of going on to 0 and 1",
        "clean the labels, or model the rate: then the usable range comes back",
        "information about the true labels",
        0.01,
        "healthy data have none; a likelihood ratio of 10 is asked on top",
    ),
    "blurred labels": Explanation(
        "labels of training are wrong near the boundary, as if the boundary moved",
        "reports are too flat: as if the evidence were noisier than it is",
        "clean the labels of trials near the boundary, or count the blur as noise",
        "information about the true labels",
        0.01,
        "healthy data have none; a likelihood ratio of 10 is asked on top",
    ),
    "degenerate latents": Explanation(
        "positions of training lie close to a line or plane",
        "off it the position is not decoded, or shrunk towards it",
        "train on positions that fill all directions",
        "positions in use that are outside of where training was",
        0.4,
        "two coordinates correlated by .8 leave .36 outside, by .9 .53; asked only if the thinnest "
        "direction of training has less than a tenth of the variance in use",
    ),
    "ambiguous observations": Explanation(
        "distant positions give the same observations: f is not injective",
        "reports are near ½ far from the boundary, or wrong on one of two sides",
        "observe something that tells the positions apart",
        "variance of the position along the worst direction, beyond what noise takes",
        0.35,
        "injective maps lose less than .2 with 500 trials, a fold all",
    ),
    "drifting latents": Explanation(
        "the position moves during a trial while the label is that of its end",
        "early readings mislead; a network must forget, and gains little from long trials",
        "shorter trials, or labels for every step",
        "variance of position that averaging the trial loses",
        0.015,
        "steps of the walk are a fifteenth of σ at t = 20",
    ),
    "few trials": Explanation(
        "training saw the same few trials again and again",
        "reports are surer and better on trials of training than on fresh ones",
        "more trials, or stop earlier",
        "information about the labels that is lost between training and fresh trials",
        0.06,
        "four standard errors with 800 trials of each, which are asked for on top",
    ),
    "few units": Explanation(
        "the hidden state has too few units for the position and its accumulation",
        "position is missing from the state, and no unit can be spared",
        "more hidden units",
        "variance of distances that observations determine and the state does not",
        0.05,
        "healthy development networks lose less; asked only of at most 2 D units that vary, one "
        "for each side of each dimension",
    ),
    "one loud task": Explanation(
        "one task outweighs all others in the loss",
        "its reports are good and those of all others poor",
        "weigh tasks alike, or scale each loss by its own size",
        "information about the labels of the other tasks",
        0.05,
        "healthy development networks are even: no task leads the median by .11 or more, and no "
        "last ones those before by .11",
    ),
    "forgotten tasks": Explanation(
        "tasks were trained one group after another",
        "the last tasks are good, the first ones are forgotten",
        "train all tasks together, or rehearse the old ones",
        "information about the labels of all but the last tasks",
        0.05,
        "healthy development networks are even: no task leads the median by .11 or more, and no "
        "last ones those before by .11",
    ),
}
