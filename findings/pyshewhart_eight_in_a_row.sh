#!/usr/bin/env bash
# pyshewhart: eight points in a row on one side of the centre line are never a signal; two of three must be three.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'pyshewhart==1.1.0' 'numpy==2.3.5' 'matplotlib==3.10.7'
MPLBACKEND=agg venv/bin/python - <<'PY'
import contextlib
import io
from importlib.metadata import version

from pyshewhart import XbarR

SPREAD = (-0.5, -0.25, 0.0, 0.25, 0.5)


def passes(levels):
    """Tell whether samples of five around these levels pass the rules of Western Electric."""
    values = [level + part for level in levels for part in SPREAD]
    with contextlib.redirect_stdout(io.StringIO()):
        return bool(XbarR(values, sample_size=5).passing_western_elec_rules)


# a third of the way to a limit is A2 * 1.0 / 3 = 0.19: half of the year lies 0.1 below the mean, half 0.1 above
shift = [9.9] * 12 + [10.1] * 12
# two thirds of the way are 0.38: two of three points beyond, the third between; and then all three
two_of_three = [10, 10, 10, 10.45, 10, 10.45] + [10, 9.91] * 9
three_of_three = [10, 10, 10, 10.45, 10.45, 10.45] + [10, 9.85] * 9
seen = {
    "twelve below, twelve above": passes(shift),
    "two of three beyond two sigma": passes(two_of_three),
    "three of three": passes(three_of_three),
}
print(f"package : pyshewhart {version('pyshewhart')}")
print("expected: none of the three passes: eight in a row on one side, and two of three beyond two sigma, are signals")
print(f"seen    : passing_western_elec_rules {seen}")
print("so      : a run needs one point more than its rule says, and eight of eight cannot have nine. A lasting shift of")
print("          half a standard error or so, what these rules are for, is called in control.")
assert list(seen.values()) == [True, True, False], seen
PY
