"""Time a step of training: the authors' loop, the ensemble, and the arithmetic nobody can avoid.

In one run, in turn, over several rounds: a stand-in of the authors' loop (one network at a time, on
one thread and on all, of which the better counts), ensembles of networks in float32 and bfloat16,
and matrix products alone, whose rate turns the operations of a step into its floor. Evidence is
drawn for up to 64 steps at once, so each timing covers 64 steps. Then the memory of an ensemble of
100, in a process of its own, and the cost against the sizes of the problem.
"""

import argparse
import functools
import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import matplotlib
import pandas as pd
import torch
from measuring import rates, tables
from measuring.authors_loop import AuthorsLoop
from measuring.machine import available_devices, describe
from measuring.memory import peak_of
from measuring.stopwatch import Program, interleaved, time_steps
from measuring.workers import Workers

from trilateration import figures
from trilateration.networks import flops
from trilateration.training import Configuration, descent, protocol, step_products

ROOT = Path(__file__).resolve().parents[1]
ARCHITECTURES = ("rnn", "lstm", "transformer")
PRECISIONS = ("float32", "bfloat16")
LABELS = {
    "networks": "networks in the ensemble",
    "n_tasks": "tasks $N$",
    "dimension": "dimensions $D$",
    "stimulus_steps": "steps of evidence $T$",
}


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    networks: tuple[int, ...] = (25, 100)
    repeats: int = 5
    steps: int = 64
    loop_steps: int = 50
    square: int = 2048
    memory_networks: int = 100
    memory_of: tuple[tuple[str, str], ...] = tuple(product(ARCHITECTURES, PRECISIONS))
    memory_steps: int = 5
    base_networks: int = 25
    sizes: tuple[tuple[str, tuple[int, ...]], ...] = (
        ("networks", (1, 2, 5, 10, 25, 50, 100, 200)),
        ("n_tasks", (2, 6, 12, 24, 48, 96)),
        ("dimension", (2, 4, 8, 16, 32)),
        ("stimulus_steps", (5, 10, 20, 40, 80)),
    )
    gpu_sizes: tuple[int, ...] = (400, 800, 1600, 3200)


QUICK = Plan(
    networks=(2, 3),
    repeats=2,
    steps=2,
    loop_steps=2,
    square=128,
    memory_networks=3,
    memory_of=(("rnn", "float32"),),
    memory_steps=1,
    base_networks=2,
    sizes=tuple((name, sizes[:2]) for name, sizes in Plan.sizes),
    gpu_sizes=(),
)


def main():
    """Run the benchmark, print its tables and write its results."""
    options = parse_arguments()
    plan = QUICK if options.quick else Plan(repeats=options.repeats)
    if options.threads:
        torch.set_num_threads(options.threads)
    devices = available_devices(options.device)
    machine = describe(devices)
    print(tables.lines(machine))
    if "cuda" not in devices:
        print("no GPU is used: its rows are left out")

    timings, measured_rates = compare(plan, devices)
    memory = measure_memory(plan, devices)
    table = summary(plan, timings, measured_rates, memory)
    print(tables.markdown(table))
    print(tables.rates(measured_rates))

    costs = pd.DataFrame(measure_costs(plan, devices))
    write(options.results, machine, plan, table, timings, measured_rates, costs)
    print(f"results are in {options.results}")


def parse_arguments():
    """Return the command-line options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--repeats", type=int, default=Plan.repeats)
    parser.add_argument("--threads", type=int, help="default: as many as torch takes")
    parser.add_argument("--quick", action="store_true", help="a smoke test, no results")
    parser.add_argument("--results", type=Path, help="folder to write to")
    options = parser.parse_args()
    if options.results is None:
        folder = "_build/benchmarks" if options.quick else "benchmarks/results"
        options.results = ROOT / folder
    return options


def compare(plan, devices):
    """Return the timings of all programs and the rates of products, both round by round."""
    programs, threads = {}, torch.get_num_threads()
    for device in devices:
        for architecture in ARCHITECTURES:
            for n in sorted({1, threads}):
                loop = AuthorsLoop(architecture, device=device)
                name = ("authors", architecture, "float32", 1, device, n)
                programs[name] = Program(loop.step, plan.loop_steps, device, n)
            for networks in plan.networks:
                for precision in PRECISIONS:
                    step = ensemble_step(networks, device, architecture, precision=precision)
                    name = ("ensemble", architecture, precision, networks, device, threads)
                    programs[name] = Program(step, plan.steps, device, threads)
            if device == "cpu" and threads > 1:
                for precision in PRECISIONS:
                    networks = plan.networks[0]
                    make = functools.partial(
                        ensemble_step, networks, "cpu", architecture, precision=precision
                    )
                    workers = Workers(make, threads)
                    name = ("workers", architecture, precision, networks * threads, device, 1)
                    programs[name] = Program(
                        workers.step, plan.steps, device, 1, workers.cpu_seconds
                    )
        lean = AuthorsLoop("rnn", device=device, lean=True)
        name = ("authors, lean", "rnn", "float32", 1, device, 1)
        programs[name] = Program(lean.step, plan.loop_steps, device)
    measured = []
    timings = interleaved(
        programs, plan.repeats, lambda: measured.append(matmul_rates(plan, devices))
    )
    return timings, measured


def ensemble_step(networks, device, architecture, **changes):
    """Return a function that takes one step of an ensemble."""
    shape = changes.pop("stimulus_steps", 20)
    configurations = [
        Configuration(
            architecture,
            seed=seed,
            protocol=protocol("authors", stimulus_steps=shape),
            **changes,
        )
        for seed in range(networks)
    ]
    return functools.partial(next, descent(configurations, device=device))


def matmul_rates(plan, devices):
    """Return floating-point operations per second of square products and of those of a step."""
    seconds = 0.3 if plan.steps > 10 else 0.01
    found = {}
    for device in devices:
        for precision in PRECISIONS:
            found["square", precision, device] = rates.square_rate(
                plan.square, precision, device, seconds
            )
            for architecture in ARCHITECTURES:
                found[architecture, precision, device] = rates.step_rate(
                    step_products(Configuration(architecture)),
                    plan.base_networks,
                    precision,
                    device,
                    seconds,
                )
    return found


def measure_memory(plan, devices):
    """Return the peak memory in GiB of processes that each train one ensemble."""
    return {
        (architecture, precision, device): peak_of(
            architecture, plan.memory_networks, precision, device, plan.memory_steps
        )
        for architecture, precision in plan.memory_of
        for device in devices
    }


def summary(plan, timings, measured_rates, memory):
    """Return one row for each program, with ratios to the authors' loop of the same round."""
    rows = []
    for program, architecture, precision, networks, device, threads in timings[0]:
        name = (program, architecture, precision, networks, device, threads)
        row = dict(
            device=device,
            architecture=architecture,
            program=program,
            precision=precision,
            networks=networks,
            threads=threads,
        )
        for kind in ("wall", "cpu"):
            loops = [best_loop(one, architecture, device, kind) for one in timings]
            own = [getattr(one[name], kind) / networks for one in timings]
            row |= spread(f"{kind} ms", own)
            ratios = [loop / mine for loop, mine in zip(loops, own, strict=True)]
            row |= spread(f"{kind} ratio", ratios)
        if program in ("ensemble", "workers"):
            work = flops(step_products(Configuration(architecture)))
            best = {key: max(one[key] for one in measured_rates) for key in measured_rates[0]}
            row["floor ms"] = 1e3 * work / best["square", precision, device]
            row["products alone ms"] = 1e3 * work / best[architecture, precision, device]
            if program == "ensemble" and networks == plan.memory_networks:
                row["peak GiB"] = memory.get((architecture, precision, device))
        rows.append(row)
    return pd.DataFrame(rows)


def best_loop(timings, architecture, device, kind):
    """Return the authors' loop's time of a step, the better of one thread and all."""
    return min(
        getattr(timing, kind)
        for (program, its, _, _, where, _), timing in timings.items()
        if program == "authors" and its == architecture and where == device
    )


def spread(name, values):
    """Return median, least and largest of the rounds."""
    series = pd.Series(values)
    return {name: series.median(), f"{name} min": series.min(), f"{name} max": series.max()}


def measure_costs(plan, devices):
    """Yield the cost of a step at other sizes, one size changed at a time."""
    threads = torch.get_num_threads()
    for device in devices:
        for quantity, values in plan.sizes:
            values += plan.gpu_sizes if device == "cuda" and quantity == "networks" else ()
            for value in values:
                for architecture in ARCHITECTURES:
                    sizes = dict(networks=plan.base_networks) | {quantity: value}
                    networks = sizes.pop("networks")
                    tasks = "random" if sizes.get("dimension", 2) != 2 else "even"
                    step = ensemble_step(networks, device, architecture, tasks=tasks, **sizes)
                    row = dict(quantity=quantity, value=value, device=device)
                    row["architecture"] = architecture
                    program = Program(step, plan.steps, device, threads)
                    yield row | dict(program="ensemble") | cost(program, networks)
                    loop = AuthorsLoop(architecture, device=device, **sizes)
                    program = Program(loop.step, max(1, plan.loop_steps // 2), device)
                    yield row | dict(program="authors") | cost(program, 1)
            print(f"cost against {quantity} on {device}: done", flush=True)


def cost(program, networks):
    """Return milliseconds per network and step."""
    time_steps(program._replace(n_steps=min(2, program.n_steps)))
    timing = time_steps(program)
    return dict(wall_ms=timing.wall / networks, cpu_ms=timing.cpu / networks)


def write(folder, machine, plan, table, timings, measured_rates, costs):
    """Write the results as JSON, Markdown and CSV, and the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "machine": machine,
        "plan": vars(plan),
        "table": json.loads(table.to_json(orient="records")),
        "timings": [
            [[*name, timing.wall, timing.cpu] for name, timing in one.items()] for one in timings
        ],
        "rates": [[[*key, rate] for key, rate in one.items()] for one in measured_rates],
    }
    (folder / "training.json").write_text(json.dumps(record, indent=1) + "\n")
    text = [tables.lines(machine), tables.markdown(table), tables.rates(measured_rates)]
    (folder / "training.md").write_text("\n\n".join(text) + "\n")
    costs.to_csv(folder / "training_costs.csv", index=False, float_format="%.5g")
    draw(pd.read_csv(folder / "training_costs.csv"), folder / "training.svg")


def draw(costs, path):
    """Draw the costs on the GPU if they were measured there, else on the CPU."""
    matplotlib.use("Agg")
    figures.use_theme()
    device = costs["device"].iloc[-1]
    costs = costs[costs["device"] == device]
    figure, axes = figures.new(height=2.3 * len(LABELS) + 0.8, rows=len(LABELS))
    for ax, (quantity, label) in zip(axes, LABELS.items(), strict=True):
        part = costs[costs["quantity"] == quantity]
        by_program = {
            program: {
                architecture: (own["value"].to_numpy(), own["wall_ms"].to_numpy())
                for architecture, own in rows.groupby("architecture", sort=False)
            }
            for program, rows in part.groupby("program")
        }
        figures.cost_curves(
            ax, by_program["ensemble"], reference=by_program["authors"], xlabel=label
        )
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    axes[0].set_title("full: ensemble, dotted: the authors' loop", fontsize=10)
    with matplotlib.rc_context({"svg.hashsalt": "trilateration", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    main()
