"""Projects and programmes in the order in which they need a decision, each with the reason in one line.

The rule, in this order:

1. *missed*: a promise was missed, at its target or at the last milestone that is due; the one with the largest gap, as
   a share of the way that was promised, comes first;
2. *missing*: nobody knows, as data that were due are missing, or reports are overdue; what waits longest comes first;
3. *doubtful*: an effect was refused, or says nothing clear, or the interval of a promised value holds its target; the
   one with most of these comes first;
4. *settled*: nothing of these, in the order of their lists.

A programme stands for its whole, a project for its own part; what is suppressed is no reason for anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from impact.publish.rows import rows_of
from impact.states import AttainmentState, AttentionKind, ContributionState
from impact.tables.part import WHOLE, Part, read_finding
from impact_dashboards.page.view import Row, View
from impact_dashboards.parts.findings import all_rows, title_of
from impact_dashboards.parts.marks import ends_of, known
from impact_dashboards.parts.owed import MISSING_DATA, MISSING_REPORT, owed_rows, to_look_at
from impact_dashboards.parts.owners import Owner, owner
from impact_dashboards.parts.projects import projects_of
from impact_dashboards.parts.promises import gap_share, has_effect, is_missed, is_promised, is_refused


class Need(StrEnum):
    """Why something needs a decision, the most pressing first."""

    MISSED = "missed"
    MISSING = "missing"
    DOUBTFUL = "doubtful"
    SETTLED = "settled"


NEEDS = tuple(Need)
UNCLEAR, UNCERTAIN = ContributionState.NO_CLEAR_EFFECT, AttainmentState.UNCERTAIN
DOUBTS = {"refused": "not_estimable", "unclear": str(UNCLEAR), "uncertain": str(UNCERTAIN)}
"""Why something is doubtful, the gravest first, with the state that has its shape."""


@dataclass(frozen=True)
class Reason:
    """Why something needs a decision.

    Parameters
    ----------
    need, weight
        Of which kind the reason is, and how much it weighs among those of its kind.
    text
        It in one line.
    state
        A state with a shape and a word.
    finding
        The finding that it is about; empty where it is about none.
    """

    need: Need
    weight: float
    text: str
    state: str
    finding: str


@dataclass(frozen=True)
class Subject:
    """What a decision is about: a project, or a programme as a whole.

    Parameters
    ----------
    programme, part
        Which one.
    title
        What readers call it, marked where what is known of it is synthetic.
    reason
        Why it needs a decision, or that it needs none.
    owner
        Who answers for it.
    synthetic
        Whether the reason rests on synthetic data.
    """

    programme: str
    part: Part
    title: str
    reason: Reason
    owner: Owner
    synthetic: bool

    @property
    def order(self) -> tuple[int, float]:
        """Its place: the most pressing first."""
        return NEEDS.index(self.reason.need), -self.reason.weight


def subjects(view: View, programmes: Sequence[str]) -> list[Subject]:
    """Return the projects and the programmes in reach, those first that need a decision most."""
    found = [subject for programme in programmes for subject in _of_programme(view, programme)]
    return sorted(found, key=lambda subject: subject.order)


def _of_programme(view: View, programme: str) -> Iterator[Subject]:
    """Yield a programme as a whole, as far as the reader sees it, and each of its projects."""
    name = f"decisions on {programme} on {view.today} in {view.words.language}"
    yield from view.published.cached_value(name, lambda: list(_made(view, programme)))


def _made(view: View, programme: str) -> Iterator[Subject]:
    by_part = _by_part((Part.of(row), row) for row in all_rows(view) if row["programme"] == programme)
    titles = {WHOLE: view.words.pick(view.published.titles[programme], "title")} if WHOLE in by_part else {}
    listed = projects_of(view, programme).values()
    titles |= {Part(row["column"], row["code"]): view.words.pick(row, "title") for row in listed}
    owed = _by_part((_counted(row, titles), row) for row in owed_rows(view, programme))
    lines = rows_of(to_look_at(view, programme))
    promises = (line for line in lines if line["kind"] == AttentionKind.PROMISE)
    behind = _by_part((Part(str(line["column"]), str(line["code"])), line) for line in promises)
    for part, title in titles.items():
        of_part = (table.get(part, []) for table in (by_part, owed, behind))
        yield _Known(view, programme, part, *of_part).subject(title)


def _by_part(pairs: Iterable[tuple[Part, Row]]) -> dict[Part, list[Row]]:
    """Return rows by the part that they are of."""
    rows: dict[Part, list[Row]] = {}
    for part, row in pairs:
        rows.setdefault(part, []).append(row)
    return rows


def _counted(row: Row, titles: Mapping[Part, str]) -> Part:
    """Return where something owed counts: reports of units that are no projects count for the programme."""
    part: Part = row["part"]
    return part if part in titles or row["owed"] != MISSING_REPORT else WHOLE


@dataclass(frozen=True)
class _Known:
    """What is known of a project or programme: its findings, what it owes, the promises it is behind on."""

    view: View
    programme: str
    part: Part
    rows: Sequence[Row]
    owed: Sequence[Row]
    behind: Sequence[Row]

    def subject(self, title: str) -> Subject:
        """Return it with the first reason for a decision that there is."""
        found = self._missed() or self._missing() or self._doubtful() or self._settled()
        behind = [row for row in self.rows if row["finding"] == found.finding] or self.rows
        is_synthetic = bool(behind) and all(row["data_kind"] == "synthetic" for row in behind)
        marked = f"{title} †" if is_synthetic else title
        whose = self._owner(found)
        return Subject(self.programme, self.part, marked, found, whose, is_synthetic)

    def _owner(self, reason: Reason) -> Owner:
        """Return who answers for the reason, which may be somebody nearer than who answers for the whole."""
        if reason.need is Need.MISSING:
            oldest: Owner = self._waiting()[0]["owner"]
            return oldest
        names = {"indicator": read_finding(reason.finding)[1]} if reason.finding else {}
        return owner(self.view, self.programme, self.part, **names)

    def _waiting(self) -> list[Row]:
        return [row for row in self.owed if row["owed"] in (MISSING_DATA, MISSING_REPORT)]

    def _missed(self) -> Reason | None:
        """Return the missed promise with the largest gap."""
        missed = [(gap_share(row) or 0.0, self._short(row)) for row in self.rows if is_missed(row)]
        names = {row["indicator"] for row in self.rows if is_missed(row)}
        missed += [
            (abs(line["gap"]) if known(line["gap"]) else 0.0, self._behind(line))
            for line in self.behind
            if line["subject"] not in names
        ]
        if not missed:
            return None
        gap, (state, text, finding) = max(missed, key=lambda one: one[0])
        return Reason(Need.MISSED, gap, self._and_more(text, "missed", len(missed)), state, finding)

    def _short(self, row: Row) -> tuple[str, str, str]:
        """Say by how much a target was missed."""
        words, unit = self.view.words, row["unit"]
        within = ends_of(row)
        values = {"value": words.number(row["value"], unit, within), "target": words.number(row["target"], unit)}
        gap = words.size(abs(row["target"] - row["value"]), unit, within)
        text = words("decision.short", title=title_of(self.view, row), gap=gap, **values)
        return str(row["attainment"]), text, str(row["finding"])

    def _behind(self, line: Row) -> tuple[str, str, str]:
        """Say by how much the last milestone that is due was missed."""
        words = self.view.words
        finding = self.part.id(self.programme, str(line["subject"]))
        row = next((row for row in self.rows if row["finding"] == finding), None)
        unit = row["unit"] if row else ""
        title = title_of(self.view, row) if row else str(line["subject"])
        value, target = words.number(line["value"], unit), words.number(line["expected"], unit)
        gap = words.size(abs(line["expected"] - line["value"]), unit)
        return str(line["state"]), words("decision.short", title=title, value=value, target=target, gap=gap), finding

    def _missing(self) -> Reason | None:
        """Return what somebody waits for longest."""
        waiting = self._waiting()
        if not waiting:
            return None
        words, oldest = self.view.words, waiting[0]
        date, days = words.date(oldest["due"]), (self.view.today - oldest["due"]).days
        if oldest["owed"] == MISSING_REPORT:
            count = sum(row["count"] for row in waiting if row["owed"] == MISSING_REPORT)
            text = words("decision.reports", count=count, date=date)
            return Reason(Need.MISSING, days, text, "missing", "")
        text = self._and_more(words("decision.data", title=oldest["title"], date=date), "missing", len(waiting))
        return Reason(Need.MISSING, days, text, "no_data", "")

    def _doubtful(self) -> Reason | None:
        """Return what nobody can be sure of: refused effects before unclear ones, and these before promises."""
        kinds = {
            "refused": [row for row in self.rows if is_refused(row)],
            "unclear": [row for row in self.rows if has_effect(row) and row["contribution"] == UNCLEAR],
            "uncertain": [row for row in self.rows if is_promised(row) and row["attainment"] == UNCERTAIN],
        }
        count = len({row["finding"] for rows in kinds.values() for row in rows})
        for kind, rows in kinds.items():
            if rows:
                first = rows[0]
                text = self._and_more(self._doubt(kind, first), "doubtful", count)
                return Reason(Need.DOUBTFUL, count, text, DOUBTS[kind], str(first["finding"]))
        return None

    def _doubt(self, kind: str, row: Row) -> str:
        words, unit = self.view.words, row["unit"]
        values = {
            "title": title_of(self.view, row),
            "value": words.number(row["value"], unit, ends_of(row)),
            "target": words.number(row["target"], unit),
            "effect": words.gain(row["estimate"], unit, ends_of(row, "effect")),
        }
        return words(f"decision.{kind}", **values)

    def _settled(self) -> Reason:
        """Say how many promises were kept, or why there is nothing to say."""
        words = self.view.words
        promised = [row for row in self.rows if is_promised(row)]
        reached = sum(row["attainment"] == AttainmentState.REACHED for row in promised)
        if reached:
            text = words("decision.reached", count=reached, of=len(promised))
            return Reason(Need.SETTLED, reached, text, "reached", "")
        states = {row["attainment"] for row in self.rows}
        if states == {AttainmentState.SUPPRESSED}:
            return Reason(Need.SETTLED, 0.0, words("decision.suppressed"), "suppressed", "")
        if any(row["attainment"] == AttainmentState.NOT_DUE for row in promised):
            return Reason(Need.SETTLED, 0.0, words("decision.not_due"), "not_due", "")
        if not self.rows:
            return Reason(Need.SETTLED, 0.0, words("decision.unknown"), "unmeasured", "")
        return Reason(Need.SETTLED, 0.0, words("decision.nothing"), "no_target", "")

    def _and_more(self, text: str, kind: str, count: int) -> str:
        """Return a reason, with how many others of its kind there are."""
        if count < 2:
            return text
        more = self.view.words(f"decision.more_{kind}", count=count - 1)
        return f"{text} {more}"
