"""`tamis scan`: where NIRs are, column by column, no values.

feed.parquet
  nir          2000 of 2000 values, form 15: 2000 of 2000 keys right
  commentaire  41 in 2000 values, form text: 41 in 41 of 2000 texts
feed.parquet: NIRs in 2 of 31 columns
"""

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow as pa

from tamis.address import require_file
from tamis.errors import InputError, NotLookedInto
from tamis.formats.names import shown_path
from tamis.formats.schemaless import read_columns
from tamis.interrupts import ends_at_once
from tamis.language import N_, _
from tamis.nir.find import count_nir
from tamis.nir.identifiers import judge_identifiers
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
            if profile.nirs > sum(self.nirs.values()):
                self.why = profile.why
            for form, count in profile.forms.items():
                self.nirs[form] = self.nirs.get(form, 0) + count
            self.confidence = max(self.confidence, profile.confidence)


def scan_file(path: Path) -> dict[str, ColumnNirs]:
    """Return the NIRs of each column of a file, by its name.

    Raises:
        NotLookedInto: the file is of no format that can be looked into.
        InputError: the file cannot be read, or not to its end.
    """
    columns: dict[str, ColumnNirs] = {}
    for column in read_columns(path):
        profile = profile_nir(column.values, column.name)
        if column.names:
            named = _profile_names(column.values)
            profile = named if named.carries_nir else profile
        if not column.names or profile.carries_nir:
            columns.setdefault(column.name, ColumnNirs()).add(profile)
    return columns


def _profile_names(names: pa.Array) -> NirProfile:
    """Judge names: no chance makes one that is, or holds, a well-formed NIR."""
    whole = judge_identifiers(names, ("nir", "nia")).canonical.is_valid().to_numpy(False)
    count = int((whole | (count_nir(names) > 0)).sum())
    why = _("{count} of {names:# name|# names}", count=count, names=len(names))
    return NirProfile(count > 0, "text", len(names), count, 1.0, why)


def scan_command(files: tuple[Path, ...], as_json: bool, skip_unknown: bool = False) -> int:
    """Scan files and print what they hold, as JSON in one object of all files.

    Returns:
        1 if any column of any file holds NIRs; 3 if any file cannot be looked into or read.
    """
    for path in files:
        require_file(path)
    scanned: dict[str, dict[str, ColumnNirs]] = {}
    failed = False
    stopped = _(
        "interrupted: not all files were looked at, so it is not known whether they hold NIRs"
    )
    for path in files:
        name = shown_path(path)
        try:
            with ends_at_once(stopped):
                scanned[name] = scan_file(path)
        except InputError as error:
            left_out = skip_unknown and isinstance(error, NotLookedInto)
            failed = failed or not left_out
            text = _("{error}; it is left out", error=error) if left_out else str(error)
            print(f"tamis: {text}", file=sys.stderr)
            continue
        if not as_json:
            _print_columns(name, scanned[name])
    if as_json:
        result = {
            file: {name: asdict(column) for name, column in columns.items()}
            for file, columns in scanned.items()
        }
        print(json.dumps(result, indent=1, ensure_ascii=False))
    if failed:
        return 3
    return int(any(column.nirs for file in scanned.values() for column in file.values()))


def _print_columns(file: str, columns: dict[str, ColumnNirs]) -> None:
    hits = {name: column for name, column in columns.items() if column.nirs}
    width = max(map(len, hits), default=0)
    for name, column in hits.items():
        print(f"  {name:<{width}}  {_describe(column)}")
    text = _(
        "{file}: NIRs in {count} of {columns:# column|# columns}",
        file=file,
        count=len(hits),
        columns=len(columns),
    )
    print(text, flush=True)


_FORMS = (N_("text"), N_("integer"), N_("float"), N_("decimal"))


def _describe(column: ColumnNirs) -> str:
    forms = ", ".join(
        _("{count} as {form}", count=count, form=_(form))
        for form, count in sorted(column.nirs.items())
    )
    return _(
        "{forms}, in {values:# value|# values}: {evidence}",
        forms=forms,
        values=column.values,
        evidence=column.why,
    )
