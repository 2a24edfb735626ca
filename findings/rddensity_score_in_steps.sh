#!/usr/bin/env bash
# rddensity: on a score in steps, moving everybody just below the line onto it gives p = 1 in the manipulation test.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'rddensity==3.0' 'numpy==2.4.6' 'pandas==3.1.1'
venv/bin/python - <<'PY'
import warnings
from importlib.metadata import version

import numpy as np
from rddensity import rddensity

warnings.simplefilter("ignore")
# 100 applicants at each score in steps of five; the line is at 0.
honest = np.repeat(np.arange(-20, 20) * 5.0, 100)
pushed = np.where(honest == -5, 0.0, honest)  # nobody is left at -5, and 200 stand at 0
found = {}
for name, scores in (("honest", honest), ("pushed", pushed)):
    test = rddensity(scores)
    found[name] = round(float(test.test["p_jk"]), 3), float(test.h["left"]), float(test.h["right"])

print(f"package : rddensity {version('rddensity')}")
print("expected: p near 1 for the honest scores, near 0 for the pushed ones (0 applicants at -5 beside 200 at 0)")
print(f"seen    : (p, bandwidth left, right) {found}")
print("so      : with few distinct values the bandwidth grows until it covers all scores, and the cubic runs past the hole.")
print("          For scores in steps test the two cells beside the line (binomial), and never read this p as a clearance.")
assert found["honest"][0] > 0.99 and found["pushed"] == (1.0, 100.0, 100.0), found
PY
