"""A plan that releases every field as it is."""

import datetime

from tamis.documents.feed_format import Format
from tamis.plan.plan import Plan, PlanField, PlanLeaf, PlanRelease


def keep_all(*fields: PlanField, form: Format | None = None) -> Plan:
    """One release, `r`, that keeps all leaves of `fields`, under an item that lets a NIR pass."""
    leaves = [path for field in fields for path, _ in field.leaves()]
    release = PlanRelease(
        id="r",
        item="R6323-37.I.1",
        purpose="R6323-33.1",
        nir="carried",
        attested="example",
        on_nir="strip",
        where=(),
        only=(),
        leaves=tuple(PlanLeaf(path, "kept", ("pour voir",)) for path in leaves),
    )
    return Plan(
        policy="essai",
        schema="essai",
        format=form or Format(name="parquet"),
        processing="traitement",
        carries_nir=True,
        direction="into-store",
        law={"R6323-37": "LEGIARTI000000000000"},
        fields=fields,
        releases=(release,),
        known=tuple(field.name for field in fields),
        day=datetime.date(2026, 11, 23),
    )
