#!/usr/bin/env bash
# networkx: a tie of a body to itself lowers reciprocity below both ways of reading such a tie.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'networkx==3.6.1'
venv/bin/python - <<'PY'
from importlib.metadata import version

import networkx

ties = [(0, 1), (1, 0), (1, 2), (2, 3)]  # who sends clients to whom: two of the four ties are returned
loop = [*ties, (3, 3)]  # body 3 also sends clients to its own other desk

plain, looped = (networkx.overall_reciprocity(networkx.DiGraph(edges)) for edges in (ties, loop))
print(f"package : networkx {version('networkx')}")
print("expected: a tie to oneself is left out (0.5), or counts as returned (3 of 5 = 0.6)")
print(f"seen    : without it {plain}; with it {looped}")
print("so      : the loop counts among the ties but not among the returned ones (2 of 5), a value neither reading gives.")
print("          Referral data hold such ties: remove them, and say so, before comparing with figures from another tool.")
assert (plain, looped) == (0.5, 0.4), (plain, looped)
PY
