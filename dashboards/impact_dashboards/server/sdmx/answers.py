"""Queries are answered from the tables of one reader: nothing is looked up anywhere else."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from impact.errors import ImpactError
from impact.publish.official.data_set import DataSet
from impact.publish.official.editions import with_parents
from impact.publish.official.query.artefacts import Wanted
from impact.publish.official.query.availability import AvailabilityQuery, codes_available
from impact.publish.official.query.data import DataQuery, Sorting, select_data
from impact.publish.official.query.refusal import QueryError, Reason, not_answered, nothing
from impact.publish.official.query.rest import Query
from impact.publish.official.query.structures import EVERYTHING, NONE, Edition, select_structures
from impact.publish.official.sdmx_names import KINDS, Kind, codelist_of, scheme_of
from impact.publish.official.sdmx_structure import Wanted as Message
from impact.publish.official.sdmx_structure import write_wanted
from impact.publish.official.structure import Role, Structure
from impact.publish.origin import Origin
from impact.publish.published import ReaderTables
from impact_dashboards.server.sdmx.forms import Form

_ORDERED = ((), (Sorting("*"),), (Sorting("series_key"),))
"""Orders that series stand in anyway."""


@dataclass(frozen=True)
class Asker:
    """Who asks, of what, and when.

    Parameters
    ----------
    published
        The reader's tables.
    version
        Of the data.
    day
        The day that messages name as their own.
    """

    published: ReaderTables
    version: str
    day: datetime.date

    def editions(self) -> list[Edition]:
        """Return the editions of all structures in reach; a programme without any is passed over."""
        return [
            Edition(structure, place == len(structures))
            for programme in self.published.programmes
            for structures in (self._structures(programme),)
            for place, structure in enumerate(structures, 1)
        ]

    def _structures(self, programme: str) -> tuple[Structure, ...]:
        try:
            return self.published.structures(programme)
        except ImpactError:
            return ()  # the programme was never run with a structure, or its mapping is not whole

    def data_sets(self, flows: Wanted) -> Iterator[DataSet]:
        """Yield the data sets of the flows that are wanted: those of the edition in force, as there are no others."""
        for edition in self.editions():
            structure = edition.structure
            if (
                edition.last
                and flows.named(structure.agency, structure.flow)
                and flows.of_versions([structure.version])
            ):
                yield self.data_set(structure)

    def data_set(self, structure: Structure) -> DataSet:
        """Return all observations of a structure that are in reach.

        Raises
        ------
        QueryError
            If they cannot be placed in it; nothing is said of what is missing, which may be out of reach.
        """
        try:
            rows = self.published.observations(structure.programme)
        except ImpactError:
            text = f"the codes of {structure.flow} are not all mapped to official ones yet; its data cannot be given"
            raise QueryError(Reason.FAULT, text) from None
        synthetic = bool((self.published.findings(structure.programme)["data_kind"] == "synthetic").any())
        return DataSet(structure, rows, Origin("en", self.version, structure.programme, self.day, synthetic))

    def occurring(self, programme: str) -> Mapping[str, tuple[str, ...]]:
        """Return the codes of a programme that occur in each dimension."""

        def codes() -> Mapping[str, tuple[str, ...]]:
            structure = self.published.structures(programme)[-1]
            return codes_available(AvailabilityQuery(DataQuery(Wanted())), self.data_set(structure))

        return self.published.cached_value(f"occurring {programme}", codes)


def answer(query: Query, asker: Asker, form: Form) -> Iterator[bytes]:
    """Return the answer to a query, piece by piece; nothing at all where a query finds no observation.

    Raises
    ------
    QueryError
        If there is no such thing, or it is not answered in this form.
    """
    if isinstance(query, DataQuery):
        return _data(query, asker, form)
    if isinstance(query, AvailabilityQuery):
        message = _availability(query, asker)
        return iter(()) if message is None else iter([_written(message, form)])
    return iter([_written(select_structures(query, asker.editions(), asker.occurring, asker.day), form)])


def _written(message: Message, form: Form) -> bytes:
    if form.structure is None:
        raise TypeError(f"{form.media_type} is no form of structures")
    return write_wanted(message, form.structure)


# ---- data ------------------------------------------------------------------------------------------------------------


def _data(query: DataQuery, asker: Asker, form: Form) -> Iterator[bytes]:
    _check_arranged(query, form)
    found = list(asker.data_sets(query.flows))
    if len(found) > 1:
        names = ", ".join(f"{one.structure.agency}/{one.structure.flow}" for one in found)
        raise not_answered(f"an answer holds one data flow; name one of {names}")
    if not found:
        raise nothing("there is no such data flow")
    selected = select_data(query, found[0])
    if form.write is None:
        raise TypeError(f"{form.media_type} is no form of data")
    return form.write(selected) if selected.rows.num_rows else iter(())


def _check_arranged(query: DataQuery, form: Form) -> None:
    """Refuse another arrangement of a form in which observations stand in series, by time."""
    if not form.in_series:
        return
    if query.at_observation not in ("", "TIME_PERIOD"):
        raise not_answered(f"dimensionAtObservation={query.at_observation} is answered as CSV alone")
    if query.sort not in _ORDERED:
        raise not_answered("sort is answered as CSV alone: this form has one order")


# ---- availability ----------------------------------------------------------------------------------------------------


def _availability(query: AvailabilityQuery, asker: Asker) -> Message | None:
    """Return the message that says which codes there are; None where there are none."""
    found = list(asker.data_sets(query.data.flows))
    if not found:
        raise nothing("there is no such data flow")
    codes = {one.structure.programme: codes_available(query, one) for one in found}
    there = tuple(one.structure for one in found if any(codes[one.structure.programme].values()))
    if not there:
        return None
    kinds = _along(query.references)
    lists = tuple(_codes_alone(structure, codes[structure.programme]) for structure in there)
    concepts = tuple(_concepts_alone(structure, codes[structure.programme]) for structure in there)
    chosen: dict[Kind, tuple[Structure, ...]] = {"codelist": lists, "conceptscheme": concepts}
    partly = {codelist_of(one, codelist).urn for one in lists for codelist in one.codelists.values()}
    partly |= {scheme_of(one).urn for one in concepts}
    return Message(there, kinds, codes, False, asker.day, chosen, frozenset(partly))


def _along(references: tuple[str, ...]) -> tuple[Kind, ...]:
    everything = {"dataflow", "datastructure", "conceptscheme", "codelist"}
    wanted = everything if EVERYTHING in references else set(references) - {NONE}
    return tuple(kind for kind in KINDS if kind in wanted or kind == "contentconstraint")


def _codes_alone(structure: Structure, codes: Mapping[str, tuple[str, ...]]) -> Structure:
    """Return a structure with the codes alone that there are, and those above them."""
    lists = {c.codelist: with_parents(structure.codelists[c.codelist], codes[c.id]) for c in structure.dimensions}
    return replace(structure, codelists={name: codelist for name, codelist in lists.items() if codelist.codes})


def _concepts_alone(structure: Structure, codes: Mapping[str, tuple[str, ...]]) -> Structure:
    wanted = [c for c in structure.of_role(Role.DIMENSION, Role.TIME) if codes[c.id]]
    return replace(structure, components=tuple(wanted))
