"""The theory of change as a list, from inputs to impact: what stands on a telephone in place of the drawing."""

from __future__ import annotations

from impact.drawing.markup import Element, h
from impact.words import Words
from impact_dashboards.pages.theory.chain import Card, Chain
from impact_dashboards.parts.state_marks import badge, evidence


def chain_list(chain: Chain, words: Words) -> Element:
    """Return the steps of a theory of change, column by column, each with its state, number and evidence."""
    columns = [_column(chain, column, title, words) for column, title in chain.columns.items()]
    return h("div", columns, class_="chain-list")


def _column(chain: Chain, column: str, title: str, words: Words) -> list[Element]:
    steps = [_step(card, chain.chosen, words) for card in chain.cards if card.column == column]
    return [h("p", title, class_="over"), h("ul", steps)]


def _step(card: Card, chosen: str, words: Words) -> Element:
    current = "true" if card.id == chosen else None
    link = h("a", card.title, href=card.href, data_live=True, aria_current=current)
    level = None if card.evidence is None else evidence(card.evidence, words)
    value = h("span", card.value) if card.value else None
    return h("li", link, h("div", badge(card.state, words), value, level, class_="states"))
