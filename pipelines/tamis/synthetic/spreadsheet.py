"""Synthetic records as spreadsheets, `.xlsx` and `.ods`, written row by row without any library."""

import datetime
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from tamis.documents.feed_format import SpreadsheetOptions
from tamis.documents.schema import Schema
from tamis.synthetic.records import Record

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_OPEN: Final = "urn:oasis:names:tc:opendocument:xmlns"
_EPOCH: Final = datetime.datetime(1899, 12, 30)
_DATE, _MOMENT, _TIME = 1, 2, 3  # the styles below

_XLSX: Final[Mapping[str, str]] = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts><font/></fonts>'
    "<fills><fill><patternFill/></fill></fills><borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs><cellXfs>"
    '<xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="21"/>'
    "</cellXfs></styleSheet>",
}


def write_spreadsheet(
    records: Iterable[Record],
    schema: Schema,
    path: Path,
    *,
    extra: Mapping[str, str] | None = None,
) -> None:
    """Write `records` to the sheet that the schema names; `.ods` where the path ends so.

    Args:
        records: as `make_records` makes them; each is a row.
        schema: names the fields, and the sheet and row of the header.
        path: of the file.
        extra: columns that the schema does not name, each with its only value.
    """
    options = schema.format.spreadsheet or SpreadsheetOptions()
    names = [spec.column or name for name, spec in schema.fields.items()]
    added = extra or {}

    def rows() -> Iterator[list[Any]]:
        yield from ([] for _row in range(options.header - 1))
        yield [*names, *added]
        for record in records:
            values = [_joined(value, options.lists or "") for value in record.values()]
            yield [*values, *added.values()]

    write = _write_ods if path.suffix == ".ods" else _write_xlsx
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        write(archive, options.sheet or "Feuille1", rows())


def _joined(value: Any, separator: str) -> Any:
    return separator.join(map(str, value)) if isinstance(value, list) else value


def _write_xlsx(archive: zipfile.ZipFile, sheet: str, rows: Iterator[list[Any]]) -> None:
    for name, text in _XLSX.items():
        archive.writestr(name, text)
    archive.writestr(
        "xl/workbook.xml",
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
        f'<sheet name={quoteattr(sheet)} sheetId="1" r:id="r1"/></sheets></workbook>',
    )
    start = f'<worksheet xmlns="{_MAIN}"><sheetData>'
    end = "</sheetData></worksheet>"
    _write_rows(archive, "xl/worksheets/sheet1.xml", start, rows, end, _xlsx_row)


def _write_ods(archive: zipfile.ZipFile, sheet: str, rows: Iterator[list[Any]]) -> None:
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
    archive.writestr(
        "META-INF/manifest.xml",
        f'<m:manifest xmlns:m="{_OPEN}:manifest:1.0" m:version="1.3">'
        f'<m:file-entry m:full-path="/" m:media-type="{kind}"/>'
        '<m:file-entry m:full-path="content.xml" m:media-type="text/xml"/></m:manifest>',
    )
    start = (
        f'<o:document-content xmlns:o="{_OPEN}:office:1.0" xmlns:t="{_OPEN}:table:1.0" '
        f'xmlns:x="{_OPEN}:text:1.0" o:version="1.3"><o:body><o:spreadsheet>'
        f"<t:table t:name={quoteattr(sheet)}>"
    )
    end = "</t:table></o:spreadsheet></o:body></o:document-content>"
    _write_rows(archive, "content.xml", start, rows, end, _ods_row)


def _write_rows(
    archive: zipfile.ZipFile,
    part: str,
    start: str,
    rows: Iterable[list[Any]],
    end: str,
    write: Callable[[list[Any]], str],
) -> None:
    with archive.open(part, "w", force_zip64=True) as stream:
        stream.write(start.encode())
        for row in rows:
            stream.write(write(row).encode("utf-8", "replace"))
        stream.write(end.encode())


def _xlsx_row(values: list[Any]) -> str:
    return f"<row>{''.join(map(_xlsx_cell, values))}</row>"


def _xlsx_cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float | Decimal):
        return f"<c><v>{value}</v></c>"
    style, serial = _serial(value)
    if style:
        return f'<c s="{style}"><v>{serial!r}</v></c>'
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def _serial(value: Any) -> tuple[int, float]:
    """The style of a date or time, and the days that it is; 0 of any other value."""
    day = datetime.timedelta(days=1)
    if isinstance(value, datetime.datetime):
        return _MOMENT, (value.replace(tzinfo=None) - _EPOCH) / day
    if isinstance(value, datetime.date):
        return _DATE, (datetime.datetime.combine(value, datetime.time()) - _EPOCH) / day
    if isinstance(value, datetime.time):
        moment = datetime.datetime.combine(datetime.date.min, value)
        return _TIME, (moment - datetime.datetime.min) / day
    return 0, 0


def _ods_row(values: list[Any]) -> str:
    return f"<t:table-row>{''.join(map(_ods_cell, values))}</t:table-row>"


def _ods_cell(value: Any) -> str:
    if value is None:
        return "<t:table-cell/>"
    if isinstance(value, bool):
        typed = f'o:value-type="boolean" o:boolean-value="{str(value).lower()}"'
    elif isinstance(value, int | float | Decimal):
        typed = f'o:value-type="float" o:value="{value}"'
    elif isinstance(value, datetime.date):
        typed = f'o:value-type="date" o:date-value="{value.isoformat()}"'
    elif isinstance(value, datetime.time):
        typed = f'o:value-type="time" o:time-value="{value:PT%HH%MM%SS}"'
    else:
        typed = f'o:value-type="string" o:string-value={quoteattr(str(value))}'
    return f"<t:table-cell {typed}/>"
