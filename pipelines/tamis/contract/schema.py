"""The released schema with its comments: what each column holds, under which item, because of what.

The same words stand in the metadata of Arrow's fields, in JSON Schema, in Avro and in the comments
of tables. They are English whatever the language of messages, for they leave with the data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import pyarrow as pa

from tamis.arrow.types import decoded_type
from tamis.documents.tags import TAGS
from tamis.plan.plan import Plan, PlanLeaf, PlanRelease
from tamis.plan.schemas import released_schema

TAG_COMMENTS: Final = {
    "legal_item": "item of art. R. 6323-37 that permits the release",
    "legal_purpose": "finalité of art. R. 6323-33",
    "legal_version": "version of art. R. 6323-37 in force",
    "legal_processing": "processing on the other side",
    "legal_attested": "what the register's entry stands on",
    "legal_policy": "policy, and the digest of its plan",
    "legal_run": "the run, which has its receipt in the store",
    "legal_law": "whether the law files are those that come with Tamis (bundled) or others (own)",
    "legal_status": "whether a lawyer confirmed what the release rests on",
    "legal_retention": "rule of art. R. 6323-39 by which the record is kept",
}
"""What the tag columns say."""


FieldRow: TypeAlias = tuple[str, str, bool, str]


@dataclass(frozen=True)
class Contract:
    """The released schema of one release.

    Attributes:
        policy, release: whose it is, by name and id.
        comment: of the whole.
        schema: the columns in their order, tags last; each field has a `comment` in its metadata,
            and a leaf its `fate` and `because`, a pseudonym what it is made of.

    Example:
        >>> from tamis.plan.project import load_project
        >>> plan = load_project("cpf").plan("cpir-partage", on="2026-01-01")
        >>> contract = contract_of(plan, plan.releases[0])
        >>> comment_of(contract.schema.field("legal_purpose"))
        'finalité of art. R. 6323-33'
    """

    policy: str
    release: str
    comment: str
    schema: pa.Schema

    @property
    def name(self) -> str:
        """Policy and release, as a folder of the store has them."""
        return f"{self.policy}/{self.release}"


def contract_of(plan: Plan, release: PlanRelease) -> Contract:
    """The released schema of a release of `plan`, with comments."""
    comments = column_comments(plan, release)
    leaves = {leaf.released_path: leaf for leaf in release.leaves}
    fields = []
    for field in released_schema(plan, release):
        annotated = _annotate(field, field.name, leaves)
        kept = annotated.metadata or {}
        fields.append(annotated.with_metadata({**kept, b"comment": comments[field.name]}))
    tags = {name: value for name, value in plan.headers(release, "").items() if value}
    comment = release_comment(plan, release)
    metadata = {"policy": plan.policy, "release": release.id, "comment": comment, **tags}
    return Contract(plan.policy, release.id, comment, pa.schema(fields, metadata))


def release_comment(plan: Plan, release: PlanRelease) -> str:
    """What a release is: policy, item, purpose and processing."""
    return (
        f"policy {plan.policy}, release {release.id}: {release.item} for {release.purpose}, "
        f"processing {plan.processing}"
    )


def column_comments(plan: Plan, release: PlanRelease) -> dict[str, str]:
    """By released column, its comment: the item, the purpose, and why each of its leaves is kept.

    Example:
        >>> from tamis.plan.project import load_project
        >>> plan = load_project("cpf").plan("cpir-partage", on="2026-01-01")
        >>> column_comments(plan, plan.releases[0])["dossier"][:33]
        'R6323-37.I.3, R6323-33.10 — kept:'
    """
    reasons: dict[str, list[str]] = {}
    for leaf in release.leaves:
        column, dot, _below = leaf.released_path.partition(".")
        which = f"{leaf.path} " if dot else ""
        reasons.setdefault(column, []).append(which + leaf_comment(leaf))
    ground = f"{release.item}, {release.purpose}"
    return {
        field.name: TAG_COMMENTS[field.name]
        if field.name in TAGS
        else f"{ground} — {' | '.join(reasons[field.name])}"
        for field in released_schema(plan, release)
    }


def leaf_comment(leaf: PlanLeaf) -> str:
    """What became of a kept leaf, and why it is kept.

    Example:
        >>> leaf_comment(PlanLeaf("nir", "pseudonymized", ("compter",), pseudonym="p",
        ...     method="hmac-sha256"))
        'pseudonymized (nir, hmac-sha256): compter'
    """
    made_of = f" ({', '.join(_made_of(leaf).values())})" if leaf.pseudonym else ""
    return f"{leaf.fate}{made_of}: {'; '.join(leaf.because)}"


def comment_of(field: pa.Field) -> str:
    """The comment that a field of a contract has; empty for none."""
    return str((field.metadata or {}).get(b"comment", b"").decode())


def fields_of(fields: pa.Schema | pa.StructType, above: str = "") -> Iterator[FieldRow]:
    """Columns and what is inside them, outermost first: path, type, whether null may be, comment.

    Example:
        >>> inside = pa.struct([pa.field("debut", pa.date32())])
        >>> for row in fields_of(pa.schema([pa.field("contrats", pa.list_(inside))])):
        ...     print(row)
        ('contrats', 'list of struct', True, '')
        ('contrats.debut', 'date32[day]', True, '')
    """
    for field in fields:
        path, kind, words = above + field.name, decoded_type(field.type), ""
        while pa.types.is_list(kind):
            kind, words = kind.value_type, f"{words}list of "
        is_struct = pa.types.is_struct(kind)
        words += "struct" if is_struct else str(kind)
        yield path, words, field.nullable, comment_of(field)
        if is_struct:
            yield from fields_of(kind, f"{path}.")


def _annotate(field: pa.Field, path: str, leaves: Mapping[str, PlanLeaf]) -> pa.Field:
    """`field` with the comments of what is inside it, or its own if it is a leaf."""
    kind = field.type
    if pa.types.is_list(kind):
        return field.with_type(pa.list_(_annotate(kind.value_field, path, leaves)))
    if pa.types.is_struct(kind):
        inside = [_annotate(child, f"{path}.{child.name}", leaves) for child in kind]
        return field.with_type(pa.struct(inside))
    leaf = leaves.get(path)
    if leaf is None:  # a tag
        return field
    metadata = {
        "comment": leaf_comment(leaf),
        "fate": leaf.fate,
        "because": "; ".join(leaf.because),
        **(_made_of(leaf) if leaf.pseudonym else {}),
    }
    return field.with_metadata(metadata)


def _made_of(leaf: PlanLeaf) -> dict[str, str]:
    """What number a pseudonym stands for, and how it is made."""
    number = "nir" if leaf.pseudonym_kind is None else leaf.pseudonym_kind
    made_of = {"pseudonym_of": number, "pseudonym_method": str(leaf.method)}
    return {name: value for name, value in made_of.items() if value}
