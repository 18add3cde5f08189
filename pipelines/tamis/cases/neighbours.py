"""The values next to those that a condition accepts: what a slip of the pen would let pass.

A case with `AUTRE` shows that a condition is there. Only one with the code beside the accepted
ones shows that it accepts no more than it should.
"""

import re
from typing import Any

from tamis.documents.context import PlacedCondition, PolicyContext, conditions_of
from tamis.documents.policy import Release

_WORD = re.compile(r"\b[A-Z][A-Z_]*\b")


def neighbours(context: PolicyContext, release: Release, test: PlacedCondition) -> list[Any]:
    """Return the values that a condition does not accept and that are nearest to those it does.

    These are what other conditions of the policy accept of the same field; of codes in digits, the
    codes that its reason names, and each code one higher or lower than an accepted one; of words,
    those that `describes` of the field lists beside them; of `true` and `false`, the other one. A
    value with which no record is released at all is none of them for the `when` of a need.

    Example:
        >>> from tamis.documents.context import conditions_of, open_policy
        >>> from tamis.documents.project import bundled_documents
        >>> policy = open_policy(bundled_documents(), "dsn-droits")
        >>> (release,) = policy.policy.releases
        >>> tests = {test.field: test for test in conditions_of(release, ())}
        >>> neighbours(policy, release, tests["contrats.arrets.motif"])
        ['01', '04', '07', '08', '10']
    """
    accepted = [*test.condition.in_]
    near = [
        value
        for among in context.policy.releases
        for other in conditions_of(among, ())
        if other.field == test.field
        for value in other.condition.in_
    ]
    leaf = context.leaves.get(test.field)
    described = leaf.spec.describes if leaf else ""
    if all(isinstance(value, bool) for value in accepted):
        near += [True, False] if accepted else []
    elif all(isinstance(value, str) and value.isdecimal() for value in accepted):
        width = len(accepted[0])
        reason = f"{described} {test.condition.because}"
        codes = set(re.findall(rf"(?<![-.\w])\d{{{width}}}(?![-.\w])", reason))
        codes |= {f"{int(value) + step:0{width}}" for value in accepted for step in (-1, 1)}
        near += sorted(code for code in codes if len(code) == width and code.isdecimal())
    elif {*(words := _WORD.findall(described))} & {*accepted}:
        near += words
    for where in release.where if test.need is not None else ():
        if where.field == test.field and where.in_:
            near = [value for value in near if value in where.in_]
    return [value for value in dict.fromkeys(near) if value not in accepted]
