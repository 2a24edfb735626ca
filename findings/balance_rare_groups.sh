#!/usr/bin/env bash
# balance: post-stratification leaves groups below five per cent as they were, though the target has them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'balance==0.23.0'
venv/bin/python - <<'PY'
import logging
from importlib.metadata import version

import pandas as pd
from balance import Sample

logging.disable(logging.WARNING)  # it speaks at length, of other things


def people(**counts):
    who = [group for group, count in counts.items() for _ in range(count)]
    return Sample.from_frame(
        pd.DataFrame({"id": [str(i) for i in range(len(who))], "citizenship": who}), id_column="id"
    )


def shares(frame):
    total = frame.groupby("citizenship")["weight"].sum()
    return {k: round(float(v), 3) for k, v in (total / total.sum()).items()}


sample, target = people(IT=186, RO=8, MA=6), people(IT=1860, RO=40, MA=100)
weighted = {
    setting: shares(sample.set_target(target).adjust(method="poststratify", transformations=setting).df)
    for setting in ("default", None)
}
print(f"package : balance {version('balance')}")
print("expected: after adjust(method='poststratify') the weighted shares are those of the target: "
      f"{shares(target.df)}")
print(f"seen    : {weighted['default']}; with transformations=None {weighted[None]}")
print("so      : values below 5 % are lumped into one before weighting, so small groups keep their sampling error: here")
print("          Moroccans stay at 3 % for 5 % and Romanians at twice their share. Compare margins after weighting.")
assert weighted["default"] == {"IT": 0.93, "MA": 0.03, "RO": 0.04}, weighted
assert weighted[None] == shares(target.df) == {"IT": 0.93, "MA": 0.05, "RO": 0.02}, weighted
PY
