"""Time the ideal observer's reports at every step of many trials, beside a loop over trials.

Evidence is drawn first and not timed. The timed part takes running means and reports for all
trials, tasks and steps into one array. The loop does the same work one trial at a time on a subset,
and its time is scaled to all trials.
"""

import argparse
import platform
import resource
import time

import numpy as np
import scipy
from scipy import special

from trilateration.evidence import observe, uniform_latents
from trilateration.observer import reports_over_time
from trilateration.tasks import evenly_spaced_lines

SIGMA = 0.2


def main():
    """Run the benchmark and print one line per measurement."""
    options = parse_arguments()
    n_trials = 20_000 if options.quick else options.trials
    tasks = evenly_spaced_lines(options.tasks)
    print(f"python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}")
    print(f"{n_trials} trials x {options.tasks} tasks x {options.steps} steps, {options.dtype}")

    evidence, drawing = timed(lambda: draw_evidence(n_trials, options))
    report("evidence drawn (not part of the comparison)", drawing)

    # The loop first, on a subset, so that its memory is not mistaken for that of the fast path.
    subset = evidence[: min(n_trials, options.loop_trials)]
    slow, loop = timed(lambda: loop_over_trials(subset, tasks))
    scaled = loop * n_trials / len(subset)
    report(f"loop over {len(subset)} trials, scaled to {n_trials}", scaled)

    # A system may take seconds to hand over gigabytes it has not given out before, whoever asks.
    output, elapsed = timed(lambda: fast(evidence, tasks, options))
    report(f"reports_over_time into {output.nbytes / 1e9:.2f} GB of fresh memory", elapsed)
    seconds = []
    for _ in range(options.repeats):
        _, elapsed = timed(lambda: fast(evidence, tasks, options, out=output))
        seconds.append(elapsed)
        report("reports_over_time into the same memory", elapsed)
    difference = np.abs(output[: len(subset)] - slow).max()
    print(f"largest difference between the two: {difference:.1e}")
    print(
        f"speed ratio: {scaled / min(seconds):.0f} (best run), {scaled / max(seconds):.0f} (worst)"
    )
    print(f"peak memory of the process: {peak_gib():.2f} GiB")


def parse_arguments():
    """Return the command-line options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1_000_000)
    parser.add_argument("--tasks", type=int, default=24)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--threads", type=int, help="default: every core of this process")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--loop-trials", type=int, default=5000, help="size of the loop's subset")
    parser.add_argument("--quick", action="store_true", help="20 000 trials, for a smoke test")
    return parser.parse_args()


def draw_evidence(n_trials, options):
    """Draw evidence of shape (trial, time, 2)."""
    rng = np.random.default_rng(0)
    latents = uniform_latents(n_trials, 2, rng=rng)
    return observe(latents, SIGMA, options.steps, rng=rng, dtype=np.dtype(options.dtype).type)


def fast(evidence, tasks, options, out=None):
    """Return all reports by the package's fast path."""
    return reports_over_time(evidence, tasks, SIGMA, n_threads=options.threads, out=out)


def loop_over_trials(evidence, tasks):
    """Return the same reports one trial at a time, as a first script would."""
    steps = np.arange(1, evidence.shape[1] + 1)[:, None]
    output = np.empty((*evidence.shape[:2], tasks.n_tasks), evidence.dtype)
    for trial, stream in enumerate(evidence):
        means = np.cumsum(stream, axis=0) / steps
        distances = means @ tasks.normals.T - tasks.offsets
        output[trial] = special.ndtr(distances * np.sqrt(steps) / SIGMA)
    return output


def timed(function):
    """Return the result of ``function`` and the seconds it took."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def report(what, seconds):
    """Print one measurement."""
    print(f"{seconds:9.3f} s  {what}", flush=True)


def peak_gib():
    """Return the largest resident size of this process so far, in GiB."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 2**30 if platform.system() == "Darwin" else size / 2**20


if __name__ == "__main__":
    main()
