"""Several processes that each train an ensemble on one thread, as a sweep with an executor does."""

import multiprocessing
import time

import torch


class Workers:
    """Processes that take steps when told to.

    Parameters
    ----------
    make_step
        Returns a function that takes one step; picklable, called in each process.
    count
        Number of processes.
    """

    def __init__(self, make_step, count):
        context = multiprocessing.get_context("spawn")
        self.pipes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            context.Process(target=serve, args=(theirs, make_step), daemon=True).start()
            self.pipes.append(ours)

    def step(self):
        """Let every process take one step, and wait for the last."""
        self._ask("step")

    def cpu_seconds(self):
        """Return the processor time that the processes have used."""
        return sum(self._ask("cpu"))

    def _ask(self, what):
        for pipe in self.pipes:
            pipe.send(what)
        return [pipe.recv() for pipe in self.pipes]


def serve(pipe, make_step):
    """Answer until the other end is gone."""
    torch.set_num_threads(1)
    step = make_step()
    while True:
        try:
            what = pipe.recv()
        except EOFError:
            return
        if what == "step":
            step()
        pipe.send(time.process_time())
