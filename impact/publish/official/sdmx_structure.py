"""Structure messages of SDMX: what a data set is made of, for those who receive it.

One function for every form: files beside the data (:mod:`impact.publish.export`) and the app's addresses are written
by it. The forms themselves stand in ``sdmx_structure_ml`` and ``sdmx_structure_json``.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from impact.errors import UsageError
from impact.publish.official.data_set import DataSet
from impact.publish.official.sdmx_names import KINDS, Kind, codelist_of
from impact.publish.official.sdmx_xml import missing
from impact.publish.official.structure import CodeList, Structure

Form = Literal["ml-2.1", "ml-3.0", "json-2.0"]
FORMS: tuple[Form, ...] = ("ml-2.1", "ml-3.0", "json-2.0")


@dataclass(frozen=True)
class Wanted:
    """What a message is to hold.

    Parameters
    ----------
    structures
        Editions, of one programme or of several.
    kinds
        Which artefacts of them, in the order of the standard.
    codes
        By programme, the codes that occur in each dimension, in order; for constraints.
    stub
        Whether identity and names alone are written.
    prepared
        The day that the message names as its own.
    chosen
        Of a kind, the structures it is written of, where that is not all of them or not the whole of each.
    partial
        URNs of the artefacts that are not written with all their items.
    """

    structures: tuple[Structure, ...]
    kinds: tuple[Kind, ...]
    codes: Mapping[str, Mapping[str, tuple[str, ...]]]
    stub: bool
    prepared: datetime.date
    chosen: Mapping[Kind, tuple[Structure, ...]] = field(default_factory=dict)
    partial: frozenset[str] = frozenset()

    def of(self, kind: Kind) -> tuple[Structure, ...]:
        """Return the structures that artefacts of a kind are written of."""
        return self.chosen.get(kind, self.structures)

    def codelists(self) -> Iterator[tuple[Structure, CodeList]]:
        """Yield each list once, with the structure that it is of."""
        written: dict[str, CodeList] = {}
        for structure in self.of("codelist"):
            for codelist in structure.codelists.values():
                urn = codelist_of(structure, codelist).urn
                if written.setdefault(urn, codelist) != codelist:
                    raise UsageError(_shared(structure, codelist))
                if written[urn] is codelist:
                    yield structure, codelist

    def constrained(self) -> Iterator[tuple[Structure, Mapping[str, tuple[str, ...]]]]:
        """Yield structures of which rows are there, with the codes that occur."""
        for structure in self.of("contentconstraint"):
            if structure.programme in self.codes:
                yield structure, self.codes[structure.programme]


def write_structures(
    structures: Sequence[Structure],
    form: Form,
    artefacts: Collection[str] | None = None,
    data: Mapping[str, pa.Table] | None = None,
    *,
    stub: bool = False,
    prepared: datetime.date | None = None,
) -> bytes:
    """Write a structure message.

    Parameters
    ----------
    structures
        Whose artefacts are written: editions of one programme, or of several.
    form
        One of :data:`FORMS`.
    artefacts
        Which kinds, of :data:`impact.publish.official.sdmx_names.KINDS`; all by default.
    data
        Rows by programme, in the columns of its structure: the constraint says which codes occur in them. Without rows
        there is no constraint.
    stub
        Whether items and components are left out.
    prepared
        The day of the message; today by default.

    Returns
    -------
    bytes
        In UTF-8.

    Raises
    ------
    UsageError
        If there is no such form or kind, two programmes under one agency and version call different lists alike, or
        the package that writes XML is not there.
    """
    if form not in FORMS:
        raise UsageError(f"a structure is written as {', '.join(FORMS)}, not as '{form}'")
    day = prepared or datetime.datetime.now(tz=datetime.UTC).date()
    codes = {programme: _codes(rows) for programme, rows in (data or {}).items()}
    return write_wanted(Wanted(tuple(structures), _kinds(artefacts), codes, stub, day), form)


def write_structure_of(data_set: DataSet, form: Form) -> bytes:
    """Write the structure message that stands beside a file of data, with the codes that occur in it."""
    structure = data_set.structure
    rows = {structure.programme: data_set.rows}
    return write_structures([structure], form, data=rows, prepared=data_set.origin.date)


def write_wanted(wanted: Wanted, form: Form) -> bytes:
    """Write a structure message of what is wanted; see :func:`write_structures`."""
    if form == "json-2.0":
        from impact.publish.official.sdmx_structure_json import write_json  # noqa: PLC0415 (each form when asked for)

        return write_json(wanted)
    if missing("lxml"):
        raise UsageError('a structure is written as XML by lxml, which is missing: pip install "impact-engine[sdmx]"')
    from impact.publish.official.sdmx_structure_ml import write_ml  # noqa: PLC0415 (lxml is of the extra sdmx)

    return write_ml(wanted, form)


def _kinds(artefacts: Collection[str] | None) -> tuple[Kind, ...]:
    unknown = sorted(set(artefacts or ()) - set(KINDS))
    if unknown:
        raise UsageError(f"there is no kind of artefact '{unknown[0]}'; there are {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if artefacts is None or kind in artefacts)


def _codes(rows: pa.Table) -> dict[str, tuple[str, ...]]:
    """Return the texts that occur in each column of text."""
    texts = [name for name in rows.column_names if pa.types.is_string(rows.schema.field(name).type)]
    return {name: tuple(sorted(filter(None, rows[name].unique().to_pylist()))) for name in texts}


def _shared(structure: Structure, codelist: CodeList) -> str:
    agency = structure.agency
    return (
        f"two programmes of the agency {agency} have a list {codelist.id}({structure.version}), and they differ;"
        f" give each programme an agency of its own in export.yaml, such as {agency}.{structure.programme.upper()}"
    )
