#!/usr/bin/env bash
# inequality: the Wolfson index of bipolarisation is half of what the literature and R give.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'inequality==1.1.2' 'numpy==2.3.5' 'pandas==2.3.3'
venv/bin/python - <<'PY'
from importlib.metadata import version

import numpy as np
from inequality.wolfson import wolfson


def published(incomes):
    """Return 2 (2T - Gini) mean/median, T the gap of the Lorenz curve at one half; as in R's affluenceIndex."""
    x = np.sort(np.asarray(incomes, dtype=float))
    n = len(x)
    gini = (2 * np.arange(1, n + 1) - n - 1) @ x / (n * x.sum())
    gap = 0.5 - x[: n // 2].sum() / x.sum()
    return 2 * (2 * gap - gini) * x.mean() / np.median(x)


cases = {"half 0, half 2": [0] * 50 + [2] * 50, "1 to 10": list(range(1, 11))}
seen = {name: (round(float(wolfson(x)), 4), round(float(published(x)), 4)) for name, x in cases.items()}
print(f"package : inequality {version('inequality')}")
print("expected: 1 where half have nothing and half have double: the index runs from 0 to 1 (Wolfson 1994)")
print(f"seen    : (package, published formula) {seen}")
print("so      : the package leaves out the leading 2, so its figures lie between 0 and 1/2; beside a published series")
print("          polarisation seems to have halved. Name the formula with the figure.")
assert all(abs(2 * ours - theirs) < 2e-4 for ours, theirs in seen.values()) and seen["half 0, half 2"][0] == 0.5, seen
PY
