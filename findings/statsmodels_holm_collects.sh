#!/usr/bin/env bash
# statsmodels: Holm's correction of three p-values makes Python walk through every object that it holds.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'statsmodels==0.15.0' 'scipy==1.17.1' 'pandas==3.0.0' 'numpy==2.3.5'
venv/bin/python - <<'PY'
import gc
from importlib.metadata import version

from statsmodels.stats.multitest import multipletests

P = [0.01, 0.02, 0.04]
METHODS = ("bonferroni", "holm", "simes-hochberg", "hommel", "fdr_bh", "fdr_by")
gc.disable()  # whatever is collected from here on, somebody asked for
seen = {}
for method in METHODS:
    before = gc.get_stats()[2]["collections"]
    for _ in range(10):
        multipletests(P, method=method)
    seen[method] = gc.get_stats()[2]["collections"] - before
print(f"package : statsmodels {version('statsmodels')}")
print("expected: a correction of three numbers is arithmetic: no full garbage collection")
print(f"seen    : full collections in ten calls {seen}")
print("so      : one method of six stops the program for as long as it takes to visit all objects in memory, which grows with the")
print("          rest of the analysis and not with the p-values: correcting a family inside a simulation can cost more than the")
print("          estimates. Correct once, for all draws, or write Holm's step down as three lines of numpy.")
assert seen == {method: 10 if method == "holm" else 0 for method in METHODS}, seen
PY
