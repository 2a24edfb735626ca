"""The steps of a theory of change with what was found on each: its state, the value that has it, the best evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from impact.publish.published import together
from impact.publish.rows import Record, rows_of
from impact_dashboards.page.view import Row, View
from impact_dashboards.parts.findings import all_rows, widest_cut
from impact_dashboards.parts.marks import ends_of, known

STAGES = ("input", "activity", "output", "outcome", "impact")
HORIZONS = ("short", "medium", "long")


@dataclass(frozen=True)
class Step:
    """A step of the theory of change.

    Parameters
    ----------
    row
        As it is published, with what is derived here.
    findings
        On the indicators of the step.
    """

    row: Record
    findings: Sequence[Row]

    @property
    def node(self) -> str:
        """Its name in the declarations."""
        return str(self.row["node"])

    @property
    def title(self) -> str:
        """Its title in the reader's language."""
        return str(self.row["title"])

    @property
    def state(self) -> str:
        """What the promises on it come to."""
        return str(self.row["state"])

    @property
    def value(self) -> str:
        """The value that has this state, against its promise, in words."""
        return str(self.row["value"])

    @property
    def evidence_level(self) -> int | None:
        """The best evidence of any effect on it, from 1 to 5."""
        level: int | None = self.row["evidence_level"]
        return level

    @property
    def column(self) -> str:
        """Stage, and horizon of an outcome: the column of the drawing."""
        return str(self.row["column"])

    @property
    def column_title(self) -> str:
        """The column in words."""
        return str(self.row["column_title"])


@dataclass(frozen=True)
class Theory:
    """A theory of change.

    Parameters
    ----------
    steps
        By their names in the declarations.
    links
        The causal claims between them, as published.
    synthetic
        Whether any finding on it rests on synthetic data.
    """

    steps: Mapping[str, Step]
    links: Sequence[Record]
    synthetic: bool

    @property
    def columns(self) -> dict[str, str]:
        """The columns that hold steps, in order of the chain, with their titles."""
        titles = {step.column: step.column_title for step in self.steps.values()}
        order = [column_of(stage, horizon) for stage in STAGES for horizon in HORIZONS]
        return {column: titles[column] for column in dict.fromkeys(order) if column in titles}

    def has_ends(self, link: Row) -> bool:
        """Tell whether both ends of a link are steps."""
        return link["source"] in self.steps and link["target"] in self.steps

    def causes(self, step: Step) -> list[str]:
        """Return the steps that a step depends on."""
        sources = [link["source"] for link in self.links if link["target"] == step.node]
        return [node for node in sources if node in self.steps]

    def effects(self, step: Step) -> list[str]:
        """Return the steps that a step feeds."""
        targets = [link["target"] for link in self.links if link["source"] == step.node]
        return [node for node in targets if node in self.steps]

    def titles(self, nodes: Iterable[str]) -> list[str]:
        """Return the titles of steps."""
        return [self.steps[node].title for node in nodes]


def column_of(stage: str, horizon: str) -> str:
    """Return the column that a step stands in: outcomes have one for each horizon."""
    return f"{stage}_{horizon}" if stage == "outcome" else stage


def read_theory(view: View) -> Theory:
    """Return the theory of the programme that the address names, with the findings of the widest parts in reach."""
    nodes = rows_of(view.published.nodes(view.programme))
    links = rows_of(view.published.links(view.programme))
    findings = _findings(view)
    steps = {node["node"]: _step(view, node, findings) for node in nodes}
    kinds = {row["data_kind"] for row in findings}
    synthetic = "synthetic" in kinds
    return Theory(steps, links, synthetic)


def _findings(view: View) -> list[Record]:
    """Return the findings of the programme on the widest parts in reach."""
    programme = view.programme
    rows = [row for row in all_rows(view) if row["programme"] == programme]
    cut = widest_cut(rows)
    return [row for row in rows if row["cut"] == cut]


def _step(view: View, node: Record, findings: Sequence[Row]) -> Step:
    rows = [row for row in findings if row["node"] == node["node"]]
    state = together((row["attainment"], known(row["target"])) for row in rows)
    first = next((row for row in _candidates(rows) if row["attainment"] == state), None)
    derived = {
        "title": view.words.pick(node, "title"),
        "state": state,
        "indicators": len(rows),
        "evidence_level": _best_evidence(rows),
        "value": _value(view, first, len(rows)),
        "value_of": first["indicator"] if first else None,
        "column": column_of(node["stage"], node["horizon"]),
        "column_title": _column_title(view, node),
    }
    return Step(node | derived, rows)


def _best_evidence(rows: Sequence[Row]) -> int | None:
    levels = [int(row["evidence_level"]) for row in rows if known(row["estimate"]) and known(row["evidence_level"])]
    return max(levels, default=None)


def _column_title(view: View, node: Row) -> str:
    stage = view.words(f"stage.{node['stage']}")
    if node["stage"] != "outcome":
        return stage
    horizon = view.words(f"horizon.{node['horizon']}")
    return f"{stage} · {horizon}"


def _candidates(rows: Sequence[Row]) -> list[Row]:
    """Return the findings whose value may stand for a step: those promised, or else those that have a value."""
    promised = [row for row in rows if known(row["target"])]
    if promised:
        return promised
    return [row for row in rows if known(row["value"])]


def _value(view: View, row: Row | None, count: int) -> str:
    """Return what stands on a card: one value against its promise, with how many more there are."""
    if row is None:
        return ""
    mark = " †" if row["data_kind"] == "synthetic" else ""
    more = f" +{count - 1}" if count > 1 else ""
    return _against_promise(view, row) + mark + more


def _against_promise(view: View, row: Row) -> str:
    """Write a value, against what was promised where anything was."""
    value = view.words.number(row["value"], row["unit"], ends_of(row))
    if not known(row["target"]):
        return value
    target = view.words.number(row["target"], row["unit"])
    return view.words("theory.of", value=value, target=target)
