"""Time steps of several programs in turn, by the clock on the wall and by the processor's."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch


class Timing(NamedTuple):
    """Time of one step in milliseconds.

    Attributes
    ----------
    wall
        By the clock.
    cpu
        Of all threads of the process together.
    """

    wall: float
    cpu: float


class Program(NamedTuple):
    """Something that goes on step by step.

    Attributes
    ----------
    step
        Takes one step.
    n_steps
        Steps to time at once.
    device
        Where it computes.
    threads
        Threads it may use.
    elsewhere
        Returns the processor time in seconds that other processes have used for it.
    """

    step: Callable[[], object]
    n_steps: int
    device: str = "cpu"
    threads: int = 1
    elsewhere: Callable[[], float] = float


def time_steps(program: Program) -> Timing:
    """Return the mean time of a step over the program's number of steps."""
    before = torch.get_num_threads()
    torch.set_num_threads(program.threads)
    synchronise(program.device)
    cpu, wall = time.process_time() + program.elsewhere(), time.perf_counter()
    for _ in range(program.n_steps):
        program.step()
    synchronise(program.device)
    wall = time.perf_counter() - wall
    cpu = time.process_time() + program.elsewhere() - cpu
    torch.set_num_threads(before)
    return Timing(1e3 * wall / program.n_steps, 1e3 * cpu / program.n_steps)


def interleaved(
    programs: Mapping[object, Program], repeats: int, between: Callable[[], object]
) -> list[dict[object, Timing]]:
    """Time all programs one after the other, and again, so that a slow spell hits all of them.

    Parameters
    ----------
    programs
        By name.
    repeats
        Number of rounds.
    between
        Called after each round, for what else is measured in turn.

    Returns
    -------
    list
        The timings of each round.
    """
    for program in programs.values():  # the first steps allocate memory and choose kernels
        time_steps(program._replace(n_steps=min(3, program.n_steps)))
    rounds = []
    for index in range(repeats):
        rounds.append({name: time_steps(program) for name, program in programs.items()})
        between()
        print(f"round {index + 1} of {repeats} done", flush=True)
    return rounds


def synchronise(device: str) -> None:
    """Wait until a GPU has done what it was told."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
