"""Print the peak memory of one process that trains one ensemble; run it as a process of its own."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import torch

from measuring.machine import peak_gib
from trilateration.training import Configuration, descent


def peak_of(architecture: str, networks: int, precision: str, device: str, steps: int) -> float:
    """Return the peak memory in GiB of a fresh process that takes some steps of an ensemble."""
    command = [sys.executable, "-m", "measuring.memory", architecture, str(networks), precision]
    done = subprocess.run(
        [*command, device, str(steps)],
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the process that measures memory failed:\n{done.stderr}")
    return json.loads(done.stdout)


def main():
    """Train for some steps and print the peak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture")
    parser.add_argument("networks", type=int)
    parser.add_argument("precision")
    parser.add_argument("device")
    parser.add_argument("steps", type=int)
    options = parser.parse_args()
    configurations = [
        Configuration(options.architecture, seed=seed, precision=options.precision)
        for seed in range(options.networks)
    ]
    steps = descent(configurations, device=options.device)
    for _ in range(options.steps):
        next(steps)
    on_gpu = options.device == "cuda"
    print(json.dumps(torch.cuda.max_memory_allocated() / 2**30 if on_gpu else peak_gib()))


if __name__ == "__main__":
    main()
