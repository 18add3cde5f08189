"""What values look like that have not the schema's type: masks, and never a value.

A mask has `#` for a digit and `x` for a letter, of a run of letters at most three; separators stand
as they are, unusual blanks by their code; anything else is `?`. Masks are made only of values that
should be a number, a date, a time or a boolean, and only told where at least `SMALL` records have
the same one, so that none is that of one person's value. Text of more than `LONGEST` characters
has none.
"""

from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.types import is_text
from tamis.documents.types import kind_of
from tamis.dry_run.models import SMALL, Mask
from tamis.filter.dialect import dialect_of
from tamis.filter.parse_text import read_text
from tamis.filter.tally import Cause
from tamis.plan.plan import Plan

LONGEST = 32
_KEPT = 200
"""Masks of one cause that are counted on, those of most records."""
_SHOWN = 3
_STEPS = (
    (r"[^\p{Nd}\p{L}\p{M} \x{A0}\x{202F}\t.,:;/'+%€$()-]", "?"),
    (r"\p{L}\p{M}*", "x"),
    ("x{4,}", "xxx"),
    (r"\p{Nd}", "#"),
    (r"\x{A0}", "[U+00A0]"),
    (r"\x{202F}", "[U+202F]"),
    (r"\t", "[U+0009]"),
)


def mask(texts: pa.Array) -> pa.Array:
    """The mask of each text; null where it is null or too long.

    Example:
        >>> mask(pa.array(["3 342,69", "12 janvier", "2024-02-29", "a@b"])).to_pylist()
        ['# ###,##', '## xxx', '####-##-##', 'x?x']
    """
    short = pc.less_equal(pc.utf8_length(texts), LONGEST)
    masks = pc.if_else(short, texts, pa.scalar(None, texts.type))
    for pattern, replacement in _STEPS:
        masks = pc.replace_substring_regex(masks, pattern, replacement)
    return masks


@dataclass
class Masks:
    """Masks of values that have not the schema's type, as they add up over batches.

    Attributes:
        counts: by cause, the records of each mask.
    """

    counts: dict[Cause, Counter[str]] = field(default_factory=dict)

    def add(self, batch: pa.RecordBatch, quarantined: pa.RecordBatch, plan: Plan) -> None:
        """Count the masks of what `minimize` quarantined for its type.

        Args:
            batch: N rows.
            quarantined: which of them, with the columns of `QUARANTINED`.
            plan: what they were judged by.
        """
        fields = {
            spec.name: spec
            for spec in plan.fields
            if kind_of(spec.type) not in (None, "string", "binary")
        }
        wrong = quarantined.filter(pc.equal(quarantined.column("reason"), "type"))
        for path in pc.unique(wrong.column("field")).to_pylist():
            if path not in fields or path not in batch.schema.names:
                continue
            column = batch.column(batch.schema.names.index(path))
            rows = wrong.filter(pc.equal(wrong.column("field"), path))
            if is_text(column.type):
                texts = read_text(column.take(rows.column("row")), dialect_of(plan.format)).array
                self._count(rows.column("rule"), path, mask(texts.cast(pa.string())))

    def _count(self, rules: pa.Array, path: str, masks: pa.Array) -> None:
        for rule in pc.unique(rules).to_pylist():
            found = masks.filter(pc.equal(rules, rule)).drop_null().value_counts()
            counts = Counter({pair["values"]: pair["counts"] for pair in found.to_pylist()})
            self._add(Cause("type", path, rule), counts)

    def merge(self, other: "Masks") -> None:
        """Add the masks of `other`, which stays as it is."""
        for cause, counts in other.counts.items():
            self._add(cause, counts)

    def _add(self, cause: Cause, counts: Counter[str]) -> None:
        total = self.counts.get(cause, Counter()) + counts
        most = sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))[:_KEPT]
        self.counts[cause] = Counter(dict(most))

    def extract(self) -> list[Mask]:
        """Return the masks of at least `SMALL` records, of each cause those of most."""
        return [
            Mask(field=cause.field, rule=cause.rule, mask=mask, records=records)
            for cause, counts in sorted(self.counts.items())
            for mask, records in counts.most_common(_SHOWN)
            if records >= SMALL
        ]
