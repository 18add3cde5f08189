"""The YAML of a drafted schema: each guess, and its reason in a comment without values.

# 2,000 values, none empty
# NIR: 2,000 as 15 (2000 of 2000 keys right)
nir: {type: string, identifier: nir, nullable: false, category: []}  # tit-identite-activite?
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Final

from tamis.documents.feed_format import CsvOptions, FormatName
from tamis.documents.names import special_category
from tamis.draft.fields import DraftField, FeedSample
from tamis.draft.guess import MANY_ROWS, Guess, guess_leaf, guess_text_options
from tamis.draft.names import hint_categories
from tamis.draft.statistics import LeafStatistics
from tamis.draft.xml import field_name
from tamis.filter.drift import RECORDS_TO_SHOW, WITHHELD
from tamis.formats.names import may_be_shown, shown_name
from tamis.language import N_, _

MAX_NAME: Final = 256
WIDTH: Final = 100
CHOOSE: Final = "category: []"
_PLAIN = re.compile(r"[^\W\d][\w-]*(?: [\w-]+)*")
_RESERVED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}

_HEADER = N_("""\
# Drafted from {rows}: guesses with their evidence, for a human to correct.
# `category: []` is left to be chosen: one or several slugs of R. 6323-34 or R. 6323-34-1,
# `outside`, or `not-personal`. A field without category is never released.
# After "perhaps" stands what the field's name hints at, no more.
""")


def write_schema(
    sample: FeedSample, name: str, form: FormatName, options: CsvOptions, *, all_names: bool = False
) -> str | None:
    """Write a schema that loads, with categories left to be chosen.

    Args:
        sample: fields with statistics of their values.
        name: of the schema.
        form: of the source.
        options: separator and encoding of a CSV; its decimal mark and dates are guessed here.
        all_names: whether names that may be values are shown.

    Returns:
        YAML; None if the sample has no field that a schema can name.
    """
    if form == "csv":
        leaves = (leaf for node in sample.fields for leaf in node.leaves())
        guessed = guess_text_options(leaf.statistics for leaf in leaves if leaf.statistics)
        options = options.model_copy(update=guessed)
    writer = _SchemaWriter(form, options, sample.rows, all_names)
    fields = list(writer.fields(sample.fields, "  ", top=True))
    if not any(line.strip() and not line.lstrip().startswith("#") for line in fields):
        return None
    if sample.whole:
        rows = _("{count:the one row|all #, rows} of a file", count=sample.rows)
    else:
        rows = _("the first {count:row|#, rows} of a file", count=sample.rows)
    notes = list(sample.notes)
    if sample.unreadable:
        notes.append(
            _(
                "{count:#, row is not readable: a run quarantines it|#, rows are "
                "not readable: a run quarantines them}",
                count=sample.unreadable,
            )
        )
    if writer.withheld:
        notes.append(
            _(
                "{count:# name is not shown, it may be a value: --all-names shows "
                "it|# names are not shown, they may be values: --all-names shows "
                "them}",
                count=writer.withheld,
            )
        )
    comments = "".join("# " + _("Note: {note}.", note=note) + "\n" for note in notes)
    written = _format(form, options, sample.written)
    start = f"{_(_HEADER, rows=rows)}{comments}schema: {name}\nformat: {written}\n"
    return f"{start}fields:\n" + "\n".join(fields) + "\n"


def quote(name: str) -> str:
    """A name as a YAML key.

    Example:
        >>> print(quote("Prénom usuel"), quote("a: 'b'"), quote('say "x"'), quote("no"))
        Prénom usuel "a: 'b'" "say \\"x\\"" "no"
    """
    if _PLAIN.fullmatch(name) and name.casefold() not in _RESERVED:
        return name
    return '"' + "".join(map(_escape, name)) + '"'


def _escape(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"
    )


def _format(form: FormatName, options: CsvOptions, written: Mapping[str, str]) -> str:
    """The value of the key `format`."""
    if form == "xml" or (form == "spreadsheet" and written):
        options_ = ", ".join(f"{key}: {value}" for key, value in written.items())
        return f"{{{form}: {{{options_}}}}}"
    if form != "csv":
        return form
    keys = {"separator": quote(options.separator), "encoding": options.encoding}
    if options.decimal != ".":
        keys["decimal"] = '","'
    if options.thousands:
        keys["thousands"] = f'"{options.thousands}"'
    if options.currency:
        keys["currency"] = f'"{options.currency}"'
    for key, values in (("nulls", options.nulls), ("dates", options.dates)):
        texts = ['"' + "".join(map(_escape, value)) + '"' for value in values]
        if texts:
            keys[key] = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    if options.century_from:
        keys["century_from"] = str(options.century_from)
    inside = ", ".join(f"{key}: {value}" for key, value in {**keys, **written}.items())
    return f"{{csv: {{{inside}}}}}"


def _name_problem(name: str) -> str:
    """Why a schema cannot have a field of this name, or ""."""
    if not name.strip():
        return _("has no name")
    if len(name) > MAX_NAME or any(0xD800 <= ord(character) < 0xE000 for character in name):
        return _("has a name that no document can hold")
    return ""


class _SchemaWriter:
    """Writes the lines of fields, and counts the names that it does not show."""

    def __init__(self, form: FormatName, options: CsvOptions, rows: int, all_names: bool) -> None:
        self.withheld = 0
        self._form = form
        self._options = options
        self._rows = rows
        self._all_names = all_names

    def fields(self, nodes: list[DraftField], indent: str, *, top: bool = False) -> Iterator[str]:
        """The lines of sibling fields."""
        counts = Counter(node.name for node in nodes)
        source = "xpath" if self._form == "xml" else "column"
        names = _field_names([node.name for node in nodes], self._form)
        for place, node in enumerate(nodes, 1):
            shown = shown_name(node.name)
            kind = _("column") if self._form == "csv" else _("field")
            field = f"{indent}# {kind} {place}, {shown}, "
            why = _name_problem(node.name) or node.left_out
            if not why and counts[node.name] > 1:
                why = _("has the name of another: give each its own, a reader refuses such a file")
            hidden = not may_be_shown(node.name) or node.records < RECORDS_TO_SHOW
            if hidden and not self._all_names:
                self.withheld += 1
                field = f"{indent}# {kind} {place}, {WITHHELD}, "
                why = why or _("has a name that may be a value")
            if why:
                yield field + _("{why}: not in this schema, so it never passes", why=why)
                if node.statistics is not None and not node.left_out:
                    yield from self._leaf(node, node.statistics, f"{indent}#   ", "", top)
                continue
            name = names[place - 1]
            column = f"{source}: {quote(node.name)}" if name != node.name else ""
            lines = list(self._field(node, indent, f"{quote(name)}: ", top, column))
            comments = [line for line in lines if line.lstrip().startswith("#")]
            if any(CHOOSE in line for line in lines if line not in comments):
                yield from lines
            else:
                yield field + _("has no field that can be named and shown: not in this schema")
                yield from comments

    def _field(
        self, node: DraftField, indent: str, key: str, top: bool, column: str = ""
    ) -> Iterator[str]:
        if node.statistics is not None:
            yield from self._leaf(node, node.statistics, indent, key, top, column)
            return
        yield f"{indent}{key.rstrip()}"
        if column:
            yield f"{indent}  {column}"
        yield f"{indent}  type: {node.type}"
        if node.type == "list":
            yield from self._field(node.inner[0], f"{indent}  ", "of: ", False)
            return
        inner = list(self.fields(node.inner, f"{indent}    "))
        yield f"{indent}  fields:"
        yield from inner

    def _leaf(
        self,
        node: DraftField,
        statistics: LeafStatistics,
        indent: str,
        key: str,
        top: bool,
        column: str = "",
    ) -> Iterator[str]:
        guess = guess_leaf(statistics, node.type, self._form, self._options)
        why = list(guess.why)
        if sensitive := special_category(node.name, free_text=guess.free_text):
            why.append(
                _(
                    "perhaps `sensitive: {value}`, else `sensitive: {without}`",
                    value=sensitive,
                    without="{none: …}",
                )
            )
        if hints := hint_categories(node.name):
            why.append(_("perhaps {categories}", categories=", ".join(hints)))
        comment = indent if indent.endswith("#   ") else f"{indent}# "
        for line in wrap(_("; ").join(why), WIDTH - len(comment), break_on_hyphens=False):
            yield comment + line
        full = statistics.rows == statistics.values and self._rows >= MANY_ROWS
        keys = _keys(guess, column, required=top and (node.required or full))
        yield f"{indent}{key}{{{keys}}}"


def _field_names(names: list[str], form: FormatName = "csv") -> list[str]:
    """The names of fields for columns or paths of these names: without dots and with plain blanks.

    Example:
        >>> _field_names(["adresse.codePostal", " ville", "ville", "nom"])
        ['adresse_codePostal', 'ville_2', 'ville', 'nom']
    """
    taken = set(names)
    fields = []
    for name in names:
        last = field_name(name) if form == "xml" else name
        plain = " ".join(unicodedata.normalize("NFC", last).replace(".", "_").split())
        field, number = plain, 1
        while field != name and field in taken:
            number += 1
            field = f"{plain}_{number}"
        taken.add(field)
        fields.append(field)
    return fields


def _keys(guess: Guess, column: str, *, required: bool) -> str:
    """The keys of a leaf."""
    type_ = f'"{guess.type}"' if set(guess.type) & set("[,") else guess.type
    keys = [f"type: {type_}", *([column] if column else [])]
    if guess.identifier:
        several = ", ".join(guess.identifier)
        keys.append(f"identifier: {several if len(guess.identifier) == 1 else f'[{several}]'}")
    if guess.nir_part:
        keys.append(f"nir_part: {guess.nir_part}")
    if guess.free_text:
        keys.append("free_text: true")
    if required:
        keys.append("nullable: false")
    return ", ".join([*keys, CHOOSE])
