"""What is held against a library: the registry of comparisons, and the public data they run on."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from impact.statistics.core import Floats
from impact.statistics.panels.adoption import Panel

Numbers = Sequence[float]
Call = Callable[[], Numbers]
Prepare = Callable[[], tuple[Call, Call]]
COVARIATES = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]


@dataclass(frozen=True)
class Comparison:
    """One of ours against one of theirs: ``prepare`` readies the data and returns both calls."""

    own: str
    package: str
    data: str
    prepare: Prepare


COMPARISONS: list[Comparison] = []


def against(package: str, own: str, data: str) -> Callable[[Prepare], Prepare]:
    """Register a comparison of ``own`` with a package, named as on PyPI."""

    def register(prepare: Prepare) -> Prepare:
        COMPARISONS.append(Comparison(own, package, data, prepare))
        return prepare

    return register


@cache
def shipped(name: str) -> pd.DataFrame:
    """Return a data set of causaldata."""
    frame: pd.DataFrame = importlib.import_module(f"causaldata.{name}").load_pandas().data
    return frame


@cache
def reference(name: str, separator: str = ",") -> pd.DataFrame:
    """Return a data set of the folder of reference data."""
    path = Path(os.environ.get("IMPACT_REFERENCE_DATA", "")) / name
    if not path.is_file():
        raise FileNotFoundError(f"{name} is not there: set IMPACT_REFERENCE_DATA")
    return pd.read_csv(path, sep=separator)


def nsw() -> tuple[Floats, Floats, Floats, Floats]:
    """Return outcome, treatment, covariates, and all columns with a constant before them."""
    frame = shipped("nsw_mixtape")
    y, d = frame["re78"].to_numpy(float), frame["treat"].to_numpy(float)
    x = frame[COVARIATES].to_numpy(float)
    return y, d, x, np.column_stack([np.ones(len(y)), d, x])


def mpdta() -> pd.DataFrame:
    """Return the counties of Callaway and Sant'Anna, with ``first`` 0 for those never treated."""
    return reference("mpdta.csv").rename(columns={"first.treat": "first"})


def counties() -> Panel:
    """Return the same as a panel."""
    frame = mpdta()
    wide = frame.pivot(index="countyreal", columns="year", values="lemp")
    first = frame.groupby("countyreal")["first"].first().loc[wide.index].to_numpy()
    cohort = np.where(first == 0, -1, first - wide.columns.min())
    return Panel(wide.to_numpy(float), cohort.astype(np.int64))


def pair(estimate: Any) -> Numbers:
    """Return an estimate and its standard error."""
    return [estimate.estimate, estimate.std_error]
