"""Everything that leaves as a file: tables, drawings, figures, each format a module and a line in the registry."""

from typing import TYPE_CHECKING

from impact.rooms import on_demand

if TYPE_CHECKING:
    from impact.publish.export.format import Format, Takes
    from impact.publish.export.programme import Exported, export_programme, zipped
    from impact.publish.export.registry import FORMATS, all_formats, programme_format, programme_formats, table_formats
    from impact.publish.export.table import ExportColumn, ExportTable, Kind
    from impact.publish.export.tables import SOURCES, export_tables
    from impact.publish.origin import Origin

__all__ = [
    "FORMATS",
    "SOURCES",
    "ExportColumn",
    "ExportTable",
    "Exported",
    "Format",
    "Kind",
    "Origin",
    "Takes",
    "all_formats",
    "export_programme",
    "export_tables",
    "programme_format",
    "programme_formats",
    "table_formats",
    "zipped",
]
__getattr__ = on_demand(__name__, __file__)
