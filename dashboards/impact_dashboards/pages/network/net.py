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
    names, kinds, territories
        What can be chosen, with words: networks, kinds of ties, territories.
    kind, territory
        What is chosen; nothing is all. What only another network has leaves nothing of this one.
    bodies, ties
        As published, less what the filters take away.
    waves
        In order of time, with their titles.
    """

    name: str
    names: Mapping[str, str]
    kinds: Mapping[str, str]
    territories: Mapping[str, str]
    kind: str
    territory: str
    bodies: pd.DataFrame
    ties: pd.DataFrame
    waves: Mapping[str, str]

    def at(self, wave: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the bodies of a wave and the ties between them."""
        bodies = self.bodies[self.bodies["wave"].isin(["", wave])]
        ties = self.ties[self.ties["wave"] == wave]
        return bodies, ties[ties["source"].isin(bodies["body"]) & ties["target"].isin(bodies["body"])]

    @property
    def is_repeated(self) -> bool:
        """Whether it was observed at several waves."""
        return len(self.waves) > 1


def read_net(view: View) -> Net | None:
    """Return the network that the address asks for, or the first of the programme; None where it has none."""
    bodies, ties = view.published.network(view.programme)
    if bodies.empty:
        return None
    names = {str(code): contract_title(view, str(code)) for code in dict.fromkeys(bodies["network"])}
    name = view.chosen("network", list(names), next(iter(names)))
    kind = view.chosen("tie", set(ties["tie"]) - {""})
    territory = view.chosen("territory", set(bodies["territory"].dropna()))
    of_net, tied = bodies[bodies["network"] == name], ties[ties["network"] == name]
    return Net(
        name,
        names,
        kinds=_titles(view, "tie", [*tied["tie"], kind]),
        territories=_titles(view, "territory", [*_several(of_net), territory]),
        kind=kind,
        territory=territory,
        bodies=of_net[of_net["territory"] == territory] if territory else of_net,
        ties=tied[tied["tie"] == kind] if kind else tied,
        waves=_waves(view, {*of_net["wave"], *tied["wave"]}),
    )


def _titles(view: View, column: str, codes: list[str]) -> dict[str, str]:
    """Return codes of a column with their words, each once."""
    return {code: code_words(view, column, code) for code in dict.fromkeys(codes) if code}


def code_words(view: View, column: str, code: str) -> str:
    """Return the words for a code: its title, those of the shared contract, or the code as it is written."""
    titles = view.published.label_titles(view.words.language)
    title = titles.get((view.programme, column, code))
    if title is not None:
        return title
    key = f"network.{column}.{code}"
    return view.words(key) if view.words.has(key) else code.replace("_", " ")


def _several(bodies: pd.DataFrame) -> list[str]:
    """Return the territories if they are worth a filter: few beside the bodies, so that some hold several."""
    once = bodies.drop_duplicates("body")
    territories = once["territory"].dropna()
    distinct = sorted(territories.unique())
    most = len(territories) / 2
    return distinct if 1 < len(distinct) <= most else []


def _waves(view: View, waves: set[str]) -> dict[str, str]:
    """Return waves in order of time with title and date, unknown ones last; no wave stands beside others."""
    declared = {str(row["wave"]): row for row in rows_of(view.published.waves(view.programme))}
    dated = waves - {""} or waves
    order = [*(wave for wave in declared if wave in dated), *sorted(dated - set(declared))]
    return {wave: _wave_title(view, wave, declared.get(wave)) for wave in order}


def _wave_title(view: View, wave: str, row: Row | None) -> str:
    if row is None:
        return wave.replace("_", " ") or view.words("network.undated")
    title, date = view.words.pick(row, "title"), view.words.date(row["date"])
    return title if date in title else f"{title}, {date}"
