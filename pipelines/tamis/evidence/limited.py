"""The list of limited persons that a run asked, as its receipt names it."""

from tamis.evidence.part import Part


class LimitedPart(Part):
    """The list by which records of limited persons were withheld (RGPD art. 18).

    Attributes:
        sha256: of the list's file, which holds keyed pseudonyms and a MAC.
        epoch: of the keyring, under which they are made.
        key_id: of that epoch's root.
    """

    sha256: str
    epoch: int
    key_id: str
