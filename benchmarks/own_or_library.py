"""Hold the statistics of the engine against libraries that do the same: agreement and speed in one run.

Run: python benchmarks/own_or_library.py [WORD …]

With words, only the rows that contain one of them. Nothing is installed: a library that is not there is named as such.
Data come from causaldata (in the test extra) and, where IMPACT_REFERENCE_DATA names a folder, from public data sets of
R packages. The difference is the largest, relative, of what both give (estimates, standard errors, degrees of freedom,
p-values); the speed says how many times as long the library takes, each at its fastest of several calls. Why ours stays
is in docs/decisions/0025-own-code-beside-libraries.md.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import contextlib
import importlib.metadata
import io
import sys
import time
import warnings

import numpy as np
from libraries import cross_section, designs, panels  # noqa: F401 - they register their comparisons
from libraries.registry import COMPARISONS, Call, Comparison

from impact.statistics.core import Floats

SECONDS = 0.3


def seconds(call: Call) -> float:
    """Return the shortest of several calls, which take ``SECONDS`` or a little more together."""
    spent: list[float] = []
    while not spent or (sum(spent) < SECONDS and len(spent) < 50):
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return min(spent)


def compared(comparison: Comparison) -> tuple[str, str]:
    """Return the largest relative difference and the ratio of times, in words where there is none."""
    try:
        own, library = comparison.prepare()
        ours = np.array(own(), dtype=float)
    except ImportError:
        return "not installed", ""
    except FileNotFoundError as error:
        return str(error), ""
    try:
        theirs = np.array(library(), dtype=float)
    except Exception as error:  # what a library raises is a row of the table
        return f"fails: {type(error).__name__}", ""
    return f"{difference(ours, theirs):.1e}", f"{seconds(library) / seconds(own):.1f}"


def difference(ours: Floats, theirs: Floats) -> float:
    """Return the largest relative difference; where both have no value there is none."""
    size = np.maximum(np.maximum(np.abs(ours), np.abs(theirs)), np.finfo(float).tiny)
    relative = np.abs(ours - theirs) / size
    return float(np.max(np.where(np.isnan(ours) & np.isnan(theirs), 0.0, relative)))


def version(package: str) -> str:
    """Return the installed version of a package, or nothing."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    words = sys.argv[1:]
    print("| ours | library | data | largest difference | times as long |")
    print("| --- | --- | --- | --- | --- |")
    for row in COMPARISONS:
        line = f"{row.own} | {row.package} {version(row.package)} | {row.data}"
        if words and not any(word in line for word in words):
            continue
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            gap, ratio = compared(row)
        print(f"| {line} | {gap} | {ratio} |", flush=True)
