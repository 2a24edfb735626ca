"""What a page is made of: blocks, each with a table and perhaps a drawing of the same rows.

A page is a pure function of a :class:`View`. Its HTML, its CSV files, its drawings and the report are written from the
same blocks, so that a number is the same wherever it stands.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from impact.drawing.markup import Element, Node, h
from impact.errors import UsageError
from impact.publish.export import ExportTable, Format
from impact.publish.published import ReaderTables
from impact.words import Words
from impact_dashboards.page.address import Address

Row = Mapping[str, Any]
MOST_NAMED = 20
"""Values of a filter that are named where another one was asked for."""


class AddressError(UsageError):
    """An address asks for what there is not for this reader.

    Parameters
    ----------
    title, said
        What is not there and what there is, in the reader's language.
    """

    def __init__(self, title: str, said: str) -> None:
        self.title = title
        super().__init__(said)


@dataclass(frozen=True)
class View:
    """What a reader asks for.

    Parameters
    ----------
    published
        What this reader may see.
    words
        Of the reader's language.
    address
        What is asked for.
    today
        For what is late and how fresh data are.
    heard
        What a page has read of the address so far: names of filters, places in the path.
    version
        Of the data.
    """

    published: ReaderTables
    words: Words
    address: Address
    today: datetime.date
    heard: set[str | int] = field(default_factory=set, compare=False)
    version: str = ""

    @property
    def programme(self) -> str:
        """The programme it is about, or nothing."""
        return self.at(0)

    @functools.cached_property
    def findings(self) -> pd.DataFrame:
        """All findings in reach, or those of the programme that the address names."""
        return self.published.findings(self.programme or None)

    def at(self, position: int) -> str:
        """Return what stands at a place of the address's path, or nothing."""
        self.heard.add(position)
        path = self.address.path
        return path[position] if len(path) > position else ""

    def given(self, name: str) -> str:
        """Return the value of a filter, or nothing; the page sees to it that it means something."""
        self.heard.add(name)
        return self.address.get(name)

    def chosen(self, name: str, choices: Collection[str], default: str = "") -> str:
        """Return the value of a filter, or what stands for none.

        Raises
        ------
        AddressError
            If it is not among the choices.
        """
        value = self.given(name)
        if value and value not in choices:
            raise self.not_offered(name, choices)
        return value or default

    def not_offered(self, name: str, choices: Collection[str] = ()) -> AddressError:
        """Return what to raise where a filter has a value that means nothing."""
        offered = sorted(filter(None, choices))
        listed = ", ".join([*offered[:MOST_NAMED], *(["…"] if len(offered) > MOST_NAMED else [])])
        text = self.words("missing.value", name=name, value=self.address.get(name))
        more = f" {self.words('missing.known', known=listed)}" if listed else ""
        return AddressError(self.words("missing.filter"), text + more)

    def check(self) -> None:
        """Refuse an address that says more than its page has read, or one thing twice.

        Nothing in it may go unheard: what narrows a page when it is spelt rightly must not widen it when it is not.

        Raises
        ------
        AddressError
            With what is too much.
        """
        positions = range(len(self.address.path))
        if not self.heard.issuperset(positions):
            raise AddressError(self.words("missing.page"), self.words("missing.page_lead"))
        names = self.address.names
        for name in names:
            if name not in self.heard:
                raise AddressError(self.words("missing.filter"), self.words("missing.name", name=name))
            if names.count(name) > 1:
                raise AddressError(self.words("missing.filter"), self.words("missing.twice", name=name))


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    key
        Of the value in a row, and head of the CSV column; empty where the page alone has such a column.
    title
        What readers see above it.
    show
        How a row's cell looks; without it the value is written as text, or as a number where it is one.
    numeric
        Whether it stands to the right.
    meaning
        What the value is, for the metadata; without it the title.
    unit
        Of the value, for the metadata.
    head
        What stands in its head in place of the title, such as a link that sorts.
    sort
        How the rows are sorted by it: ``ascending``, ``descending``, ``none``; empty where they cannot be.
    below
        What stands below its head, such as a filter.
    has
        Tells whether a row has something in it; where no row has, the page leaves the column out.
    """

    key: str
    title: str
    show: Callable[[Row], Node] | None = None
    numeric: bool = False
    meaning: str = ""
    unit: str = ""
    head: Node = None
    sort: str = ""
    below: Node = None
    has: Callable[[Row], bool] | None = None


@dataclass(frozen=True)
class ColumnSpec:
    """A column as a page declares it, before a reader's language is known.

    Parameters
    ----------
    key
        Of the value in a row, and head of the CSV column; empty where the page alone has such a column.
    title
        Key of its title in the catalogue; a symbol such as ``n``, which is the same in every language, stands as it is.
    cell
        How a row's cell looks; without it the value is written as text, or as a number where it is one.
    numeric
        Whether it stands to the right.
    meaning
        Key of what the value is, for the metadata; without it the title.
    unit
        Of the value, for the metadata.
    has
        Tells whether a row has something in it; where no row has, the page leaves the column out.
    """

    key: str
    title: str
    cell: Callable[[View, Row], Node] | None = None
    numeric: bool = False
    meaning: str = ""
    unit: str = ""
    has: Callable[[Row], bool] | None = None

    def column(self, view: View) -> Column:
        """Return the column in a reader's language."""
        is_symbol = "." not in self.title
        title = self.title if is_symbol else view.words(self.title)
        meaning = view.words(self.meaning) if self.meaning else ""
        show = functools.partial(self.cell, view) if self.cell else None
        return Column(self.key, title, show, numeric=self.numeric, meaning=meaning, unit=self.unit, has=self.has)


def columns_of(view: View, specs: Iterable[ColumnSpec]) -> list[Column]:
    """Return declared columns in a reader's language."""
    return [spec.column(view) for spec in specs]


def file_columns(keys: Iterable[str]) -> list[Column]:
    """Return columns that stand in the file only, called by their keys."""
    return [Column(key, key) for key in keys]


@dataclass(frozen=True)
class Fold:
    """How rows that matter less are folded away below those that matter, the kinds one after another.

    Parameters
    ----------
    kind
        Returns the kind of a row; rows of a kind follow one another, and the first kind stands open.
    title
        Returns what stands above the folded rows of a kind.
    """

    kind: Callable[[Row], str]
    title: Callable[[str, Sequence[Row]], str]


@dataclass(frozen=True)
class Table:
    """Rows that readers see and can take away.

    Parameters
    ----------
    columns
        Those that are shown; the first names the row.
    rows
        In the order in which they are read; each has its values by the keys of the columns.
    extra
        Columns that stand in the file only.
    group
        Returns what stands above a group of rows; rows of a group follow one another.
    row_class
        Returns the class of a row.
    shown
        How many rows the page shows; the file holds all.
    fold
        How rows are folded away on the page; the file holds them all.
    above
        Returns what stands above the drawings of a group of rows, such as the axis that they share.
    """

    columns: Sequence[Column]
    rows: Sequence[Row]
    extra: Sequence[Column] = ()
    group: Callable[[Row], str] | None = None
    row_class: Callable[[Row], str] | None = None
    shown: int | None = None
    fold: Fold | None = None
    above: Callable[[Sequence[Row]], Element | None] | None = None

    @property
    def file_columns(self) -> list[Column]:
        """All columns of the file, each once."""
        return list({column.key: column for column in (*self.columns, *self.extra) if column.key}.values())

    def frame(self) -> pd.DataFrame:
        """Return the values as they are, a column per key."""
        keys = [column.key for column in self.file_columns]
        values = [[row.get(key) for key in keys] for row in self.rows]
        return pd.DataFrame(values, columns=keys, dtype=object)


@dataclass(frozen=True)
class Block:
    """A part of a page: a heading, words, a drawing, a table.

    Parameters
    ----------
    id
        Its name in the address of its files.
    title
        Its heading; what drawing, table and files are called for those who do not see them.
    table
        The rows behind it.
    lead
        What stands below the heading.
    figure
        A Plotly figure of the rows.
    drawing
        A drawing that is not Plotly's: a map, a theory of change.
    body
        What stands below the drawing or in its place.
    folded
        Whether the table is folded away because the drawing shows it.
    after
        What stands below the table.
    half
        Whether it takes half of the width, where there is room, beside the next one that does.
    tables
        Returns, for a version of the data, the tables that can be had together as a ZIP.
    file
        Returns, for a format and a version of the data, a file of what is no table of the page; None where that is no
        format of it.
    """

    id: str
    title: str
    table: Table | None = None
    lead: Node = None
    figure: go.Figure | None = None
    drawing: Element | None = None
    body: Node = None
    folded: bool = False
    after: Node = None
    at_once: bool = False
    half: bool = False
    tables: Callable[[str], Sequence[ExportTable]] | None = None
    file: Callable[[Format, str], bytes | None] | None = None


@dataclass(frozen=True)
class Choice:
    """A filter: a control whose value stands in the address.

    Parameters
    ----------
    name
        What the address calls it: ``?name=value``.
    title
        What stands above the control, in the reader's language.
    options
        Values with their words; the empty value, where there is one, means all.
    value
        The option that is chosen; a key of the options.
    """

    name: str
    title: str
    options: Mapping[str, str]
    value: str


@dataclass(frozen=True)
class PageContent:
    """A page.

    Parameters
    ----------
    title
        Its heading, and the name of the browser's tab.
    blocks
        Its parts, in order.
    lead
        The sentence below the heading.
    over
        What stands above the heading, small.
    choices
        The filters above the blocks, in order.
    aside
        What stands beside the blocks, such as a list of indicators.
    synthetic
        Whether anything on it rests on synthetic data.
    found
        Whether there is what the address names.
    """

    title: str
    blocks: Sequence[Block] = ()
    lead: Node = None
    over: str = ""
    choices: Sequence[Choice] = ()
    aside: Node = None
    synthetic: bool = False
    found: bool = True
    head: Node = field(default=None)

    def block(self, name: str) -> Block | None:
        """Return the block of a name."""
        return next((block for block in self.blocks if block.id == name), None)


def nothing(words: Words, key: str, how: str = "") -> Element:
    """Return what stands where there is nothing to show, and where to read how to change that."""
    text = words(key)
    if not how:
        return h("p", text, class_="empty")
    page = h("code", how)
    return h("p", text, " ", words("empty.how"), " ", page, ".", class_="empty")
