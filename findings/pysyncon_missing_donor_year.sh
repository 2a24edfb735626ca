#!/usr/bin/env bash
# pysyncon: a missing outcome of a donor after treatment counts as zero, and the effect jumps.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'pysyncon==1.7.0' 'pandas==3.1.1' 'numpy==2.4.6'
venv/bin/python - <<'PY'
import math
from importlib.metadata import version

import numpy as np
import pandas as pd
from pysyncon import Dataprep, Synth

# The treated town lies half way between two donors; the third is far away. The true effect is 3 from 2008 on.
level = {"Town": 30.0, "A": 20.0, "B": 40.0, "C": 90.0}
panel = pd.DataFrame([
    (town, year, at + 0.2 * math.sin(5 * i + year) + (3 if town == "Town" and year >= 2008 else 0))
    for i, (town, at) in enumerate(level.items()) for year in range(2000, 2012)
], columns=["town", "year", "jobs"])
years = range(2000, 2008)


def effect(data):
    setup = Dataprep(
        foo=data, predictors=["jobs"], predictors_op="mean", time_predictors_prior=years,
        special_predictors=[("jobs", [year], "mean") for year in (2001, 2006)], dependent="jobs",
        unit_variable="town", time_variable="year", treatment_identifier="Town", controls_identifier=["A", "B", "C"],
        time_optimize_ssr=years,
    )
    fit = Synth()
    fit.fit(dataprep=setup)
    return round(float(fit.att(range(2008, 2012))["att"]), 1)


gap = panel.copy()
gap.loc[(gap["town"] == "B") & (gap["year"] == 2010), "jobs"] = np.nan
seen = effect(panel), effect(gap)
print(f"package : pysyncon {version('pysyncon')}")
print("expected: with one missing year of a donor: an error, a missing effect, or that year left out (about 3 again)")
print(f"seen    : effect {seen[0]} with all values, {seen[1]} with B's jobs of 2010 missing")
print("so      : B's weight times its level is taken from the counterfactual of that year: a hole in a register reads as an")
print("          effect of the programme. Refuse donors with missing outcomes before fitting.")
assert abs(seen[0] - 3) < 0.5 and seen[1] > seen[0] + 2, seen
PY
