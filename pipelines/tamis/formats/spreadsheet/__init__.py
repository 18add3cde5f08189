"""Spreadsheets, `.xlsx` and `.ods`: the rows of one sheet as records, in bounded memory.

archive   the parts of a workbook's archive, read as streams of XML elements, bounded
cells     what a cell holds, and a row; the sheets of a workbook, whatever wrote it
xlsx, ods the two formats
read      `read_spreadsheet`: a sheet as chunks, one row a record
texts     all that stands in a workbook as columns, for `scan`

The XML is parsed by lxml. Other libraries were measured and not taken: openpyxl takes four times as
long and tells values in warnings; python-calamine holds a sheet as a dense table, so that one far
cell ends the process, and tells a formula without its value, or an error, as an empty cell.
"""
