"""What a process holds while it runs, sample by sample, and whether that grows."""

import os
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

BLOCKS = 10
QUANTILE = 2.306
"""Of Student's t, 97.5 %, for `BLOCKS` means and a line of two parameters."""


@dataclass(frozen=True)
class Sample:
    """What a process holds at a moment, its children's own memory left out.

    Attributes:
        seconds: since a moment that all samples share.
        memory: anonymous pages in memory, in MiB: what the process allocated, no mapped file.
        files: open file descriptors.
        threads: threads of the process.
    """

    seconds: float
    memory: float
    files: int
    threads: int

    def __str__(self) -> str:
        return (
            f"{self.seconds / 60:6.1f} min {self.memory:8.1f} MiB {self.files:4} files "
            f"{self.threads:3} threads"
        )


def sample(pid: int, seconds: float) -> Sample:
    """What process `pid` holds now.

    Raises:
        OSError: the process has ended.
    """
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    if "RssAnon" not in status:
        raise ProcessLookupError(f"process {pid} has ended")
    return Sample(
        seconds,
        int(status["RssAnon"].split()[0]) / 1024,
        len(os.listdir(f"/proc/{pid}/fd")),
        int(status["Threads"]),
    )


def slope(places: list[float], values: list[float]) -> tuple[float, float]:
    """How much `values` grow by unit of place, and half of the 95 % interval of that.

    Neighbouring samples are alike, so that the interval is that of a line through the means of ten
    blocks of them. Of fewer nothing can be said: 0, give or take anything.

    Example:
        >>> growth, error = slope([float(n) for n in range(100)], [5.0 + 2 * n for n in range(100)])
        >>> round(growth, 6), round(error, 6)
        (2.0, 0.0)
        >>> slope([1.0], [2.0])
        (0.0, inf)
    """
    if len(values) < BLOCKS:
        return 0.0, float("inf")
    blocks = [np.array_split(np.array(each), BLOCKS) for each in (places, values)]
    x, y = ([block.mean() for block in each] for each in blocks)
    (growth, start) = np.polyfit(x, y, 1)
    rest = np.array(y) - growth * np.array(x) - start
    spread = np.sum((np.array(x) - np.mean(x)) ** 2)
    return float(growth), float(QUANTILE * np.sqrt(np.sum(rest**2) / (BLOCKS - 2) / spread))


def settled(samples: list[Sample]) -> list[Sample]:
    """The samples without the first fifth, in which caches fill and pools grow."""
    return samples[len(samples) // 5 :]


def grown(samples: list[Sample]) -> list[str]:
    """Of what the second half of the samples mostly has more than the first ever had.

    Files or threads. What is open for a moment, as files are while they are put in place, is not
    meant; of what leaks the second half has more throughout.
    """
    middle = len(samples) // 2
    if not middle:
        return []
    return [
        name
        for name in ("files", "threads")
        if median(getattr(sample, name) for sample in samples[middle:])
        > max(getattr(sample, name) for sample in samples[:middle])
    ]
