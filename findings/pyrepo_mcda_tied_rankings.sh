#!/usr/bin/env bash
# pyrepo-mcda: two rankings that never contradict each other correlate by 0.24 once one of them has ties.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'pyrepo-mcda==0.1.15' 'numpy==2.3.5' 'scipy==1.16.3'
venv/bin/python - <<'PY'
from importlib.metadata import version

import numpy as np
from pyrepo_mcda.additions import rank_preferences
from pyrepo_mcda.correlations import spearman
from scipy.stats import spearmanr

panel = np.array([5, 5, 5, 4, 4, 4, 3, 3, 2, 1])  # ten projects in marks, 5 is best
index = np.array([9.1, 8.7, 8.2, 7.9, 7.0, 6.4, 5.8, 5.1, 3.9, 2.2])  # the same ten by an index, without ties
marks, values = rank_preferences(panel, reverse=True), rank_preferences(index, reverse=True)
seen, expected = round(float(spearman(marks, values)), 2), round(float(spearmanr(panel, index).statistic), 2)
print(f"package : pyrepo-mcda {version('pyrepo-mcda')}")
print(f"expected: {expected}: those that tie share the mean of their places")
print(f"seen    : {seen}; ranks {marks.tolist()} and {values.tolist()}")
print("so      : its ranks leave no gap after a tie (three firsts, then a second), and its coefficient is the short")
print("          formula for ranks without ties. Two methods that agree read as if the order hung on the method. Take")
print("          Spearman's coefficient from a tool that handles ties, and give it the scores.")
assert (expected, seen) == (0.97, 0.24), (expected, seen)
PY
