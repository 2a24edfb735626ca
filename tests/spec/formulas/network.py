"""Measures of networks."""

import numpy as np
import pandas as pd

from tests.spec.draw import codes, over_waves, rows
from tests.spec.spec import Row, Spec, Table

NAMES, WAVES = ("alba", "bosco", "corte", "duomo", "erba"), ("before", "after")
ENDS = ["sender", "receiver"]


def answered_twice(bodies: pd.DataFrame) -> int:
    answered = bodies[(bodies["answered"] == "yes") & bodies["sector"].notna()]
    return int((answered["body"].value_counts() == len(WAVES)).sum())


TIES = Table(
    """
    tie | wave   | sender | receiver
    t1  | before | alba   | bosco
    t2  | before | bosco  | alba
    t3  | before | corte  | alba
    t4  | after  | alba   | bosco
    t5  | after  | alba   | bosco
    t6  | after  | bosco  | alba
    t7  | after  | bosco  | corte
    t8  | after  | duomo  | alba
    """,
    key=("tie",),
    random=rows(
        {"wave": codes(*WAVES, missing=False), **dict.fromkeys(ENDS, codes(*NAMES, missing=False))},
        most=20,
        label="tie",
    )
    .map(lambda ties: ties[ties["sender"] != ties["receiver"]])
    .filter(lambda ties: ties["wave"].nunique() == 2),
    contract={
        "rules": [{"kind": "compare", "id": "no_self_tie", "left": "sender", "operator": "!=", "right": "receiver"}],
        "foreign_keys": [{"columns": [end, "wave"], "references": "bodies", "to": ["body", "wave"]} for end in ENDS],
    },
)
BODIES = Table(
    """
    body  | wave   | sector | answered
    alba  | before | care   | yes
    bosco | before | work   | yes
    corte | before | care   | yes
    duomo | before | work   | no
    alba  | after  | care   | yes
    bosco | after  | work   | yes
    corte | after  | care   | yes
    duomo | after  | work   | no
    """,
    key=("body", "wave"),
    random=over_waves(
        WAVES,
        fixed={"sector": codes("care", "work")},
        varying={"answered": codes(*["yes"] * 9, "no")},
        least=len(NAMES),
        most=len(NAMES),
        lost=False,
        label="body",
    )
    .map(lambda bodies: bodies.assign(body=bodies["body"].map(lambda label: NAMES[int(label[1:])])))
    .filter(lambda bodies: answered_twice(bodies) > 1),
)


def among(ties: pd.DataFrame, bodies: pd.Index, wave: str) -> pd.MultiIndex:
    inside = ties[(ties["wave"] == wave) & ties[ENDS].isin(list(bodies)).all(axis=1)]
    return pd.MultiIndex.from_frame(inside[ENDS].drop_duplicates())


def who_answered(bodies: pd.DataFrame, wave: str) -> pd.Index:
    return pd.Index(bodies.loc[(bodies["wave"] == wave) & (bodies["answered"] == "yes"), "body"])


def density(ties: pd.DataFrame, bodies: pd.DataFrame) -> Row:
    answered = who_answered(bodies, "after")
    pairs, n = among(ties, answered, "after"), len(answered)
    return {"value": len(pairs) / (n * (n - 1)), "n": n, "n_missing": (bodies["wave"] == "after").sum() - n}


def reciprocity(ties: pd.DataFrame, bodies: pd.DataFrame) -> Row:
    answered = who_answered(bodies, "after")
    pairs = among(ties, answered, "after")
    returned = pairs.isin(pairs.swaplevel())
    value = returned.mean() if len(pairs) else np.nan
    return {"value": value, "n": len(answered), "n_missing": (bodies["wave"] == "after").sum() - len(answered)}


def share_between_sectors(ties: pd.DataFrame, bodies: pd.DataFrame) -> Row:
    now = bodies[(bodies["wave"] == "after") & (bodies["answered"] == "yes")].dropna(subset=["sector"])
    sector = now.set_index("body")["sector"]
    pairs = among(ties, sector.index, "after").to_frame()
    across = pairs["sender"].map(sector) != pairs["receiver"].map(sector)
    value = across.mean() if len(pairs) else np.nan
    return {"value": value, "n": len(now), "n_missing": (bodies["wave"] == "after").sum() - len(now)}


def stability(ties: pd.DataFrame, bodies: pd.DataFrame) -> Row:
    both = who_answered(bodies, "before").intersection(who_answered(bodies, "after"))
    then, now = (among(ties, both, wave) for wave in WAVES)
    either = then.union(now)
    value = len(then.intersection(now)) / len(either) if len(either) else np.nan
    return {"value": value, "n": len(both), "n_missing": len(bodies) - 2 * len(both)}


FORMULA = (
    "contract: ties\n"
    "formula:\n"
    "  kind: network\n"
    "  measure: {measure}\n"
    "  from: sender\n"
    "  to: receiver\n"
    "  bodies: {{contract: bodies, key: body, answered: {{column: answered, equals: 'yes'}}}}\n"
    "{more}"
    "sample: {{all_units: true}}\n"
    "ex_post: {{wave: after}}"
)
TABLES = {"ties": TIES, "bodies": BODIES}
SPECS = (
    Spec(
        title="Density",
        meaning=(
            "How many of the ordered pairs of bodies have a tie. Rows of one pair count once; a body that did not"
            " answer is left out with its ties, and counted as missing. Without `all_units` there is an interval, by"
            " the vertex bootstrap."
        ),
        tables=TABLES,
        declaration=FORMULA.format(measure="density", more=""),
        expected="""
            value | n | n_missing
            0.5   | 3 | 1
        """,
        plain=density,
    ),
    Spec(
        title="Reciprocity",
        meaning="The share of ties that are returned.",
        tables=TABLES,
        declaration=FORMULA.format(measure="reciprocity", more=""),
        expected="""
            value  | n | n_missing
            0.6667 | 3 | 1
        """,
        plain=reciprocity,
    ),
    Spec(
        title="Share of ties between groups",
        meaning="The share of ties whose ends are of two groups; a body without a group is left out.",
        tables=TABLES,
        declaration=FORMULA.format(measure="cross_group_share", more="  group: sector\n"),
        expected="""
            value | n | n_missing
            1     | 3 | 1
        """,
        plain=share_between_sectors,
    ),
    Spec(
        title="Stability of ties",
        meaning=(
            "Among the bodies that answered both times, the ties there were at both over those there were at either;"
            " missing are the rows of the roster that are of no such body."
        ),
        tables=TABLES,
        declaration=FORMULA.format(measure="stability", more="  since: before\n"),
        expected="""
            value | n | n_missing
            0.5   | 3 | 2
        """,
        plain=stability,
    ),
)
