#!/usr/bin/env bash
# rustworkx: a tie entered twice raises the transitivity of the network.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'rustworkx==0.18.1' 'networkx==3.6.1' 'numpy==2.4.6'
venv/bin/python - <<'PY'
from importlib.metadata import version

import networkx
import rustworkx

ties = [(0, 1), (1, 2), (2, 0), (2, 3)]  # a triangle and a body at its end
twice = [*ties, (1, 2)]  # both partners reported the same tie


def transitivity(edges):
    graph = rustworkx.PyGraph()  # holds parallel edges unless told otherwise
    graph.add_nodes_from(range(4))
    graph.add_edges_from_no_data(edges)
    return {
        "rustworkx": rustworkx.transitivity(graph),
        "networkx": networkx.transitivity(networkx.Graph(edges)),
    }


once, again = ({k: round(v, 3) for k, v in transitivity(edges).items()} for edges in (ties, twice))
print(f"package : rustworkx {version('rustworkx')}, networkx {version('networkx')}")
print("expected: a repeated tie is no new triangle and no new pair of partners: 0.6 stays 0.6")
print(f"seen    : once {once}; twice {again}")
print("so      : where both partners report a tie, clustering rises with the reporting, not with the network. Merge parallel")
print("          ties first (PyGraph(multigraph=False)), or count each pair once.")
assert set(once.values()) == {0.6} and again == {"rustworkx": 0.8, "networkx": 0.6}, (once, again)
PY
