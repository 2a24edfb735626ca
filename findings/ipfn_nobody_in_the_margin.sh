#!/usr/bin/env bash
# ipfn: a group of the margin without respondents is dropped, and the other margins no longer hold; it says converged.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'ipfn==1.4.4' 'pandas==2.3.3' 'numpy==2.3.5'
venv/bin/python - <<'PY'
import contextlib
import io
from importlib.metadata import version

import pandas as pd
from ipfn import ipfn

people = pd.DataFrame({"sex": ["F", "F", "M", "M"], "area": ["N", "S", "N", "S"], "total": [10.0, 20.0, 30.0, 40.0]})
sex = pd.Series({"F": 50.0, "M": 30.0, "X": 20.0}, name="total").rename_axis("sex")  # nobody answered X
area = pd.Series({"N": 60.0, "S": 40.0}, name="total").rename_axis("area")
said = io.StringIO()
with contextlib.redirect_stdout(said):
    fitted = ipfn.ipfn(people.copy(), [sex, area], [["sex"], ["area"]]).iteration()
women, men = (float(fitted.loc[fitted["sex"] == s, "total"].sum()) for s in "FM")

print(f"package : ipfn {version('ipfn')}")
print("expected: an error or a word that 20 of the 100 belong to a group without respondents; or F = 50, M = 30")
print(f"seen    : F = {women:.1f}, M = {men:.1f}; message: {said.getvalue().strip()!r}")
print("so      : the last margin in the list wins: F and M are both 25 % over the population figures they were raked to.")
print("          Sum the fitted table over every margin before using the weights; the message does not tell.")
assert (round(women, 1), round(men, 1)) == (62.5, 37.5) and "converged" in said.getvalue(), (women, men, said.getvalue())
PY
