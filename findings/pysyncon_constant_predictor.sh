#!/usr/bin/env bash
# pysyncon: one predictor that is the same everywhere makes all donors' weights equal, without a word.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'pysyncon==1.7.0' 'pandas==3.1.1' 'numpy==2.4.6'
venv/bin/python - <<'PY'
import math
import warnings
from importlib.metadata import version

import pandas as pd
from pysyncon import Dataprep, Synth

warnings.simplefilter("ignore")  # of division only: see below
level = {"Town": 30.0, "A": 20.0, "B": 40.0, "C": 90.0, "D": 70.0}
panel = pd.DataFrame([
    (town, year, at + 0.2 * math.sin(5 * i + year) + (3 if town == "Town" and year >= 2008 else 0), at / 2 + i % 2, 1.0)
    for i, (town, at) in enumerate(level.items()) for year in range(2000, 2012)
], columns=["town", "year", "jobs", "graduates", "coastal"])
years = range(2000, 2008)


def fitted(*predictors):
    setup = Dataprep(
        foo=panel, predictors=list(predictors), predictors_op="mean", time_predictors_prior=years,
        special_predictors=[("jobs", [year], "mean") for year in (2001, 2006)], dependent="jobs",
        unit_variable="town", time_variable="year", treatment_identifier="Town", controls_identifier=list("ABCD"),
        time_optimize_ssr=years,
    )
    fit = Synth()
    fit.fit(dataprep=setup)
    return fit.weights().round(2).to_dict(), round(float(fit.att(range(2008, 2012))["att"]), 1)


plain, coastal = fitted("graduates"), fitted("graduates", "coastal")
print(f"package : pysyncon {version('pysyncon')}")
print("expected: a predictor that is 1 in every town changes nothing, or is refused as R's Synth does")
print(f"seen    : without it {plain}; with it {coastal}")
print("so      : dividing by its spread of zero makes every distance undefined, the optimiser stays at its start, and the")
print("          plain average of all donors is reported as a synthetic control. Look at the fit before treatment, always.")
assert set(coastal[0].values()) == {0.25} and abs(plain[1] - 3) < 0.6 and abs(coastal[1] - 3) > 10, (plain, coastal)
PY
