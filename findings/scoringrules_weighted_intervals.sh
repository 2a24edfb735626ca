#!/usr/bin/env bash
# scoringrules: on its numpy backend the weighted interval score adds the median itself, not how far it lies off.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'scoringrules==0.10.0' 'numpy==2.2.6' 'scipy==1.15.3' 'numba==0.61.2'
venv/bin/python - <<'PY'
from importlib.metadata import version

import numpy as np
import scoringrules


def score(backend, shift=0.0):
    """Return the score of a forecast 3 (2 to 4 with 80 %) for the outcome 3.5, all moved by a constant."""
    low, high, alpha = np.array([2.0 + shift]), np.array([4.0 + shift]), np.array([0.2])
    found = scoringrules.weighted_interval_score(3.5 + shift, 3.0 + shift, low, high, alpha, backend=backend)
    return round(float(found), 4)


published = round((0.5 * abs(3.5 - 3.0) + 0.2 / 2 * (4.0 - 2.0)) / 1.5, 4)  # Bracher et al. 2021
seen = {name: [score(name, shift) for shift in (0, 100, -100)] for name in ("numba", "numpy")}
print(f"package : scoringrules {version('scoringrules')}")
print(f"expected: {published} on either backend, and the same when forecast and outcome move by 100 or -100")
print(f"seen    : {seen}")
print("so      : numpy runs where numba is not installed: the same script gives another score on another machine. Large")
print("          amounts then score worse than small ones, and losses below zero, better than a perfect forecast. Ask for")
print("          numba by name, or move forecast and outcome by a constant and see that the score stays.")
assert seen == {"numba": [0.3, 0.3, 0.3], "numpy": [1.1333, 34.4667, -32.2]} and published == 0.3, (seen, published)
PY
