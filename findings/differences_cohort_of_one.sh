#!/usr/bin/env bash
# differences: the effect on a cohort of one unit gets a standard error that does not depend on that unit at all.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'differences==0.3.0' 'pandas==3.1.1'
venv/bin/python - <<'PY'
import math
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from differences import ATTgt

warnings.simplefilter("ignore")


def lone(swing):
    """Return effect and standard error of the cohort of one, whose outcome goes up and down by ``swing``."""
    rows = [(i, t, np.nan, 0.1 * math.sin(7 * i + 3 * t)) for i in range(12) for t in range(1, 5)]
    rows += [(100 + i, t, 3.0, 0.1 * math.sin(5 * i + 2 * t) + (t >= 3)) for i in range(8) for t in range(1, 5)]
    rows += [(200, t, 4.0, swing * (-1) ** t) for t in range(1, 5)]
    fit = ATTgt(data=pd.DataFrame(rows, columns=["id", "t", "g", "y"]).set_index(["id", "t"]), cohort_column="g")
    fit.fit("y", progress_bar=False)
    effect, error = fit.aggregate("cohort").loc[4.0].iloc[:2]
    return round(float(effect), 2), round(float(error), 4)


seen = {swing: lone(swing) for swing in (0.1, 10, 100)}
print(f"package : differences {version('differences')}")
print("expected: no standard error for one treated unit, or one that grows with the unit's own noise")
print("seen    : " + "; ".join(f"swing {k}: ATT {a} (se {b})" for k, (a, b) in seen.items()))
print("so      : with one unit the deviation from its own mean is zero, so only the comparison group's noise is left and")
print("          the last town to join looks the surest of all. Merge or leave out cohorts of few units before averaging.")
assert len({error for _, error in seen.values()}) == 1 and seen[100][1] < 0.1 and seen[100][0] > 150, seen
PY
