"""One network as the filters of its page leave it: bodies, ties and waves, with their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from impact.publish.rows import rows_of
from impact_dashboards.page.view import Row, View
from impact_dashboards.parts.headings import contract_title


@dataclass(frozen=True)
class Net:
    """One network.

    Parameters
    ----------
    name
        The contract of its ties.
    names, kinds, places
        What can be chosen, with words: networks, kinds of ties, territories.
    kind, place
        What is chosen; nothing is all. What only another network has leaves nothing of this one.
    bodies, ties
        As published, less what the filters take away.
    waves
        In order of time, with their titles.
    """

    name: str
    names: Mapping[str, str]
    kinds: Mapping[str, str]
    places: Mapping[str, str]
    kind: str
    place: str
    bodies: pd.DataFrame
    ties: pd.DataFrame
    waves: Mapping[str, str]

    def at(self, wave: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the bodies of a wave and the ties between them."""
        bodies = self.bodies[self.bodies["wave"].isin(["", wave])]
        ties = self.ties[self.ties["wave"] == wave]
        return bodies, ties[ties["source"].isin(bodies["body"]) & ties["target"].isin(bodies["body"])]


def read_net(view: View) -> Net | None:
    """Return the network that the address asks for, or the first of the programme; None where it has none."""
    every, tied = view.published.network(view.programme)
    if every.empty:
        return None
    names = {str(code): contract_title(view, str(code)) for code in dict.fromkeys(every["network"])}
    name = view.chosen("network", list(names), next(iter(names)))
    bodies, ties = every[every["network"] == name], tied[tied["network"] == name]
    kind = view.chosen("tie", set(tied["tie"]) - {""})
    place = view.chosen("territory", set(every["territory"].dropna()))
    kinds = {code: code_words(view, "tie", code) for code in dict.fromkeys([*ties["tie"], kind]) if code}
    places = {code: code_words(view, "territory", code) for code in dict.fromkeys([*_several(bodies), place]) if code}
    waves = _waves(view, {*bodies["wave"], *ties["wave"]})
    here = bodies[bodies["territory"] == place] if place else bodies
    kept = ties[ties["tie"] == kind] if kind else ties
    return Net(name, names, kinds, places, kind, place, here, kept, waves)


def code_words(view: View, column: str, code: str) -> str:
    """Return the words for a code: its title, those of the shared contract, or the code as it is written."""
    titles, key = view.published.label_titles(view.words.language), f"network.{column}.{code}"
    said = view.words(key) if view.words.has(key) else code.replace("_", " ")
    return titles.get((view.programme, column, code), said)


def _several(bodies: pd.DataFrame) -> list[str]:
    """Return the territories if they are worth a filter: few beside the bodies, so that some hold several."""
    places = bodies.drop_duplicates("body")["territory"].dropna()
    found = sorted(places.unique())
    return found if 1 < len(found) <= len(places) / 2 else []


def _waves(view: View, found: set[str]) -> dict[str, str]:
    """Return waves in order of time with title and date, unknown ones last; no wave stands beside others."""
    declared = {str(row["wave"]): row for row in rows_of(view.published.waves(view.programme))}
    named = found - {""} or found
    order = [*(wave for wave in declared if wave in named), *sorted(named - set(declared))]
    return {wave: _wave_title(view, wave, declared.get(wave)) for wave in order}


def _wave_title(view: View, wave: str, row: Row | None) -> str:
    if row is None:
        return wave.replace("_", " ") or view.words("network.undated")
    title, date = view.words.pick(row, "title"), view.words.date(row["date"])
    return title if date in title else f"{title}, {date}"
