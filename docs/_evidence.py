"""Write which checks count, and the evidence of all shipped programmes, into ``docs/methods/evidence_levels.md``.

``python docs/_evidence.py`` runs the example programmes and those of the gallery (their public data are read from
``IMPACT_REFERENCE_DATA``) and replaces what stands between the marks; ``--check`` exits 1 if the page says otherwise.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import impact  # noqa: E402
from impact.declare import shipped  # noqa: E402
from impact.designs.kind import Ceiling  # noqa: E402
from impact.designs.registry import DESIGNS as KINDS  # noqa: E402
from tests.reference.gallery import PREPARED, run  # noqa: E402
from tests.support.shipped import SHIPPED  # noqa: E402

PAGE = Path(__file__).parent / "methods" / "evidence_levels.md"
CRITICAL = {
    check: cost
    for kind, design in KINDS.items()
    if kind != "scaled_effect"
    for check, cost in design.checks.items()
    if cost is not None
}
"""Checks whose failure costs a level, with the ceilings of what is left."""
EARLIER = {name for name in CRITICAL if name != "assignment_unit"}
"""Checks that counted when each that failed cost a level whatever its size, and one that was not made cost nothing."""


def rules() -> Iterator[str]:
    """Yield the table of the checks that count."""
    yield "| check | a failure costs | and leaves at most | could not be made |"
    yield "| --- | --- | --- | --- |"
    for check, ceilings in CRITICAL.items():
        designs = [kind for kind, design in KINDS.items() if check in design.stands_on]
        unmade = f"a level: {', '.join(f'`{kind}`' for kind in designs)}" if designs else "nothing"
        yield f"| `{check}` | a level | {'; '.join(map(_ceiling, ceilings)) or '–'} | {unmade} |"


def _ceiling(ceiling: Ceiling) -> str:
    limits = [f"p < {ceiling.p_below:g}"] if ceiling.p_below else []
    limits += [f"size > {ceiling.size:g}"] if ceiling.size else []
    return f"{ceiling.level} if {' and '.join(limits)}"


def programmes() -> Iterator[str]:
    """Yield the table of the shipped programmes: each design with its level now and by the earlier rule."""
    yield "| programme | indicators | design | earlier | now | why |"
    yield "| --- | --- | --- | --- | --- | --- |"
    with tempfile.TemporaryDirectory() as folder:
        for name in SHIPPED:
            yield from _rows(name, impact.run(shipped("data") / name, Path(folder) / "shipped.duckdb"))
        for name in PREPARED:
            yield from _rows(name, run(name, Path(folder)))


def _rows(programme: str, result: impact.Result) -> Iterator[str]:
    findings, checks = result.findings(), result.diagnostics()
    result.close()
    whole = findings[(findings["scope"] == "programme") & (findings["group"] == "all") & findings["estimate"].notna()]
    whole = whole[whole["programme"] == programme]
    if whole.empty:
        return
    shown = pd.DataFrame(
        {
            "indicator": whole["indicator"],
            "design": [reason.partition(";")[0].removesuffix(" design") for reason in whole["evidence_reason"]],
            "now": whole["evidence_level"].astype(int),
            "why": [reason.partition("; ")[2] for reason in whole["evidence_reason"]],
            "earlier": [_earlier(row, checks) for row in whole.to_dict("records")],
        }
    )
    for (design, earlier, now, why), part in shown.groupby(["design", "earlier", "now", "why"], sort=False):
        names = part["indicator"].tolist()
        words = (
            ", ".join(f"`{name}`" for name in names)
            if len(names) <= 4
            else f"{len(names)}, `{names[0]}` to `{names[-1]}`"
        )
        yield f"| {programme} | {words} | {design} | {earlier} | {now} | {why} |"


def _earlier(row: dict[str, object], checks: pd.DataFrame) -> int:
    """Return the level by the earlier rule: one level down for each critical check that failed."""
    kind, _, base = str(row["evidence_reason"]).partition(";")[0].partition(" design")
    carried = base.partition(" on a ")[2].partition(" design")[0] or kind
    own = checks[(checks["finding"] == row["finding"]) & (checks["status"] == "failed")]["check"]
    failed = sum(check in EARLIER or check.startswith("placebo_outcome") for check in own)
    failed -= row["design"] == "difference-in-differences of unit means"  # whose fit was not looked at then
    return max(1, min(KINDS[carried].level - failed, KINDS[kind].level))


def _between(text: str, name: str, lines: Iterator[str]) -> str:
    start, end = f"<!-- {name}: written by docs/_evidence.py -->\n", f"<!-- end of {name} -->"
    before, rest = text.split(start)
    return before + start + "\n" + "\n".join(lines) + "\n\n" + end + rest.split(end)[1]


def main() -> int:
    """Write the page, or check it."""
    text = PAGE.read_text(encoding="utf-8")
    new = _between(_between(text, "rules", rules()), "programmes", programmes())
    if "--check" in sys.argv:
        return int(new != text)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
