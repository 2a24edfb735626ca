"""What ``export.yaml`` says for linked data: where the pages of a programme stand, and who bodies and activities are.

All of it may be left out; a format that needs what is not declared refuses, and says what is missing. No identifier is
ever made up.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from impact.declare.base import Code, Declared, Id

WEB = r"^https?://[^\s/?#]+(/[^\s?#]*[^\s/?#])?$"
"""An address without a slash at its end, so that one can follow."""
IRI = r"^[a-z][a-z0-9+.\-]*:[^\s<>\"{}|\\^`]+$"
LISTED = r"^[^\s]+$"

Home = Annotated[str, Field(pattern=WEB, max_length=300)]
Iri = Annotated[str, Field(pattern=IRI, max_length=300)]
ListCode = Annotated[str, Field(pattern=LISTED, max_length=60)]
Percentage = Annotated[float, Field(gt=0, le=100)]
IatiIdentifier = Annotated[str, Field(pattern=r"^[^\s/&|?]+$", max_length=120)]
ActivityStatus = Literal["1", "2", "3", "4", "5", "6"]
OrganisationRole = Literal["1", "2", "3", "4"]
OrganisationType = Literal[
    "10", "11", "15", "21", "22", "23", "24", "30", "40", "60", "70", "71", "72", "73", "80", "90"
]  # fmt: skip
IndicatorMeasure = Literal["1", "2", "3", "4", "5"]
SectorVocabulary = Literal["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "98", "99"]
"""Codes of the lists of IATI 2.03 (https://iatistandard.org/en/iati-standard/203/codelists/)."""
DataTheme = Literal[
    "AGRI", "ECON", "EDUC", "ENER", "ENVI", "GOVE", "HEAL", "INTR", "JUST", "OP_DATPRO", "REGI", "SOCI", "TECH", "TRAN"
]  # fmt: skip
Frequency = Literal[
    "ANNUAL", "ANNUAL_2", "ANNUAL_3", "BIENNIAL", "BIMONTHLY", "BIWEEKLY", "CONT", "DAILY", "DECENNIAL", "IRREG",
    "MONTHLY", "MONTHLY_2", "MONTHLY_3", "NEVER", "OTHER", "QUADRENNIAL", "QUARTERLY", "QUINQUENNIAL", "TRIENNIAL",
    "UNKNOWN", "WEEKLY", "WEEKLY_2", "WEEKLY_3",
]  # fmt: skip
"""Codes of the lists data-theme and frequency (https://op.europa.eu/en/web/eu-vocabularies), as far as needed."""


class CidsBody(Declared):
    """The organisation whose impact is told, by the IRI that it is known by, and its legal name."""

    id: Iri
    name: str


class Cids(Declared):
    """What the Common Impact Data Standard needs."""

    organisation: CidsBody | None = None


class ReportingOrganisation(Declared):
    """Who publishes an activity: identifier, type (list OrganisationType), name."""

    ref: IatiIdentifier
    type: OrganisationType
    name: str


class Sector(Declared):
    """A sector: its code in a list, which the code of a vocabulary names, and its share of the activity."""

    code: ListCode
    vocabulary: SectorVocabulary = "1"
    percentage: Percentage = 100


class Iati(Declared):
    """What an activity in IATI needs.

    ``participants`` gives stakeholders their role (list OrganisationRole). ``dates`` says whether the period of the
    programme was planned or is what came. ``countries`` gives codes of ISO 3166-1 their percentage. ``measures`` gives
    indicators another measure than their unit tells.
    """

    activity: IatiIdentifier | None = None
    reporting_org: ReportingOrganisation | None = None
    status: ActivityStatus | None = None
    dates: Literal["planned", "actual"] | None = None
    participants: dict[Id, OrganisationRole] = Field(default_factory=dict)
    countries: dict[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], Percentage] = Field(default_factory=dict)
    sectors: tuple[Sector, ...] = ()
    measures: dict[Id, IndicatorMeasure] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _shares(self) -> Iati:
        """Refuse countries, or sectors of one vocabulary, whose shares are not the whole."""
        shares: dict[str, list[float]] = {"countries": list(self.countries.values())}
        for sector in self.sectors:
            shares.setdefault(f"sectors of vocabulary {sector.vocabulary}", []).append(sector.percentage)
        for what, percentages in shares.items():
            if percentages and round(sum(percentages), 6) != 100:
                raise ValueError(f"the {what} add up to {sum(percentages):g} per cent, not to 100")
        return self

    @model_validator(mode="after")
    def _prefixed(self) -> Iati:
        """Refuse an activity that does not begin with who reports it, as the standard asks."""
        if self.activity and self.reporting_org and not self.activity.startswith(f"{self.reporting_org.ref}-"):
            raise ValueError(f"the activity '{self.activity}' does not begin with '{self.reporting_org.ref}-'")
        return self


class Agent(Declared):
    """A body by its name and the code that it is registered under, such as its IPA code."""

    name: str
    identifier: Code | None = None


class Dcat(Declared):
    """What a catalogue says of a programme's data set.

    ``themes`` and ``frequency`` are codes of the lists *data-theme* and *frequency* of the EU Publications Office.
    ``profile`` may ask for the Italian one, which needs ``holder`` and identifiers of both bodies.
    """

    profile: Literal["DCAT-AP", "DCAT-AP_IT"] = "DCAT-AP"
    themes: tuple[DataTheme, ...] = ()
    frequency: Frequency | None = None
    keywords: dict[Literal["it", "en"], tuple[str, ...]] = Field(default_factory=dict)
    publisher_identifier: Code | None = None
    holder: Agent | None = None


class Linked(Declared):
    """What is declared for linked data.

    ``home`` is the address under which the pages of the app stand, such as ``https://impact.example.org``.
    """

    home: Home | None = None
    cids: Cids = Field(default_factory=Cids)
    iati: Iati = Field(default_factory=Iati)
    dcat: Dcat = Field(default_factory=Dcat)
