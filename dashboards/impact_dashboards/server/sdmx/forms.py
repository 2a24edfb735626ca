"""In which forms data and structures are had, and which of them a reader is sent: content negotiation by ``Accept``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.http import parse_options_header

from impact.publish.export import sdmx_csv, sdmx_json, sdmx_ml
from impact.publish.official.data_set import DataSet
from impact.publish.official.query.refusal import QueryError
from impact.publish.official.query.resources import Api
from impact.publish.official.query.versions import chosen_versions, read_version
from impact.publish.official.sdmx_structure import Form as StructureForm

_BASE = "application/vnd.sdmx"


@dataclass(frozen=True)
class Form:
    """A form of an answer.

    Parameters
    ----------
    type, version
        Of the media type, and of the form.
    alike
        Plainer media types that it answers as well.
    settings
        Further parameters of the media type, with the only value that is offered.
    write
        Of data: writes a data set.
    structure
        Of structures: their form.
    in_series
        Of data: whether observations stand series by series, and so in one order only.
    """

    type: str
    version: str
    alike: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    write: Callable[[DataSet], Iterator[bytes]] | None = None
    structure: StructureForm | None = None
    in_series: bool = False

    @property
    def media_type(self) -> str:
        """As the answer names it."""
        return f"{self.type};version={self.version}"

    def matches(self, wanted: str) -> bool:
        """Tell whether the form is one that a media range asks for."""
        name, parameters = parse_options_header(wanted)
        main = name.partition("/")[0]
        if name not in ("*/*", self.type, *self.alike) and name != f"{self.type.partition('/')[0]}/*":
            return False
        version = parameters.pop("version", "") if main != "*" else ""
        return _fits(version, self.version) and all(self._offers(*one) for one in parameters.items())

    def _offers(self, name: str, value: str) -> bool:
        return self.settings.get(name, value) == value


def _fits(wanted: str, version: str) -> bool:
    """Tell whether a version is the one that is wanted, or among those; what is no version fits none."""
    if not wanted:
        return True
    try:
        return bool(chosen_versions([read_version(wanted)], [version]))
    except QueryError:
        return False


_PLAIN = {"labels": "id", "timeFormat": "original", "keys": "none"}
_CSV_2 = Form(f"{_BASE}.data+csv", "2.0.0", ("text/csv",), _PLAIN, sdmx_csv.write_sdmx_csv)
_CSV_1 = Form(f"{_BASE}.data+csv", "1.0.0", ("text/csv",), _PLAIN, sdmx_csv.write_sdmx_csv_before)
_JSON = Form(f"{_BASE}.data+json", "2.0.0", ("application/json",), write=sdmx_json.write_data, in_series=True)
_XML = ("application/xml", "text/xml")
_ML_3 = Form(f"{_BASE}.data+xml", "3.0.0", _XML, write=lambda of: sdmx_ml.write_data(of, "3.0"), in_series=True)
_ML_2 = Form(
    f"{_BASE}.structurespecificdata+xml", "2.1", _XML, write=lambda of: sdmx_ml.write_data(of, "2.1"), in_series=True
)
DATA: Mapping[Api, Sequence[Form]] = {"v2": (_JSON, _CSV_2, _ML_3, _ML_2, _CSV_1), "v1": (_ML_2, _CSV_1)}
_JSON_STRUCTURE = Form(f"{_BASE}.structure+json", "2.0.0", ("application/json",), structure="json-2.0")
_ML_3_STRUCTURE = Form(f"{_BASE}.structure+xml", "3.0.0", _XML, structure="ml-3.0")
_ML_2_STRUCTURE = Form(f"{_BASE}.structure+xml", "2.1", _XML, structure="ml-2.1")
STRUCTURE: Mapping[Api, Sequence[Form]] = {
    "v2": (_JSON_STRUCTURE, _ML_3_STRUCTURE, _ML_2_STRUCTURE),
    "v1": (_ML_2_STRUCTURE,),
}
"""The forms of each edition of the interface, that which is sent unasked first."""
MEDIA_TYPES = sorted({form.type for of in (DATA, STRUCTURE) for forms in of.values() for form in forms})


def choose_form(forms: Sequence[Form], accepted: Iterable[tuple[str, float]]) -> Form | None:
    """Return the form that a reader likes best.

    Parameters
    ----------
    forms
        Those that there are, that which is sent unasked first.
    accepted
        Media ranges with their weights, the best first; none where the reader did not say.

    Returns
    -------
    Form or None
        None where there is none of those that are accepted.
    """
    ranges = list(accepted)
    refused = [wanted for wanted, weight in ranges if not weight and not wanted.endswith("/*")]
    offered = [form for form in forms if not any(form.matches(wanted) for wanted in refused)]
    if not ranges:
        return forms[0]
    liked = (form for wanted, weight in ranges if weight for form in offered if form.matches(wanted))
    return next(liked, None)
