"""A sample as the text of a schema: what was guessed, and why, in comments without values.

# 2,000 values, none empty
# NIR: 2,000 as 15 (2000 of 2000 keys right)
nir: {type: string, identifier: nir, nullable: false, category: []}  # tit-identite-activite?
"""

import re
from collections import Counter
from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from tamis.documents.schema import CsvOptions, FormatName
from tamis.draft.fields import DraftField, FeedSample
from tamis.draft.guess import MANY_ROWS, Guess, guess_leaf, guess_wire
from tamis.draft.names import hint_categories, hint_sensitive
from tamis.formats.names import shown_name

MAX_NAME: Final = 256
WIDTH: Final = 100
CHOOSE: Final = "category: []"
_PLAIN = re.compile(r"[^\W\d][\w-]*(?: [\w-]+)*")
_RESERVED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}

_HEADER = """\
# Drafted from {rows}: guesses with their evidence, for a human to correct.
# `category: []` is left to be chosen: one or several slugs of R. 6323-34 or R. 6323-34-1,
# `outside`, or `not-personal`. A field without category is never released.
# After "perhaps" stands what the field's name hints at, no more.
"""


def write_schema(
    sample: FeedSample, name: str, form: FormatName, options: CsvOptions, *, all_names: bool = False
) -> str | None:
    """The text of a schema that loads.

    Args:
        sample: fields with their evidence.
        name: of the schema.
        form: of the source.
        options: of a CSV; decimal mark and dates are guessed here.
        all_names: whether names that may be values are shown.

    Returns:
        YAML; None if the sample has no field that a schema can name.
    """
    if form == "csv":
        columns = [
            leaf.evidence for node in sample.fields for leaf in node.leaves() if leaf.evidence
        ]
        decimal, dates = guess_wire(columns)
        options = options.model_copy(update={"decimal": decimal, "dates": dates})
    writer = _SchemaWriter(form, options, sample.rows, all_names)
    fields = list(writer.fields(sample.fields, "  ", top=True))
    if not any(line.strip() and not line.lstrip().startswith("#") for line in fields):
        return None
    many = f"{'all' if sample.whole else 'the first'} {sample.rows:,} rows"
    head = _HEADER.format(rows=f"{many} of a file")
    notes = list(sample.notes)
    if sample.unreadable:
        notes.append(f"{sample.unreadable:,} rows are not readable: a run quarantines them")
    if writer.withheld:
        notes.append(
            f"{writer.withheld} names are not shown, they may be values: is there a header? If so, "
            "--all-names shows them"
        )
    comments = "".join(f"# Note: {note}.\n" for note in notes)
    said = _say_format(form, options)
    return f"{head}{comments}schema: {name}\nformat: {said}\nfields:\n" + "\n".join(fields) + "\n"


def quote(name: str) -> str:
    """A name as a YAML key.

    Example:
        >>> print(quote("Prénom usuel"), quote("a: 'b'"), quote('say "x"'), quote("no"))
        Prénom usuel "a: 'b'" "say \\"x\\"" "no"
    """
    if _PLAIN.fullmatch(name) and name.casefold() not in _RESERVED:
        return name
    return '"' + "".join(map(_escape, name)) + '"'


def _escape(sign: str) -> str:
    if sign in '"\\':
        return "\\" + sign
    if sign.isprintable():
        return sign
    code = ord(sign)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"
    )


def _say_format(form: FormatName, options: CsvOptions) -> str:
    if form != "csv":
        return form
    said = {"separator": quote(options.separator), "encoding": options.encoding}
    if options.decimal != ".":
        said["decimal"] = '","'
    if options.dates:
        said["dates"] = f'"{options.dates}"'
    inside = ", ".join(f"{key}: {value}" for key, value in said.items())
    return f"{{csv: {{{inside}}}}}"


def _why_unnameable(name: str) -> str:
    if not name.strip():
        return "has no name"
    if "." in name:
        return "has a dot in its name, where a schema's path would be cut"
    if name != name.strip():
        return "has a blank at an end of its name"
    if len(name) > MAX_NAME or any(0xD800 <= ord(sign) < 0xE000 for sign in name):
        return "has a name that no document can hold"
    return ""


class _SchemaWriter:
    """Lines of fields; counts the names that it does not show."""

    def __init__(self, form: FormatName, options: CsvOptions, rows: int, all_names: bool) -> None:
        self.withheld = 0
        self._form = form
        self._options = options
        self._rows = rows
        self._all_names = all_names

    def fields(self, nodes: list[DraftField], indent: str, *, top: bool = False) -> Iterator[str]:
        """The lines of sibling fields."""
        twice = {name for name, count in Counter(node.name for node in nodes).items() if count > 1}
        for place, node in enumerate(nodes, 1):
            shown = shown_name(node.name)
            what = f"{indent}# {'column' if self._form == 'csv' else 'field'} {place}, {shown}, "
            why = _why_unnameable(node.name) or node.left_out
            if not why and node.name in twice:
                why = "has the name of another: give each its own, a reader refuses such a file"
            if not why and shown != node.name and not self._all_names:
                self.withheld += 1
                why = "has a name that may be a value"
            if why:
                yield f"{what}{why}: not in this schema, so it never passes"
                if node.evidence is not None and not node.left_out:
                    yield from self._leaf(node, f"{indent}#   ", "", top)
                continue
            lines = list(self._field(node, indent, f"{quote(node.name)}: ", top))
            comments = [line for line in lines if line.lstrip().startswith("#")]
            if any(CHOOSE in line for line in lines if line not in comments):
                yield from lines
            else:
                yield f"{what}has no field that can be named and shown: not in this schema"
                yield from comments

    def _field(self, node: DraftField, indent: str, key: str, top: bool) -> Iterator[str]:
        if node.evidence is not None:
            yield from self._leaf(node, indent, key, top)
            return
        yield f"{indent}{key.rstrip()}"
        yield f"{indent}  type: {node.type}"
        if node.type == "list":
            yield from self._field(node.inner[0], f"{indent}  ", "of: ", False)
            return
        inner = list(self.fields(node.inner, f"{indent}    "))
        yield f"{indent}  fields:"
        yield from inner

    def _leaf(self, node: DraftField, indent: str, key: str, top: bool) -> Iterator[str]:
        evidence = node.evidence
        assert evidence is not None
        guess = guess_leaf(evidence, node.type, self._form, self._options)
        why = list(guess.why)
        if sensitive := hint_sensitive(node.name):
            why.append(f"perhaps `sensitive: {sensitive}`")
        if hints := hint_categories(node.name):
            why.append(f"perhaps {', '.join(hints)}")
        comment = indent if indent.endswith("#   ") else f"{indent}# "
        for line in wrap("; ".join(why), WIDTH - len(comment), break_on_hyphens=False):
            yield comment + line
        full = evidence.rows == evidence.values and self._rows >= MANY_ROWS
        yield f"{indent}{key}{{{_say(guess, required=top and (node.required or full))}}}"


def _say(guess: Guess, *, required: bool) -> str:
    type_ = f'"{guess.type}"' if set(guess.type) & set("[,") else guess.type
    said = [f"type: {type_}"]
    if guess.identifier:
        several = ", ".join(guess.identifier)
        said.append(f"identifier: {several if len(guess.identifier) == 1 else f'[{several}]'}")
    if guess.nir_part:
        said.append(f"nir_part: {guess.nir_part}")
    if guess.free_text:
        said.append("free_text: true")
    if required:
        said.append("nullable: false")
    return ", ".join([*said, CHOOSE])
