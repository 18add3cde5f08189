"""`tamis scan`: where NIRs are, column by column, no values.

feed.parquet
  nir          2000 of 2000 values, form 15: 2000 of 2000 keys right
  commentaire  41 in 2000 values, form text: 41 in 41 of 2000 texts
feed.parquet: NIRs in 2 of 31 columns
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tamis.address import require_file
from tamis.formats.schemaless import read_columns
from tamis.interrupts import ends_at_once
from tamis.language import _
from tamis.nir.profile import NirProfile, profile_nir


@dataclass
class ColumnNirs:
    """The NIRs of one column, as they add up over its pieces.

    Attributes:
        values: values that are not null.
        nirs: NIRs by form.
        confidence: of the surest piece.
        why: the evidence of the piece with most NIRs.
    """

    values: int = 0
    nirs: dict[str, int] = field(default_factory=dict)
    confidence: float = 0.0
    why: str = ""

    def add(self, profile: NirProfile) -> None:
        """Add the profile of one piece of the column."""
        self.values += profile.values
        if profile.carries_nir:
            if profile.nirs > max(self.nirs.values(), default=0):
                self.why = profile.why
            self.nirs[profile.form] = self.nirs.get(profile.form, 0) + profile.nirs
            self.confidence = max(self.confidence, profile.confidence)


def scan_file(path: Path) -> dict[str, ColumnNirs]:
    """Return the NIRs of each column of a file, by its name."""
    columns: dict[str, ColumnNirs] = {}
    for name, array in read_columns(path):
        columns.setdefault(name, ColumnNirs()).add(profile_nir(array, name))
    return columns


def scan_command(files: tuple[Path, ...], as_json: bool) -> int:
    """Scan files and print what they hold; return 1 if any column of any of them holds NIRs."""
    for path in files:
        require_file(path)
    with ends_at_once(
        _("interrupted: not all files were looked at, so it is not known whether they hold NIRs")
    ):
        scanned = {path: scan_file(path) for path in files}
    if as_json:
        result = {
            str(path): {name: asdict(column) for name, column in columns.items()}
            for path, columns in scanned.items()
        }
        print(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        for path, columns in scanned.items():
            hits = {name: column for name, column in columns.items() if column.nirs}
            width = max(map(len, hits), default=0)
            for name, column in hits.items():
                print(f"  {name:<{width}}  {_describe(column)}")
            text = _("{file}: NIRs in {count} of {columns} columns")
            print(text.format(file=path, count=len(hits), columns=len(columns)))
    return 1 if any(column.nirs for file in scanned.values() for column in file.values()) else 0


def _describe(column: ColumnNirs) -> str:
    forms = ", ".join(
        _("{count} as {form}", count=count, form=form)
        for form, count in sorted(column.nirs.items())
    )
    text = _("{forms}, in {values} values: {evidence}")
    return text.format(forms=forms, values=column.values, evidence=column.why)
