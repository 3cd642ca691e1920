"""Keep freed memory in the process: an ensemble asks for the same few megabytes at every step."""

import ctypes
import sys

# From glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_NEVER = 2**31 - 1
_LARGEST = 2**25  # more is refused


def keep_freed_memory() -> bool:
    """Ask the C library not to hand freed memory back to the system, and say whether it agreed.

    Otherwise each step's arrays are fetched afresh, and the system clears every page of them: up to
    a quarter of the time of a step. It holds for the process from then on, changes no result, and
    costs nothing but that memory once used stays with the process. Only glibc offers it.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library
        return False
    return bool(mallopt(_TRIM_THRESHOLD, _NEVER) and mallopt(_MMAP_THRESHOLD, _LARGEST))
