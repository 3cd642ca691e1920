"""What the numbers were measured on, and with which versions."""

import os
import platform
import resource
from importlib import metadata
from pathlib import Path

import torch

from trilateration.sweeps.identity import processor


def describe(devices: tuple[str, ...]) -> dict[str, object]:
    """Return processor, memory, versions and devices as plain values."""
    described = {
        "processor": processor(),
        "cores": cores(),
        "threads": torch.get_num_threads(),
        "memory GiB": round(memory_gib(), 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    for package in ("trilateration", "torch", "numpy"):
        described[package] = metadata.version(package)
    if "cuda" in devices:
        described["gpu"] = torch.cuda.get_device_name()
        described["cuda"] = torch.version.cuda
    return described


def cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def memory_gib() -> float:
    """Return the memory of the machine, in GiB, or NaN where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError):
        return float("nan")


def peak_gib() -> float:
    """Return the largest resident size of this process so far, in GiB."""
    try:
        # Linux hands ru_maxrss on from the parent to a new program, but not this.
        status = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 2**20
    except (OSError, StopIteration):
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return size / 2**30 if platform.system() == "Darwin" else size / 2**20


def available_devices(wanted: str) -> tuple[str, ...]:
    """Return the devices to measure on: always the CPU, and CUDA where there is one.

    Parameters
    ----------
    wanted
        ``"auto"``, ``"cpu"`` (no GPU even if there is one) or ``"cuda"`` (a GPU is required).
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise SystemExit("--device cuda: torch sees no GPU here; leave the option out")
    return ("cpu", "cuda") if wanted != "cpu" and torch.cuda.is_available() else ("cpu",)
