"""Needs against supply."""

import numpy as np
import pandas as pd

from tests.spec.draw import codes, numbers, rows
from tests.spec.spec import Row, Spec, Table

ABOVE = {"region": None, "north": "region", "south": "region", "town": "north"}
CODES = {"territory": {"codelist": "territory"}, "theme": {"codelist": "theme"}}
TYPED = {name: {"type": "code", **column} for name, column in CODES.items()}
PLACES, THEMES = codes(*ABOVE, missing=False), codes("care", "work", missing=False)
NEEDS = Table(
    """
    need | territory | theme | voices
    n1   | town      | care  | 10
    n2   | town      | care  | 5
    n3   | north     | work  | 3
    n4   | south     | care  | 2
    n5   | region    | work  |
    """,
    key=("need",),
    random=rows({"territory": PLACES, "theme": THEMES, "voices": numbers(0, 9, sizes=[1.0])}, label="need"),
    columns=TYPED,
)
SERVICES = Table(
    """
    service | organisation_id | territory | theme
    s1      | caritas         | north     | care
    s2      | red_cross       | town      | care
    s3      | caritas         | region    | work
    """,
    key=("service",),
    random=rows(
        {"organisation_id": codes("caritas", "red_cross"), "territory": PLACES, "theme": THEMES},
        most=4,
        label="service",
    ),
    columns=TYPED,
)


def upwards(code: str | None) -> list[str]:
    return [code, *upwards(ABOVE[code])] if code else []


def state(need: pd.Series, services: pd.DataFrame) -> str:
    alike = services[services["theme"] == need["theme"]]
    whole = alike[alike["territory"].isin(upwards(need["territory"]))]
    if whole["organisation_id"].nunique() > 1:
        return "overlap"
    below = any(need["territory"] in upwards(code) for code in alike["territory"])
    return "covered" if len(whole) else "partial" if below else "gap"


def share_covered(needs: pd.DataFrame, services: pd.DataFrame) -> Row:
    cells = needs.drop_duplicates(["territory", "theme"])
    states = cells.apply(state, axis=1, services=services)
    return {"value": states.isin(["covered", "overlap"]).mean(), "n": len(cells), "n_missing": 0}


def number_of_gaps(needs: pd.DataFrame, services: pd.DataFrame) -> Row:
    cells = needs.drop_duplicates(["territory", "theme"])
    states = cells.apply(state, axis=1, services=services)
    return {"value": (states == "gap").sum(), "n": len(cells), "n_missing": 0}


def share_of_voices_covered(needs: pd.DataFrame, services: pd.DataFrame) -> Row:
    covered = needs.apply(state, axis=1, services=services).isin(["covered", "overlap"])
    total = needs["voices"].sum()
    value = needs["voices"][covered].sum() / total if total else np.nan
    cells = needs.drop_duplicates(["territory", "theme"])
    return {"value": value, "n": len(cells), "n_missing": needs["voices"].isna().sum()}


FORMULA = (
    "contract: needs\n"
    "formula: {{kind: territory_map, measure: {measure}, supply: services, match: [territory, theme]{more}}}"
)
CODELISTS = (
    {
        "id": "territory",
        "title": "Territory",
        "codes": [
            {"code": code, "title": code} | ({"parent": parent} if parent else {}) for code, parent in ABOVE.items()
        ],
    },
    {"id": "theme", "title": "Theme", "codes": [{"code": code, "title": code} for code in ("care", "work")]},
)
TABLES = {"needs": NEEDS, "services": SERVICES}
SPECS = (
    Spec(
        title="Share of needs covered",
        meaning=(
            "Needs of one territory and theme are a cell; a service of the theme covers it in the same territory or one"
            " above. The value is the share of cells that are covered. The town is in the north; north and south are"
            " in the region."
        ),
        tables=TABLES,
        declaration=FORMULA.format(measure="coverage", more=""),
        expected="""
            value | n | n_missing
            0.75  | 4 | 0
        """,
        plain=share_covered,
        codelists=CODELISTS,
    ),
    Spec(
        title="Number of gaps",
        meaning="How many cells have no service, not even for a territory below.",
        tables=TABLES,
        declaration=FORMULA.format(measure="gaps", more=""),
        expected="""
            value | n | n_missing
            1     | 4 | 0
        """,
        plain=number_of_gaps,
        codelists=CODELISTS,
    ),
    Spec(
        title="Share of voices covered",
        meaning="With a weight each need counts by it, whichever cell it is in; a need without weight is missing.",
        tables=TABLES,
        declaration=FORMULA.format(measure="coverage", more=", weight: voices"),
        expected="""
            value | n | n_missing
            0.9   | 4 | 1
        """,
        plain=share_of_voices_covered,
        codelists=CODELISTS,
    ),
)
