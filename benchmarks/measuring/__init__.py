"""What the benchmarks share: the authors' loop, a stopwatch, matmul rates, the machine."""
