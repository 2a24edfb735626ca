"""The files in which a programme's observations are served, with their sizes: the distributions of a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from impact.errors import ImpactError
from impact.publish.export.dossier import Dossier, dossier_of
from impact.publish.export.format import Chunks, Format, Takes
from impact.publish.export.tables import observation_table
from impact.publish.official.addresses import LANGUAGE, observations_address
from impact.words import words_in

FILE_TYPES = {
    "text/csv": "CSV",
    "application/json": "JSON",
    "application/ld+json": "JSON_LD",
    "application/xml": "XML",
    "application/vnd.apache.parquet": "PARQUET",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
}
"""Code of a media type in the list file-type of the EU Publications Office."""
ENDS_AS = {"+csv": "CSV", "+xml": "XML", "+json": "JSON"}
OTHER = "OCTET"
CATALOGUE = "dcat"
"""The format that lists the others, and not itself."""


@dataclass(frozen=True)
class Served:
    """A file that can be had.

    Parameters
    ----------
    name
        Of its format.
    address
        Where it is.
    media_type, file_type
        As IANA and the EU Publications Office call it.
    size
        In bytes.
    """

    name: str
    address: str
    media_type: str
    file_type: str
    size: int


def served(dossier: Dossier) -> list[Served]:
    """Return the files in which all observations of a programme can be had, as a reader of this scope gets them."""
    return dossier.published.cached_value(f"served {dossier.programme}", lambda: list(_served(dossier)))


def _served(dossier: Dossier) -> Iterator[Served]:
    from impact.publish.export.registry import programme_formats  # noqa: PLC0415 - the registry has the format that asks

    whole = dossier_of(dossier.published, dossier.programme, words_in(LANGUAGE), dossier.origin.version)
    home = dossier.published.mapping(dossier.programme).linked.home or ""
    for name, form in programme_formats().items():
        size = _size(whole, form) if _lists(name, form) else None
        if size is not None:
            address = observations_address(home, dossier.programme, form.suffix)
            yield Served(name, address, form.media_type, file_type(form.media_type), size)


def of_observations(form: Format) -> bool:
    """Tell whether a format is one of observations that can be written here: not of rows, nor of their variables."""
    return form.is_ready and not form.of_rows and form.counted is None


def _lists(name: str, form: Format) -> bool:
    """Tell whether a catalogue lists a format: none that describes other files only."""
    describes = form.takes is Takes.TABLE and form.pack is not None and not form.together
    return name != CATALOGUE and not describes and of_observations(form)


def observations_file(dossier: Dossier, form: Format) -> Chunks | None:
    """Return the file of a dossier's observations in a format; None where the format has none that stands alone.

    Parameters
    ----------
    dossier
        Of a reader.
    form
        Of dossiers or of tables.
    """
    if form.takes is Takes.DOSSIER:
        return form.write(dossier)
    if form.takes is not Takes.TABLE:
        return None
    if form.observations is not None:
        return form.observations(dossier.data_set)
    return form.write(observation_table(dossier))


def _size(dossier: Dossier, form: Format) -> int | None:
    """Return the size of a file; None of a format that cannot write these observations, such as too many rows."""
    try:
        content = observations_file(dossier, form)
    except ImpactError:
        return None
    return None if content is None else sum(map(len, _pieces(content)))


def _pieces(content: Chunks) -> Iterable[bytes]:
    return [content] if isinstance(content, bytes) else content


def file_type(media_type: str) -> str:
    """Return the code of a media type in the list of file types.

    Examples
    --------
    >>> file_type("text/csv"), file_type("application/vnd.sdmx.data+csv;version=2.0.0"), file_type("image/x")
    ('CSV', 'CSV', 'OCTET')
    """
    plain = media_type.partition(";")[0]
    by_end = next((code for end, code in ENDS_AS.items() if plain.endswith(end)), OTHER)
    return FILE_TYPES.get(plain, by_end)
