"""What was promised for people, what was caused, what is unknown: each number is a link to what it counts.

Findings are those of whole programmes (for a reader of parts, of the widest parts in reach), real data apart from
synthetic; a promise counts where it is for people, as an outcome or impact, and not as work that was done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from impact.drawing.markup import Element, Node, h
from impact.states import AttainmentState
from impact_dashboards.page.view import Row, View
from impact_dashboards.parts.findings import widest_cut
from impact_dashboards.parts.owed import MISSING_REPORT, owed_rows
from impact_dashboards.parts.promises import EFFECT, EFFECT_REFUSED, EFFECTS, NO_STATES, PROMISED, Rows, in_stage

KINDS = ("real", "synthetic")
RESULTS = "results"
REACHED_OR_NOT = (AttainmentState.REACHED, AttainmentState.SHORT, AttainmentState.WRONG_WAY)
UNKNOWN = (
    *(AttainmentState.UNCERTAIN, AttainmentState.INCOMPLETE, AttainmentState.NO_DATA, AttainmentState.NOT_DUE),
    AttainmentState.SUPPRESSED,
)
"""States of a promise of which nobody can say whether it was kept."""


@dataclass(frozen=True)
class _Counted:
    """Findings of one kind of data, and how the portfolio is asked for some of them."""

    view: View
    kind: str
    rows: Rows
    programme: str

    def phrase(self, key: str, status: str, stage: str = "") -> Element | None:
        """Return how many there are as the link to them; nothing where there is none."""
        count = sum(self._is(row, status) and in_stage(row, stage) for row in self.rows)
        if not count:
            return None
        asked = {"programme": self.programme, "data": self.kind, "stage": stage, "status": status}
        href = self.view.address.to("portfolio", **asked)
        return h("a", self.view.words(f"home.{key}", count=count), href=href)

    @staticmethod
    def _is(row: Row, status: str) -> bool:
        test = NO_STATES.get(status)
        return test(row) if test else row["attainment"] == status

    def promised(self) -> Node:
        """Say what was promised for people, and what became of it."""
        whole = self.phrase("promises", PROMISED, RESULTS)
        if whole is None:
            return self.view.words("home.no_promises")
        return _told(whole, [self.phrase(str(state), str(state), RESULTS) for state in REACHED_OR_NOT])

    def caused(self) -> Node:
        """Say which effects were estimated against a comparison, and what they say."""
        whole = self.phrase("effects", EFFECT)
        if whole is None:
            return self.view.words("home.no_effects")
        return _told(whole, [self.phrase(str(state), str(state)) for state in EFFECTS])

    def unknown(self, reports: Element | None) -> Node:
        """Say of how many promises and effects nobody knows what came of them."""
        phrases = [self.phrase(str(state), str(state)) for state in UNKNOWN]
        phrases += [self.phrase(EFFECT_REFUSED, EFFECT_REFUSED), reports]
        return _told(None, phrases) or self.view.words("home.all_known")


def _told(whole: Element | None, phrases: Sequence[Element | None]) -> list[Node]:
    """Return a sentence: what there is, and of it how much of each kind."""
    said = [phrase for phrase in phrases if phrase is not None]
    pieces: list[Node] = [whole, ": "] if whole is not None and said else [whole]
    for position, phrase in enumerate(said):
        pieces += [", ", phrase] if position else [phrase]
    return [*pieces, "."] if said or whole is not None else []


def sentences(view: View, rows: Rows, programmes: Sequence[str]) -> Element:
    """Return the three sentences on real data, and those on synthetic data below them, as far as there are any."""
    widest = widest_cut(rows)
    of_whole = [row for row in rows if row["cut"] == widest]
    parts = [part for kind in KINDS for part in _of_kind(view, kind, of_whole, programmes)]
    return h("div", parts, class_="told")


def _of_kind(view: View, kind: str, rows: Rows, programmes: Sequence[str]) -> Iterator[Element]:
    """Yield heading and sentences of one kind of data; nothing where there are no findings of it."""
    of_kind = [row for row in rows if row["data_kind"] == kind]
    if not of_kind:
        return
    counted = _Counted(view, kind, of_kind, view.address.get("programme"))
    data_kinds = {name: view.published.titles[name]["data_kind"] for name in programmes}
    waited_for = [name for name in programmes if data_kinds[name] == kind]
    said = {
        "promised": counted.promised(),
        "caused": counted.caused(),
        "unknown": counted.unknown(_reports(view, waited_for)),
    }
    yield h("h2", view.words(f"home.{kind}"))
    yield h("ul", [h("li", h("strong", view.words(f"home.{name}")), " ", text) for name, text in said.items()])


def _reports(view: View, programmes: Sequence[str]) -> Element | None:
    """Return how many reports are missing, as the link to whose they are."""
    missing = {
        name: sum(row["count"] for row in owed_rows(view, name) if row["owed"] == MISSING_REPORT) for name in programmes
    }
    late = [name for name, count in missing.items() if count]
    if not late:
        return None
    text = view.words("home.reports", count=sum(missing.values()))
    return h("a", text, href=view.address.to("monitoring", *(late if len(late) == 1 else ())))
