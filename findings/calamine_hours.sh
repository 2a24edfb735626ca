#!/usr/bin/env bash
# python-calamine: hours worked come back as three types, by the file's format and by whether they pass 24.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'python-calamine==0.9.1' 'openpyxl==3.1.5'
venv/bin/python - <<'PY'
import datetime
import zipfile
from importlib.metadata import version

import openpyxl
import python_calamine

# The same column of volunteers' hours, 7:30 and 36:30, in both formats, as spreadsheets store durations.
book = openpyxl.Workbook()
for row, hours in enumerate((7.5, 36.5), start=1):
    book.active.cell(row, 1, datetime.timedelta(hours=hours)).number_format = "[h]:mm"
book.save("hours.xlsx")

spaces = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
rows = "".join(
    '<table:table-row><table:table-cell office:value-type="time" '
    f'office:time-value="{stored}"><text:p>{shown}</text:p></table:table-cell></table:table-row>'
    for stored, shown in (("PT07H30M00S", "7:30"), ("PT36H30M00S", "36:30"))
)
mime = "application/vnd.oasis.opendocument.spreadsheet"
with zipfile.ZipFile("hours.ods", "w") as archive:
    archive.writestr("mimetype", mime)
    archive.writestr(
        "META-INF/manifest.xml",
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>',
    )
    archive.writestr(
        "content.xml",
        f'<office:document-content {spaces} office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="Hours">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>",
    )


def read(name):
    sheet = python_calamine.CalamineWorkbook.from_path(name).get_sheet_by_index(0)
    return [row[0] for row in sheet.to_python()]


xlsx, ods = read("hours.xlsx"), read("hours.ods")
print(f"package : python-calamine {version('python-calamine')}")
print("expected: two timedeltas, from the .xlsx as from the .ods")
print(f"seen    : .xlsx {xlsx}; .ods {ods}")
print("so      : in an .ods, hours below 24 read as a time of day and from 24 on as text (PT36H30M00S): sums drop just the")
print("          busiest people, or fail. Store hours as decimal numbers, or convert all three types in one place.")
assert xlsx == [datetime.timedelta(hours=7.5), datetime.timedelta(hours=36.5)], xlsx
assert ods == [datetime.time(7, 30), "PT36H30M00S"], ods
PY
