"""Every kind of formula and design gives what its specification says, and what its plain meaning gives from any table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.spec.engine import answers
from tests.spec.spec import Frames, Spec, kinds, specs

KINDS = [(room, kind) for room, names in kinds().items() for kind in names]
WRITTEN = [kind for kind in KINDS if Path(__file__).with_name(kind[0]).joinpath(f"{kind[1]}.py").is_file()]
EVERY = [pytest.param(spec, id=f"{kind}: {spec.title}") for room, kind in WRITTEN for spec in specs(room, kind)]
TABLES = 8
"""Random tables for each specification, in one run with its own: a run costs as much as a few of them."""
SLOW = [HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large]


def test_every_kind_has_a_specification() -> None:
    assert WRITTEN == KINDS


def random_tables(spec: Spec) -> list[Frames]:
    """Draw tables, always the same; a run of the engine is too long to look for the smallest that fails."""
    drawn: list[Frames] = []

    @settings(max_examples=TABLES, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=SLOW)
    @given(spec.random)
    def draw(frames: Frames) -> None:
        drawn.append(frames)

    draw()
    return drawn


def same(answer: pd.DataFrame, meant: pd.DataFrame, frames: Frames) -> None:
    """Assert that two tables out are the same, but for the last digits of the largest number of the tables in."""
    labels = ["part"] if "part" in meant else []
    tables = [table[list(meant)].sort_values(labels or list(meant)) for table in (answer, meant)]
    assert tables[0][labels].to_numpy().tolist() == tables[1][labels].to_numpy().tolist()
    numbers = [table.drop(columns=labels).astype(float).to_numpy() for table in tables]
    largest = max(1.0, *(frame.select_dtypes("number").abs().max().max() for frame in frames))
    np.testing.assert_allclose(*numbers, rtol=1e-9, atol=1e-12 * largest, err_msg=written(frames))


def written(frames: Frames) -> str:
    return "\n".join(frame.to_string() for frame in frames)


@pytest.mark.parametrize("spec", EVERY)
def test_engine_gives_what_is_meant(spec: Spec) -> None:
    tables = [spec.frames, *random_tables(spec)]
    first, *others = answers(spec, tables)
    for answer in (first, spec.meant(spec.frames)):
        same(answer.round(4), spec.answer, spec.frames)
    for answer, frames in zip([first, *others], tables, strict=True):
        same(answer, spec.meant(frames), frames)
