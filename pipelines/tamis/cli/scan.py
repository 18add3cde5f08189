"""`tamis scan`: where NIRs are, column by column, no values.

feed.parquet
  nir          2000 of 2000 values, form 15: 2000 of 2000 keys right
  commentaire  41 in 2000 values, form text: 41 in 41 of 2000 texts
feed.parquet: NIRs in 2 of 31 columns
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tamis.formats.schemaless import read_columns
from tamis.nir.profile import NirProfile, profile_nir


@dataclass
class ColumnNirs:
    """What the pieces of one column hold.

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
        """Add what one piece of the column holds."""
        self.values += profile.values
        if profile.carries_nir:
            if profile.nirs > max(self.nirs.values(), default=0):
                self.why = profile.why
            self.nirs[profile.form] = self.nirs.get(profile.form, 0) + profile.nirs
            self.confidence = max(self.confidence, profile.confidence)


def scan_file(path: Path) -> dict[str, ColumnNirs]:
    """What each column of a file holds, by its name."""
    columns: dict[str, ColumnNirs] = {}
    for name, array in read_columns(path):
        columns.setdefault(name, ColumnNirs()).add(profile_nir(array, name))
    return columns


def scan_command(files: tuple[Path, ...], as_json: bool) -> int:
    """Scan files and tell; 1 if any column of any of them holds NIRs."""
    scanned = {path: scan_file(path) for path in files}
    if as_json:
        told = {
            str(path): {name: asdict(found) for name, found in columns.items()}
            for path, columns in scanned.items()
        }
        print(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        for path, columns in scanned.items():
            _tell(path, columns)
    return 1 if any(one.nirs for columns in scanned.values() for one in columns.values()) else 0


def _tell(path: Path, columns: dict[str, ColumnNirs]) -> None:
    hits = {name: found for name, found in columns.items() if found.nirs}
    width = max(map(len, hits), default=0)
    for name, found in hits.items():
        forms = ", ".join(f"{count} as {form}" for form, count in sorted(found.nirs.items()))
        print(f"  {name:<{width}}  {forms}, in {found.values} values: {found.why}")
    print(f"{path}: NIRs in {len(hits)} of {len(columns)} columns")
