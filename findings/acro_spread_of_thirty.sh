#!/usr/bin/env bash
# acro: a standard deviation of thirty people is hidden, and hides the mean in the cell beside it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'acro==1.0.2' 'pandas==2.3.3' 'numpy==2.0.2'
venv/bin/python - <<'PY'
import logging
import warnings
from importlib.metadata import version

import pandas as pd
from acro import ACRO

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
# Four cells of thirty people each, three times the threshold of ten, and nobody dominates.
people = pd.DataFrame(
    [(site, year, 100.0 + i) for site in "AB" for year in (1, 2) for i in range(30)], columns=["site", "year", "income"]
)
engine = ACRO(suppress=True)


def shown(aggfunc):
    """Return how many of the table's figures are not hidden."""
    return int(engine.crosstab(people["site"], people["year"], values=people["income"], aggfunc=aggfunc).notna().sum().sum())


seen = {"mean": shown("mean"), "std": shown("std"), "mean and std": shown(["mean", "std"])}
print(f"package : acro {version('acro')}")
print("expected: 4 figures shown for the mean, 4 for the standard deviation, 8 for both")
print(f"seen    : figures shown {seen}")
print("so      : its check of degrees of freedom fails in every cell of a standard deviation, whatever its size, and a table is")
print("          hidden as a whole. A blank table here says nothing of risk: ask for means and spread apart, count people yourself.")
assert seen == {"mean": 4, "std": 0, "mean and std": 0}, seen
PY
