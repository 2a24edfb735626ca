#!/usr/bin/env bash
# frictionless: a column declared in the Italian way of writing numbers reads 9.50 as 950, and calls the file valid.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'frictionless==5.21.0'
venv/bin/python - <<'PY'
from importlib.metadata import version

from frictionless import Resource, Schema

# Three grants typed in Italian, two from a colleague whose spreadsheet writes a decimal point.
rows = [["grant"], ["1.250,00"], ["12,50"], ["980,00"], ["9.50"], ["1.2.3"]]
schema = Schema.from_descriptor(
    {"fields": [{"name": "grant", "type": "number", "decimalChar": ",", "groupChar": "."}]}
)
report = Resource(data=rows, schema=schema).validate()
with Resource(data=rows, schema=schema) as resource:
    read = [str(row["grant"]) for row in resource.row_stream]

print(f"package : frictionless {version('frictionless')}")
print('expected: with decimalChar "," and groupChar "." the cells 9.50 and 1.2.3 are type errors')
print(f"seen    : valid={report.valid}; {', '.join(f'{r[0]} -> {v}' for r, v in zip(rows[1:], read))}")
print("so      : every group character is deleted wherever it stands, so one file from an English spreadsheet is a")
print("          hundred times too large and the validation report is clean; check the places of the points yourself.")
assert report.valid and read == ["1250.00", "12.50", "980.00", "950", "123"], (report.valid, read)
PY
