#!/usr/bin/env bash
# pycanon: a group whose sensitive answers are all missing is as diverse as it is large, if the answers are text.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'pycanon==1.3.6' 'pandas==2.3.3' 'numpy==2.0.2'
venv/bin/python - <<'PY'
from importlib.metadata import version

import numpy as np
import pandas as pd
from pycanon import anonymity

ages = [30] * 5 + [40] * 5  # two groups of five; nobody of 40 answered
text = pd.DataFrame({"age": ages, "illness": [*"abcde", *[np.nan] * 5]})
number = pd.DataFrame({"age": ages, "illness": [1, 2, 3, 4, 5, *[np.nan] * 5]})
seen = {name: int(anonymity.l_diversity(frame, ["age"], ["illness"])) for name, frame in
        (("text", text), ("numbers", number))}
print(f"package : pycanon {version('pycanon')}")
print("expected: l = 1 for both (the second group holds one value, 'missing'), or both refused")
print(f"seen    : l-diversity of the same answers {seen}")
print("so      : as text each missing answer counts as a value of its own, as numbers they count as one; recoding a column")
print("          changes the certificate of a file. Give missing answers a code of their own before measuring.")
assert seen == {"text": 5, "numbers": 1}, seen
PY
