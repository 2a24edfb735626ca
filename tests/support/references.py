"""Reference values (R, published figures) by id, and the public datasets behind them."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest

VALUE_FIGURES = "value_figures.json"
"""References of pooling, costs, scores, ranks, returns and outcome contracts."""
MONITORING_FIGURES = "monitoring_figures.json"
"""References of periods, reports, control charts, composite indices, progress and territories."""
FOLDER = os.environ.get("IMPACT_REFERENCE_DATA", "")
DATA = Path(__file__).parents[1] / "reference" / "data"
"""Public data that come with the tests; the README there says by what right."""


@cache
def references(file: str = "values.json") -> dict[str, dict[str, Any]]:
    """Return all reference values of a file of ``tests/reference`` by id."""
    text = (Path(__file__).parents[1] / "reference" / file).read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)["references"]
    return found


def reference(name: str) -> dict[str, Any]:
    """Return one reference: value, se, extra, tolerance, spec, source."""
    return references()[name]


def value_reference(name: str) -> dict[str, Any]:
    """Return one reference of pooling, costs, scores, ranks, returns and outcome contracts."""
    return references(VALUE_FIGURES)[name]


def monitoring_reference(name: str) -> dict[str, Any]:
    """Return one reference of periods, reports, control charts, composite indices, progress and territories."""
    return references(MONITORING_FIGURES)[name]


def dataset(name: str, **options: Any) -> pd.DataFrame:
    """Read a public dataset that comes with the tests or lies in the folder of reference data, or skip the test."""
    for folder in (DATA, Path(FOLDER)):
        if (folder / name).is_file():
            return pd.read_csv(folder / name, **options)
    pytest.skip(f"set IMPACT_REFERENCE_DATA to a folder with {name} (public data that are not ours to ship)")


def florentine_families() -> nx.Graph:
    """Return the marriages of Padgett and Ansell (1993) with the Pucci, who married none of the others."""
    graph = nx.florentine_families_graph()
    graph.add_node("Pucci")
    return graph
