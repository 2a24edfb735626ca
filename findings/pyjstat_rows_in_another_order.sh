#!/usr/bin/env bash
# pyjstat: a complete table whose rows stand in another order is written with the values in the wrong cells.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'pyjstat==2.4.0' 'pandas==2.3.3'
venv/bin/python - <<'PY'
from importlib.metadata import version

import pandas as pd
from pyjstat import pyjstat

table = pd.DataFrame({
    "area": ["North", "South", "North", "South"],
    "year": ["2021", "2020", "2020", "2021"],
    "value": [21, 120, 20, 121],
})
back = pyjstat.Dataset.read(pyjstat.Dataset.read(table).write()).write("dataframe")
joined = table.merge(back, on=["area", "year"], suffixes=("", "_back"))
wrong = joined[joined["value"] != joined["value_back"]]
print(f"package : pyjstat {version('pyjstat')}")
print("expected: every area and year of the complete 2 x 2 table keeps its value through write and read")
print("seen    : " + "; ".join(f"{r.area} {r.year}: {r.value} -> {r.value_back}" for r in joined.itertuples()))
print("so      : values are written as the rows stand, categories as they first appear; nothing sorts or checks. A table fresh")
print("          from a join or a GROUP BY is published with figures swapped. Sort by all dimensions and read it back.")
assert len(wrong) == 3 and sorted(back["value"]) == sorted(table["value"]), joined
PY
