"""What is read of one element: the values of a row of slots, and the names that no schema has."""

from typing import Any, Final

from tamis.documents.xpaths import is_path
from tamis.filter.drift import MOST_COUNTED, RECORDS_TO_SHOW, WITHHELD
from tamis.formats.names import may_be_shown
from tamis.formats.python_records import NoValue
from tamis.formats.xml.layout import NIL, PASSED_OVER, THERE, Step, joined
from tamis.language import N_

Row = list[Any]


TWICE: Final = NoValue(N_("stands twice"))
ELEMENTS: Final = NoValue(N_("holds elements in place of text"))

BLANKS: Final = " \t\n\r"
_INSTANCE: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_NIL: Final = f"{_INSTANCE}nil"
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"


class Unknown:
    """Paths of elements and attributes that the schema does not name, counted by record."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._new: dict[str, int] = {}
        self._here: set[str] = set()
        self._withheld = self._learned = 0

    def begin(self) -> None:
        """The next record."""
        if self._here:
            self._here.clear()

    def new(self) -> dict[str, int]:
        """Records by path since the last call; of each path the first ones."""
        new, self._new = self._new, {}
        return new

    def add(self, path: str, records: int) -> bool:
        """One more of elements at `path`; whether no more need to be counted."""
        if path in self._here or self._withheld > MOST_COUNTED:
            return False
        self._here.add(path)
        if path not in self._counts and (
            len(self._counts) >= MOST_COUNTED or not (is_path(path) and may_be_shown(path))
        ):
            self._withheld += 1
            self._new.setdefault(WITHHELD, RECORDS_TO_SHOW)
            return False
        if self._counts.setdefault(path, 0) < RECORDS_TO_SHOW:
            self._counts[path] += records
            self._new[path] = self._new.get(path, 0) + records
        return self._counts[path] >= RECORDS_TO_SHOW

    def meet(self, element: Any, around: Step, records: int) -> None:
        """Count `element`, which the step of the element around it does not name, or what is in it.

        Its step is noted there, so that no more than needs be is counted of others like it.
        """
        below = Step(joined(around.path, element.tag))
        known = self.add(below.path, records) if not len(element) else None
        if known is not False and self._learned < MOST_COUNTED:
            self._learned += 1
            around.inside[element.tag] = PASSED_OVER if known else below
        fill(element, below, [], self, records)


def fill(element: Any, step: Step, row: Row, unknown: Unknown, records: int = 1) -> None:
    """Read into `row` what `step` says of `element`.

    Args:
        element: of lxml.
        step: its own.
        row: the slots of its scope; added to.
        unknown: told of what the schema does not name.
        records: how many records an element counts for that stands there.
    """
    if step.text is not None:
        row[step.text] = _text(element) if row[step.text] is None else TWICE
    if attributes := element.items():
        for name, value in attributes:
            if name in step.attributes:
                row[step.attributes[name]] = value.strip(BLANKS) or None
        _meet_attributes(attributes, step, unknown, records)
    inside = step.inside
    for child in element:
        below = inside.get(child.tag)
        if below is None:
            unknown.meet(child, step, records)
            continue
        if below.skipped is not None:
            below.skipped += 1
            continue
        if below.leaf is not None:
            slot, seen = below.leaf
            attributes = child.items()
            if attributes:
                _meet_attributes(attributes, below, unknown, records)
            if row[seen] is None and not len(child):
                text = child.text
                if attributes and text and child.get(_NIL) in ("true", "1"):
                    text = None
                row[slot] = text.strip(BLANKS) or None if text else None
            else:
                row[slot] = ELEMENTS if row[seen] is None else TWICE
            row[seen] = THERE
        elif below.rows is not None:
            inner: Row = [None] * below.row_slots
            fill(child, below, inner, unknown, records)
            if row[below.rows] is None:
                row[below.rows] = []
            row[below.rows].append(inner)
        else:
            there = NIL if child.get(_NIL) in ("true", "1") else THERE
            if below.choice is not None and there == THERE:
                row[below.choice] = True
            if below.seen is not None:
                if row[below.seen]:
                    for place in below.leaves:
                        row[place] = TWICE
                    continue
                row[below.seen] = there
            fill(child, below, row, unknown, records)


def _meet_attributes(
    attributes: list[tuple[str, str]], step: Step, unknown: Unknown, records: int
) -> None:
    """Count those that the schema does not name."""
    for name, _value in attributes:
        if name in step.others:
            step.others[name] += name not in step.attributes
        elif name not in step.attributes and not name.startswith((_INSTANCE, _XML)):
            unknown.add(joined(step.path, f"@{name}"), records)


def _text(element: Any) -> Any:
    text = element.text
    if len(element):
        return ELEMENTS
    if text and element.get(_NIL) in ("true", "1"):
        return None
    return text.strip(BLANKS) or None if text else None
