#!/usr/bin/env bash
# frictionless: a column of school years written 2023_24 is inferred as whole numbers and read as 202324.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'frictionless==5.21.0'
venv/bin/python - <<'PY'
from importlib.metadata import version
from pathlib import Path

from frictionless import Resource, describe

kinds = {}
for year in ("2023-24", "2023/24", "2023_24"):
    Path("pupils.csv").write_text(f"pupil,school_year\na,{year}\nb,{year}\n")
    field = describe("pupils.csv").schema.get_field("school_year")
    with Resource("pupils.csv") as resource:
        kinds[year] = (field.type, next(iter(resource.row_stream))["school_year"])

print(f"package : frictionless {version('frictionless')}")
print("expected: 2023-24, 2023/24 and 2023_24 are all inferred as strings")
print(f"seen    : {kinds}")
print("so      : the underscore counts as a separator of digits, as in Python's source code. Keys of periods and")
print("          places (2023_24, 07_01) turn into numbers on describe() and join with nothing: declare them as strings.")
assert kinds == {
    "2023-24": ("string", "2023-24"),
    "2023/24": ("string", "2023/24"),
    "2023_24": ("integer", 202324),
}, kinds
PY
