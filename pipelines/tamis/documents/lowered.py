"""The marks that say less of a field than its name does, each with the reason that it was given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from tamis.documents.names import words_of
from tamis.documents.positions import DocumentPath
from tamis.documents.schema import FieldSpec, Schema


@dataclass(frozen=True)
class LoweredMark:
    """A mark below what the name of a field, or the default, says.

    Attributes:
        path: of the field, a list or a struct among them.
        place: of the reason in the schema.
        key: `identifies` or `sensitive`.
        mark: `quasi` or `none`.
        because: the reason.
    """

    path: str
    place: DocumentPath
    key: Literal["identifies", "sensitive"]
    mark: Literal["quasi", "none"]
    because: str

    @property
    def repeats(self) -> bool:
        """Whether the reason says no more than the field's name and the mark.

        Example:
            >>> mark = LoweredMark("numero_lot", (), "identifies", "none", "ce numéro de lot")
            >>> mark.repeats
            True
            >>> LoweredMark("siret", (), "identifies", "none", "désigne un organisme").repeats
            False
        """
        known = {word[:6] for name in self.path.split(".") for word in words_of(name)}
        words = {word[:6] for word in words_of(self.because) if len(word) > 2}
        return words <= known | _EMPTY


_EMPTY = frozenset(
    word[:6]
    for word in words_of("""
    quasi none direct identifie identifiant identifier identify mark marque champ field donnee data
    valeur value colonne column sensible sensitive personnel personnelle personne personal person
    rien nothing aucun aucune pas not une des les est sont cette ces que qui par pour dans avec sans
    sur the this that for and with utile useful besoin needed necessaire normal simple simplement
    juste ici bien connu ainsi donc car non oui dit tell sante health ceci cela ete etre fait raison
    reason numero number num reference code identite cet bon bonne savoir voir plus meme lui elle
    """)
)
"""Words that give no reason for a mark."""


def fields_of(
    fields: Mapping[str, FieldSpec], place: DocumentPath = ("fields",), above: str = ""
) -> Iterator[tuple[str, DocumentPath, FieldSpec]]:
    """Yield every field at every depth, with its path and its place in the document."""
    for name, field in fields.items():
        path, inner, spec = f"{above}{name}", (*place, name), field
        yield path, inner, spec
        while spec.of is not None:
            spec, inner = spec.of, (*inner, "of")
            yield path, inner, spec
        if spec.fields is not None:
            yield from fields_of(spec.fields, (*inner, "fields"), f"{path}.")


def lowered_marks(schema: Schema) -> Iterator[LoweredMark]:
    """Yield the lowered marks of a schema, in its order."""
    for path, place, spec in fields_of(schema.fields):
        if spec.identifies is not None:
            lower = spec.identifies
            at = (*place, "identifies", "because")
            yield LoweredMark(path, at, "identifies", lower.mark, lower.because)
        if spec.sensitive is not None and spec.sensitive.none is not None:
            at = (*place, "sensitive", "none")
            yield LoweredMark(path, at, "sensitive", "none", spec.sensitive.none)
