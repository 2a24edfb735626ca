"""What a page says of itself: its address, its name, who may open it, what of it stands in the report.

Menu, routes, access, report and browser tests read all this from :data:`impact_dashboards.pages.PAGES` and from nowhere
else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from impact.publish.scope import Role, Scope
from impact.words.languages import Language
from impact_dashboards.page.address import Address
from impact_dashboards.page.choose import choose
from impact_dashboards.page.view import Block, PageContent, View

ReportBlock = Callable[[Block], Block | None]
"""Returns a block as it stands in the report; None where it does not."""


def every_block(block: Block) -> Block | None:
    """Let every block stand in the report as it is."""
    return block


def without(*names: str) -> ReportBlock:
    """Let every block stand in the report but those of these names."""
    return lambda block: None if block.id in names else block


def the_programme(view: View, programme: str) -> Collection[str]:
    """Let a page have a single chapter, on the programme."""
    return ("",)


def any_programme(view: View, programme: str) -> bool:
    """Let a page have something to show for every programme."""
    return True


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """What of a page stands in the report of a programme: some in its body, the rest in its appendix.

    Parameters
    ----------
    block
        Returns a block as it stands in the report, or None.
    items
        Returns the items of a programme, such as its indicators, that have a chapter each; the empty one is the
        programme itself.
    body
        Names of the blocks that stand in the body, without what follows the first hyphen; without a name, the whole
        page is for the appendix.
    body_items
        Returns the items that have a chapter in the body.
    """

    block: ReportBlock = every_block
    items: Callable[[View, str], Collection[str]] = the_programme
    body: Collection[str]
    body_items: Callable[[View, str], Collection[str]] = the_programme

    def blocks(self, content: PageContent) -> list[Block]:
        """Return the blocks of a page that stand in the report."""
        reported = map(self.block, content.blocks)
        return [block for block in reported if block is not None]

    def in_body(self, block: Block) -> bool:
        """Tell whether a block stands in the body, of an item that does."""
        return block.id.partition("-")[0] in self.body


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the app; nothing of it has a default, so that nothing is forgotten.

    Parameters
    ----------
    name
        The first part of its address, such as ``theory``.
    title
        Key of what the menu calls it.
    build
        Returns what is on it.
    roles
        Who may open it.
    chapter
        What of it stands in the report; None is nothing.
    has_content
        Tells whether a programme has anything to show on it; None for a page on all programmes at once, where a
        programme is a filter.
    examples
        Addresses without their language, of programmes that come with the engine: tests open them in a browser.
    """

    name: str
    title: str
    build: Callable[[View], PageContent]
    roles: frozenset[Role]
    chapter: Chapter | None
    has_content: Callable[[View, str], bool] | None
    examples: Sequence[str]

    def content(self, view: View) -> PageContent:
        """Return what is on the page; where it needs a programme and none is named, a choice of programmes."""
        if self.has_content is not None and not view.programme:
            return choose(view, self.title, self.has_content)
        return self.build(view)

    def opens(self, scope: Scope) -> bool:
        """Tell whether a reader may open the page."""
        return scope.role in self.roles

    def address(self, language: Language, programme: str, item: str = "") -> Address:
        """Return the address of a programme, or of an item of it, on this page."""
        if self.has_content is None:
            return Address(language, self.name, query=(("programme", programme),))
        path = (programme, item) if item else (programme,)
        return Address(language, self.name, path)

    def link(self, address: Address, programme: str) -> str:
        """Return the link from an address to this page, on the same programme where there is one."""
        if self.has_content is None:
            return address.to(self.name, programme=programme)
        return address.to(self.name, *filter(None, [programme]))
