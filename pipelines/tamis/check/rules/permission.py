"""Rules 1 to 3: the item and the purpose, the processing's entry, the direction and the partner."""

from tamis.check.case import Case
from tamis.check.catalogue import Rule
from tamis.check.violation import Violations
from tamis.documents.calendar import describe_days_in_force, describe_interval
from tamis.documents.law import ITEMS_ARTICLE, PURPOSES_ARTICLE
from tamis.documents.positions import suggest
from tamis.language import _

_RECIPIENTS = ("R6323-35", "R6323-36")


def judge_validity(case: Case) -> Violations:
    """A release must end after it begins."""
    release = case.release
    if release.until is not None and release.until <= release.from_:
        text = _("release `{release}` must not end before it begins")
        example = {"until": str(release.until), "from": str(release.from_)}
        yield case.violation(Rule.PERMISSION, "window", (*case.place, "until"), text, example)


def judge_item(case: Case) -> Violations:
    """The item must be in force on the day.

    Legal source: R. 6323-37.
    """
    if case.item is not None:
        return
    item, law = case.release.item, case.context.law
    place = (*case.place, "item")
    if item.startswith(_RECIPIENTS):
        text = _(
            "`{item}` names a recipient: sending data to recipients (R. 6323-35, R. 6323-36) is "
            "no mise en relation and is not modelled; no item of R. 6323-37 stands in for it"
        )
        yield case.violation(Rule.PERMISSION, "recipient", place, text)
    elif days := describe_days_in_force(law, ITEMS_ARTICLE, item):
        text = _("item {item} is in force {in_force}, the release {validity}")
        example = {"in_force": days}
        shown = {"validity": describe_interval(case.release)}
        yield case.violation(Rule.PERMISSION, "item-window", case.edge, text, example, shown=shown)
    else:
        text = _("no version of R. 6323-37 has an item `{item}`{hint}")
        shown = {"hint": suggest(item, law.item_ids)}
        yield case.violation(Rule.PERMISSION, "unknown-item", place, text, shown=shown)


def judge_purpose(case: Case) -> Violations:
    """The purpose must be in force on the day, and linked to the item.

    Legal source: R. 6323-33, R. 6323-37.
    """
    purpose, law = case.release.purpose, case.context.law
    place = (*case.place, "purpose")
    if purpose not in case.law.purposes:
        if days := describe_days_in_force(law, PURPOSES_ARTICLE, purpose):
            text = _("purpose {purpose} is in force {in_force}, the release {validity}")
            example = {"purpose": purpose, "in_force": days}
            shown = {"validity": describe_interval(case.release)}
            yield case.violation(
                Rule.PERMISSION, "purpose-window", case.edge, text, example, shown=shown
            )
        else:
            text = _("no version of R. 6323-33 has a purpose `{purpose}`{hint}")
            shown = {"hint": suggest(purpose, law.purpose_ids)}
            yield case.violation(
                Rule.PERMISSION, "unknown-purpose", place, text, {"purpose": purpose}, shown=shown
            )
    elif case.item is not None and purpose not in case.item.purposes:
        if case.item.purposes_link == "inferred":
            text = _("item {item} goes with {linked} (selon notre lecture), not with {purpose}")
        else:
            text = _("item {item} goes with {linked}, not with {purpose}")
        linked = ", ".join(case.item.purposes) or _("no purpose")
        example = {"purpose": purpose, "linked": linked}
        yield case.violation(Rule.PERMISSION, "purpose-link", place, text, example)


def judge_entry(case: Case) -> Violations:
    """The processing must have an entry of the register for the item on the day.

    Legal source: R. 6323-37, which leaves the lists of processings to an arrêté.
    """
    context, item = case.context, case.release.item
    slug, processing = context.policy.processing, context.processing
    if processing is None:
        text = _(
            "no processing `{processing}` in {register}; what the register does not list is "
            "refused{hint}"
        )
        shown = {
            "register": context.register_source.file,
            "hint": suggest(slug, context.register.processings),
        }
        place = ("processing",)
        example = {"processing": slug}
        yield case.violation(Rule.REGISTER, "unknown-processing", place, text, example, shown=shown)
        return
    if item not in context.law.item_ids or processing.entries_on(item, case.law.day):
        return
    entries = [entry for entry in processing.entries if entry.item == item]
    if entries:
        text = _(
            "processing `{processing}` is registered for {item} {registered}, "
            "the release {validity}"
        )
        example = {"processing": slug, "registered": ", ".join(map(describe_interval, entries))}
        shown = {"validity": describe_interval(case.release)}
        yield case.violation(Rule.REGISTER, "entry-window", case.edge, text, example, shown=shown)
    else:
        items = dict.fromkeys(entry.item for entry in processing.entries)
        text = _("processing `{processing}` is not registered for {item}, but for {registered}")
        example = {"processing": slug, "registered": ", ".join(items) or _("no item")}
        yield case.violation(Rule.REGISTER, "no-entry", (*case.place, "item"), text, example)


def judge_partner(case: Case) -> Violations:
    """`fed-by` goes into the store; a partner without the NIR gives no ground for I or II.

    Legal source: R. 6323-37 I (feeds), II and III (exchanges), I and II (processings with the NIR).
    """
    policy, item, processing = case.context.policy, case.item, case.context.processing
    if item is None:
        return
    if item.relation == "fed-by" and policy.direction == "out-of-store":
        text = _("item {item} feeds the store: it gives no ground to send data out of it")
        example = {"relation": item.relation, "direction": policy.direction}
        yield case.violation(Rule.PARTNER, "fed-by-out", ("direction",), text, example)
    if item.nir == "carried" and processing is not None and processing.carries_nir is False:
        place = ("processing",)
        text = _(
            "processing `{processing}` carries no NIR: paragraph {paragraph} is for "
            "processings that carry it"
        )
        example = {"processing": policy.processing, "carries_nir": "false"}
        shown = {"paragraph": case.paragraph}
        yield case.violation(Rule.PARTNER, "partner-without-nir", place, text, example, shown=shown)
