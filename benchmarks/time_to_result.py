"""Train networks by the fast protocol, test them as the paper does, and count the CPU time.

The result is the OOD r² of the paper: a linear decoder of position, fitted in three quadrants and
tested in the fourth, at the last step; here in closed form, by ridge, its penalty chosen in
training quadrants only. r² is taken in each quadrant against the variance of the whole box and
averaged over the four. The cost is set against the authors' loop, timed in the same run before and
after, times the steps that their protocol takes.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measuring import tables
from measuring.authors_loop import AuthorsLoop
from measuring.machine import available_devices, describe
from measuring.stopwatch import Program, time_steps

from trilateration.readout import PENALTIES, left_out_predictions, orthants, prior_r2
from trilateration.training import Configuration, protocol, record, train

ROOT = Path(__file__).resolve().parents[1]
# What the authors' protocol reaches: the median of five networks of a plain ensemble after 6e4
# steps, and one network of the authors' own code after 1e5, by their decoder.
PLAIN_ENSEMBLE = {2: 0.63, 3: 0.71, 6: 0.84, 12: 0.88, 24: 0.87}
AUTHORS_RUN = {24: 0.94}
AUTHORS_STEPS = {"rnn": 100_000, "lstm": 100_000, "transformer": 20_000}


def main():
    """Run the benchmark, print its table and write its results."""
    options = parse_arguments()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = available_devices(options.device)[-1]
    machine = describe((device,))
    print(tables.lines(machine))
    loops = [loop_seconds(options)]
    rows = []
    for n_tasks in options.tasks:
        rows.append(result(n_tasks, device, options))
        print(f"{n_tasks} tasks: median r² {rows[-1]['median r2']:.3f}", flush=True)
        loops.append(loop_seconds(options))
    table = pd.DataFrame(rows)
    authors = np.median(loops)
    table["authors CPU s"] = authors
    table["times less CPU"] = authors / table["CPU s a network"]
    text = "\n\n".join([tables.lines(machine), settings(options, loops), markdown(table)])
    print(text.split("\n\n", 1)[1])
    write(options, machine, loops, table, text)


def parse_arguments():
    """Return the command-line options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, help="networks at each number of tasks [25]")
    parser.add_argument("--tasks", type=int, nargs="+", default=None, help="[2 3 6 12 24]")
    parser.add_argument("--architecture", choices=tuple(AUTHORS_STEPS), default="rnn")
    parser.add_argument("--protocol", default="fast")
    parser.add_argument("--steps", type=int, help="default: those of the protocol")
    parser.add_argument("--head", default="logistic")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--trials", type=int, default=2000, help="test trials of each network")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, help="default: as many as torch takes")
    parser.add_argument("--quick", action="store_true", help="a smoke test, no results")
    parser.add_argument("--results", type=Path, help="folder to write to")
    options = parser.parse_args()
    quick = options.quick
    options.networks = options.networks or (2 if quick else 25)
    options.tasks = options.tasks or ([2, 24] if quick else [2, 3, 6, 12, 24])
    options.loop_steps = 2 if quick else 100
    if quick:
        options.steps, options.trials = options.steps or 3, 100
    if options.results is None:
        options.results = ROOT / ("_build/benchmarks" if quick else "benchmarks/results")
    return options


def loop_seconds(options):
    """Return the CPU time in seconds that one network takes by the authors' loop, on one thread."""
    loop = AuthorsLoop(options.architecture)
    program = Program(loop.step, options.loop_steps)
    time_steps(program._replace(n_steps=2))
    return time_steps(program).cpu * AUTHORS_STEPS[options.architecture] / 1e3


def result(n_tasks, device, options):
    """Train and test networks; return what they reach and what they cost."""
    changes = {"steps": options.steps} if options.steps else {}
    seeds = range(options.first_seed, options.first_seed + options.networks)
    configurations = [
        Configuration(
            options.architecture,
            n_tasks,
            seed,
            head=options.head,
            precision=options.precision,
            protocol=protocol(options.protocol, **changes),
        )
        for seed in seeds
    ]
    cpu, wall = time.process_time(), time.perf_counter()
    trained = train(configurations, device=device, progress=False)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    scores = quadrant_r2(trained, options.trials)
    means = scores.mean(1)
    return {
        "tasks": n_tasks,
        "networks": options.networks,
        "median r2": float(np.median(means)),
        "lower quartile": float(np.quantile(means, 0.25)),
        "upper quartile": float(np.quantile(means, 0.75)),
        "worst": float(means.min()),
        "plain ensemble": PLAIN_ENSEMBLE.get(n_tasks),
        "authors' run": AUTHORS_RUN.get(n_tasks),
        "CPU s a network": cpu / options.networks,
        "wall s a network": wall / options.networks,
        "steps": configurations[0].protocol.steps,
        "r2": scores.round(4).tolist(),
    }


def quadrant_r2(trained, n_trials):
    """Return r² in each held-out quadrant of each network, ``(network, quadrant)``."""
    recording = record(trained.ensemble, trained.worlds, n_trials)
    scores = np.empty((len(recording.latents), 4))
    for network, latents in enumerate(recording.latents):
        groups = orthants(latents)
        predictions = left_out_predictions(
            recording.hidden[network, :, -1], latents, groups, penalty=PENALTIES
        )
        for quadrant in range(4):
            held_out = groups == quadrant
            scores[network, quadrant] = prior_r2(latents[held_out], predictions[held_out]).value
    return scores


def settings(options, loops):
    """Return what was trained, and what it is compared with."""
    chosen = {
        "architecture": options.architecture,
        "protocol": options.protocol,
        "head": options.head,
        "precision": options.precision,
        "test trials": options.trials,
        "seeds": f"{options.first_seed} to {options.first_seed + options.networks - 1}",
        "authors' loop, CPU s a network": (
            f"{np.median(loops):.0f} ({min(loops):.0f} to {max(loops):.0f}) "
            f"for {AUTHORS_STEPS[options.architecture]} steps"
        ),
    }
    return tables.lines(chosen)


def markdown(table):
    """Return the table as Markdown."""
    head = (
        "tasks", "median r² (quartiles)", "worst", "plain ensemble, 6e4 steps", "authors' run",
        "CPU s a network", "wall s a network", "times less CPU",
    )  # fmt: skip
    rows = [head, ("---",) * len(head)]
    for row in table.to_dict("records"):
        quartiles = f"{row['lower quartile']:.3f} to {row['upper quartile']:.3f}"
        references = (row["plain ensemble"], row["authors' run"])
        rows.append(
            (
                str(row["tasks"]),
                f"{row['median r2']:.3f} ({quartiles})",
                f"{row['worst']:.3f}",
                *("" if pd.isna(r) else f"{r:.2f}" for r in references),
                f"{row['CPU s a network']:.3g}",
                f"{row['wall s a network']:.3g}",
                f"{row['times less CPU']:.3g}",
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write(options, machine, loops, table, text):
    """Write the results as JSON and Markdown."""
    options.results.mkdir(parents=True, exist_ok=True)
    chosen = {k: v for k, v in vars(options).items() if k != "results"}
    content = {
        "machine": machine,
        "options": chosen,
        "authors CPU s a network": loops,
        "table": json.loads(table.to_json(orient="records")),
    }
    path = options.results / "time_to_result.json"
    path.write_text(json.dumps(content, indent=1) + "\n")
    path.with_suffix(".md").write_text(text + "\n")
    print(f"results are in {options.results}")


if __name__ == "__main__":
    main()
