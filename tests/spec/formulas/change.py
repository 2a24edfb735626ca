"""Changes of linked persons."""

import pandas as pd

from tests.spec.draw import codes, numbers, over_waves
from tests.spec.formulas.mean import mean
from tests.spec.spec import Row, Spec, Table, parts

WAVES = ("before", "after")
PERSONS = Table(
    """
    person | wave   | g | y
    p1     | before | a | 4.0
    p1     | after  | a | 6.0
    p2     | before | a | 5.0
    p2     | after  | b | 4.0
    p3     | before | b | 1.0
    p3     | after  | b | 1.5
    p4     | before | b | 3.0
    p5     | after  | b | 9.0
    p6     | before | b | 2.0
    p6     | after  | b |
    """,
    key=("person", "wave"),
    random=over_waves(WAVES, varying={"g": codes("a", "b"), "y": numbers()}),
)


def change(table: pd.DataFrame) -> list[Row]:
    before, after = (table[table["wave"] == wave].set_index("person") for wave in WAVES)
    linked = before.loc[before.index.isin(after.index)]
    return parts(linked.assign(y=after["y"].reindex(linked.index) - linked["y"]), "g", mean)


SPECS = (
    Spec(
        title="Change of linked persons",
        meaning=(
            "The mean over persons of how much each changed between two waves. Who stands in one wave only is in no"
            " count; a group is that of the earlier wave."
        ),
        tables={"rows": PERSONS},
        declaration="formula: {kind: change, since: before, of: {kind: mean, column: y}}\nby: [g]\nex_post: {wave: after}",
        expected="""
            part | value | low      | high    | n | n_missing
            all  | 0.5   | -3.2262  | 4.2262  | 3 | 1
            a    | 0.5   | -18.5593 | 19.5593 | 2 | 0
            b    | 0.5   |          |         | 1 | 1
        """,
        plain=change,
    ),
)
