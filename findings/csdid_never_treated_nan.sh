#!/usr/bin/env bash
# csdid: never-treated units marked as missing (as the package differences wants them) vanish; the last cohort stands in.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'csdid==0.4.3' 'differences==0.3.0' 'pandas==3.1.1'
venv/bin/python - <<'PY'
import contextlib
import io
import math
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from csdid.att_gt import ATTgt as Csdid
from differences import ATTgt as Differences

warnings.simplefilter("ignore")
# 10 units from period 3, 10 from period 5, 15 never; the effect grows by one each period.
start = [3] * 10 + [5] * 10 + [0] * 15
panel = pd.DataFrame([
    (i, t, g, i % 4 + 0.3 * t + 0.2 * math.sin(7 * i + 3 * t) + (t - g + 1 if 0 < g <= t else 0))
    for i, g in enumerate(start) for t in range(1, 7)
], columns=["id", "t", "g", "y"])


def csdid(data):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        fit = Csdid(yname="y", tname="t", idname="id", gname="g", data=data).fit(est_method="reg")
        fit.aggte(typec="simple")
    return round(float(fit.atte["overall_att"]), 2), len(fit.results["att"]), "Never Treated" in said.getvalue()


missing = panel.assign(g=panel["g"].replace(0, np.nan).astype(float))
other = Differences(data=missing.set_index(["id", "t"]), cohort_column="g")
other.fit("y", progress_bar=False)
reference = round(float(other.aggregate("simple").iloc[0, 0]), 2)
zero, nan = csdid(panel.copy()), csdid(missing.copy())

print(f"package : csdid {version('csdid')}, beside differences {version('differences')}")
print(f"expected: NaN in the cohort column means never treated, as in differences ({reference}), or is refused")
print(f"seen    : never = 0: ATT {zero[0]} from {zero[1]} cells; never = NaN: ATT {nan[0]} from {nan[1]} cells,")
print(f"          and the summary still says 'Control Group: Never Treated' ({nan[2]})")
print("so      : the 15 controls are dropped in silence and the later cohort, treated itself, becomes the comparison. The two")
print("          packages want opposite codes (differences refuses 0): count units and cells after fitting.")
assert zero[0] == reference and zero[1] == 10 and nan[1] == 3 and nan[2] and abs(nan[0] - zero[0]) > 0.3, (zero, nan)
PY
