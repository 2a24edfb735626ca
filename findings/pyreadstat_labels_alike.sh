#!/usr/bin/env bash
# pyreadstat: in a .sav file two answers with long labels become one: labels are cut after 120 bytes, without a word.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'pyreadstat==1.3.7' 'pandas==2.3.3' 'numpy==2.3.5'
venv/bin/python - <<'PY'
from importlib.metadata import version

import pandas as pd
import pyreadstat

# One question of a survey: the two answers say the same at first, and differ at the end.
stem = "The service offered to my family in the past twelve months was close to our home, and its staff listened to us, and "
labels = {1.0: stem + "it changed our life", 2.0: stem + "it changed nothing"}
survey = pd.DataFrame({"answer": [1.0, 1.0, 2.0]})
pyreadstat.write_sav(survey, "survey.sav", variable_value_labels={"answer": labels})
read, metadata = pyreadstat.read_sav("survey.sav", apply_value_formats=True)
longest = max(map(len, metadata.variable_value_labels["answer"].values()))
try:
    pyreadstat.write_sav(survey, "noted.sav", note="x" * 200)
    noted = "written"
except Exception as error:
    noted = str(error)

print(f"package : pyreadstat {version('pyreadstat')}")
print(f"expected: labels of {len(labels[1.0])} and {len(labels[2.0])} characters are refused, as a long note is ({noted})")
print(f"seen    : nothing raised; labels of {longest}; 2 answers are read as {read['answer'].nunique()} category")
print("so      : who tabulates the labels counts everybody as one answer. Measure labels in bytes before writing, and")
print("          compare what was written with what was to be written.")
assert (longest, read["answer"].nunique()) == (120, 1) and "too long" in noted, (longest, read, noted)
PY
