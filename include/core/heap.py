"""Memory that goes back to the system as soon as it is free, so that a worker stays as small as it was."""

import ctypes

import pyarrow as pa

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)
LARGE_BYTES = 3 << 19  # the system clears each page that it gives: what is made for every few thousand rows is smaller
SPARE_BYTES = 4 << 20  # the same memory would else go back and forth with every block


def keep_little() -> None:
    """Let large blocks have pages of their own in this process from now on.

    Arrow's own pools keep what they had once. glibc learns from every large block to keep the next one on its heap,
    where blocks of many sizes leave holes: 50 MiB of them after a CSV file. Other C libraries have no such setting.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    if tune := getattr(ctypes.CDLL(None), "mallopt", None):
        tune(M_MMAP_THRESHOLD, LARGE_BYTES)
        tune(M_TRIM_THRESHOLD, SPARE_BYTES)


def give_back() -> None:
    """Give back what is free now; it walks through all of the heap, so not after every small thing."""
    pa.system_memory_pool().release_unused()
