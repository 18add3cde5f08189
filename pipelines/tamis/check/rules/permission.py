"""Rules 1 to 3: the item and the purpose, the processing's entry, the direction and the partner."""

from tamis.check.case import Case
from tamis.check.catalogue import Rule
from tamis.check.violation import Violations
from tamis.documents.calendar import describe_days_in_force, describe_interval
from tamis.documents.law import PURPOSES_ARTICLE, article_of
from tamis.documents.positions import suggest
from tamis.language import _


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
    if days := describe_days_in_force(law, article_of(item), item):
        text = _("item {item} is in force {in_force}, the release {validity}")
        example = {"in_force": days}
        shown = {"validity": describe_interval(case.release)}
        yield case.violation(Rule.PERMISSION, "item-window", case.edge, text, example, shown=shown)
    else:
        text = _("no version of an article has an item `{item}`{hint}")
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
    entries = [entry for entry in processing.entries if entry.permission == item]
    if entries:
        text = _(
            "processing `{processing}` is registered for {item} {registered}, "
            "the release {validity}"
        )
        example = {"processing": slug, "registered": ", ".join(map(describe_interval, entries))}
        shown = {"validity": describe_interval(case.release)}
        yield case.violation(Rule.REGISTER, "entry-window", case.edge, text, example, shown=shown)
    else:
        items = dict.fromkeys(entry.permission for entry in processing.entries)
        text = _("processing `{processing}` is not registered for {item}, but for {registered}")
        example = {"processing": slug, "registered": ", ".join(items) or _("no item")}
        yield case.violation(Rule.REGISTER, "no-entry", (*case.place, "item"), text, example)


def judge_direction(case: Case) -> Violations:
    """Data must go the way that the item and the register's entry allow.

    Legal source: R. 6323-37 I (feeds), II and III (exchanges), R. 6323-35 and R. 6323-36
    (recipients and access).
    """
    policy, item, processing = case.context.policy, case.item, case.context.processing
    if item is None:
        return
    place = ("direction",)
    example: dict[str, str] = {"relation": item.relation, "direction": policy.direction}
    if item.relation == "fed-by" and policy.direction == "out-of-store":
        text = _("item {item} feeds the store: it gives no ground to send data out of it")
        yield case.violation(Rule.PARTNER, "fed-by-out", place, text, example)
    elif item.relation == "recipient" and policy.direction == "into-store":
        text = _("{item} is for recipients: it gives no ground to take data into the store")
        yield case.violation(Rule.PARTNER, "recipient-in", place, text, example)
    elif item.relation == "access":
        text = _("{item} is access to the store itself: no release stands on it")
        yield case.violation(Rule.PARTNER, "access-released", (*case.place, "item"), text, example)
    for entry in processing.entries_on(case.release.item, case.law.day)[:1] if processing else ():
        if entry.direction not in (None, "both", policy.direction):
            text = _(
                "the register's entry of `{processing}` for {item} is {registered}, the policy "
                "{own}"
            )
            example = {"processing": policy.processing, "direction": policy.direction}
            shown = {"registered": _(str(entry.direction)), "own": _(policy.direction)}
            yield case.violation(Rule.EVIDENCE, "wrong-way", place, text, example, shown=shown)


def judge_partner(case: Case) -> Violations:
    """A partner without the NIR gives no ground for I or II, one with the NIR none for III.

    Legal source: R. 6323-37 I and II (« comportant » the NIR), III (« ne comportant pas »).
    """
    policy, item, processing = case.context.policy, case.item, case.context.processing
    if item is None or processing is None or item.relation not in ("fed-by", "exchange"):
        return
    place = ("processing",)
    carries_nir = processing.carries_nir_on(case.law.day)
    shown = {"paragraph": case.paragraph}
    if item.nir == "absent" and carries_nir is True:
        text = _(
            "processing `{processing}` carries the NIR: paragraph {paragraph} is for processings "
            "that do not"
        )
        example = {"processing": policy.processing, "carries_nir": "true"}
        yield case.violation(Rule.EVIDENCE, "partner-with-nir", place, text, example, shown=shown)
    if item.nir == "carried" and carries_nir is False:
        text = _(
            "processing `{processing}` carries no NIR: paragraph {paragraph} is for "
            "processings that carry it"
        )
        example = {"processing": policy.processing, "carries_nir": "false"}
        yield case.violation(Rule.PARTNER, "partner-without-nir", place, text, example, shown=shown)
