#!/usr/bin/env bash
# mpitb: the error of a change between two survey rounds falls with every further round in the file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'mpitb==0.2' 'pandas==2.3.3' 'numpy==2.3.5' 'scipy==1.16.3'
venv/bin/python - <<'PY'
import contextlib
import io
from importlib.metadata import version
from math import sqrt

import pandas as pd
from mpitb.core import MPIToolbox
from scipy.stats import norm


def change(poor):
    """Return error and p-value of the change of the share of poor from 2015 to 2020; each round asked 200 people."""
    rows = [(year, int(i < count), int(i < count)) for year, count in poor.items() for i in range(200)]
    toolbox = MPIToolbox()
    toolbox.set(name="mpi", dimensions=[(["school"], "education"), (["water"], "living")])
    frame = pd.DataFrame(rows, columns=["year", "school", "water"])
    with contextlib.redirect_stdout(io.StringIO()):
        found = toolbox.est_cot(frame, "mpi", "year", klist=[50], cotmeasures=["H"])
    row = next(r for r in found if r["change_type"] == "total")
    assert round(row["raw"], 6) == -0.07
    return round(float(row["se"]), 4), round(float(row["pval"]), 3)


error = sqrt((0.30 * 0.70 + 0.23 * 0.77) / 200)
expected = round(error, 4), round(float(2 * norm.sf(0.07 / error)), 3)
two, three = change({2015: 60, 2020: 46}), change({2015: 60, 2018: 53, 2020: 46})
print(f"package : mpitb {version('mpitb')}")
print(f"expected: (error, p) {expected} for 30 % of 200 in 2015 and 23 % of 200 in 2020, whoever was asked in 2018")
print(f"seen    : {two}; with the round of 2018 in the file {three}")
print("so      : each variance is divided by the rows of all rounds, not by those of its own: with two equal rounds the")
print("          error is too small by the square root of 2, with three by that of 3, and a change that may be chance is")
print("          significant. Compute it from the errors of the two rounds.")
assert (expected, two, three) == ((0.044, 0.112), (0.0311, 0.024), (0.0254, 0.006)), (expected, two, three)
PY
