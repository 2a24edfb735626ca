#!/usr/bin/env bash
# zepid: the interval of a number needed to treat leaves out the number itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'zepid==0.9.1' 'pandas==2.3.3' 'numpy==2.3.5'
venv/bin/python - <<'PY'
from importlib.metadata import version

from zepid.calc import number_needed_to_treat

found = number_needed_to_treat(10, 40, 12, 40)  # 10 of 40 with the programme, 12 of 40 without
point, low, high = (round(float(x), 1) for x in (found.point_estimate, found.lower_bound, found.upper_bound))
print(f"package : zepid {version('zepid')}")
print("expected: an interval that holds the estimate; where the difference may be 0, two rays or an infinite bound")
print(f"seen    : NNT {point} with lower_bound {low} and upper_bound {high}")
print("so      : the bounds are one over the bounds of the difference, so the interval is what lies OUTSIDE them. Read as")
print("          printed it excludes the estimate and holds values between -1 and 1, which no such number can be.")
assert (point, low, high) == (-32.5, -5.3, 7.8) and not low <= point <= high, (point, low, high)
PY
