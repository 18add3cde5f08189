"""Rules 1 to 3: the item and the purpose, the processing's entry, the direction and the partner."""

from tamis.check.case import Case, Found
from tamis.documents.calendar import item_windows, purpose_windows, say_window
from tamis.documents.law import ITEMS_ARTICLE, PURPOSES_ARTICLE
from tamis.documents.positions import suggest

_RECIPIENTS = ("R6323-35", "R6323-36")


def judge_window(case: Case) -> Found:
    """1: a release ends after it begins."""
    release = case.release
    if release.until is not None and release.until <= release.from_:
        yield case.violation(
            1,
            "window",
            (*case.place, "until"),
            f"release `{release.id}` is over before it begins",
            until=str(release.until),
            **{"from": str(release.from_)},
        )


def judge_item(case: Case) -> Found:
    """1: the item is in force on the day."""
    item = case.release.item
    if case.item is not None:
        return
    place = (*case.place, "item")
    if item.startswith(_RECIPIENTS):
        text = (
            f"`{item}` names a recipient: sending data to recipients (R. 6323-35, R. 6323-36) is "
            "no mise en relation and is not modelled; no item of R. 6323-37 stands in for it"
        )
        yield case.violation(1, "recipient", place, text)
        return
    windows = item_windows(case.subject.law, item)
    if windows:
        text = f"item {item} is in force {windows}, the release {say_window(case.release)}"
        yield case.violation(1, "item-window", case.edge, text, in_force=windows)
        return
    known = [
        f"{ITEMS_ARTICLE}.{key}"
        for version in case.subject.law[ITEMS_ARTICLE].versions
        for key in version.items
    ]
    text = f"no version of R. 6323-37 knows an item `{item}`{_suggest(item, known, ITEMS_ARTICLE)}"
    yield case.violation(1, "unknown-item", place, text)


def judge_purpose(case: Case) -> Found:
    """1: the purpose is in force on the day, and linked to the item."""
    purpose = case.release.purpose
    place = (*case.place, "purpose")
    if purpose not in case.law.purposes:
        windows = purpose_windows(case.subject.law, purpose)
        if windows:
            text = f"purpose {purpose} is in force {windows}, the release "
            text += say_window(case.release)
            yield case.violation(
                1, "purpose-window", case.edge, text, purpose=purpose, in_force=windows
            )
            return
        known = [
            f"{PURPOSES_ARTICLE}.{key}"
            for version in case.subject.law[PURPOSES_ARTICLE].versions
            for key in version.purposes
        ]
        hint = _suggest(purpose, known, PURPOSES_ARTICLE)
        text = f"no version of R. 6323-33 knows a purpose `{purpose}`{hint}"
        yield case.violation(1, "unknown-purpose", place, text, purpose=purpose)
        return
    if case.item is not None and purpose not in case.item.purposes:
        linked = ", ".join(case.item.purposes) or "no purpose"
        reading = " (selon notre lecture)" if case.item.purposes_link == "inferred" else ""
        text = f"item {case.release.item} goes with {linked}{reading}, not with {purpose}"
        yield case.violation(1, "purpose-link", place, text, purpose=purpose, linked=linked)


def judge_entry(case: Case) -> Found:
    """2: the processing has an entry for the item on the day."""
    subject, item = case.subject, case.release.item
    slug, processing = subject.policy.processing, subject.processing
    register = subject.register_source.file
    if processing is None:
        text = f"no processing `{slug}` in {register}, which is closed"
        text += suggest(slug, subject.register.processings)
        yield case.violation(2, "unknown-processing", ("processing",), text, processing=slug)
    elif item_windows(subject.law, item) and processing.entry_on(item, case.law.day) is None:
        entries = [entry for entry in processing.entries if entry.item == item]
        if entries:
            windows = ", ".join(say_window(entry) for entry in entries)
            text = f"processing `{slug}` is registered for {item} {windows}, "
            text += f"the release {say_window(case.release)}"
            yield case.violation(
                2, "entry-window", case.edge, text, processing=slug, registered=windows
            )
            return
        listed = ", ".join(dict.fromkeys(entry.item for entry in processing.entries))
        text = f"processing `{slug}` is not registered for {item}, but for {listed or 'no item'}"
        yield case.violation(
            2,
            "no-entry",
            (*case.place, "item"),
            text,
            processing=slug,
            registered=listed or "no item",
        )


def judge_partner(case: Case) -> Found:
    """3: `fed-by` goes into the store; a partner without the NIR gives no ground for I or II."""
    policy, item, processing = case.subject.policy, case.item, case.subject.processing
    if item is None:
        return
    if item.relation == "fed-by" and policy.direction == "out-of-store":
        yield case.violation(
            3,
            "fed-by-out",
            ("direction",),
            f"item {case.release.item} feeds the store: it gives no ground to send data out of it",
            relation=item.relation,
            direction=policy.direction,
        )
    if item.nir == "carried" and processing is not None and processing.carries_nir is False:
        yield case.violation(
            3,
            "partner-without-nir",
            ("processing",),
            f"processing `{policy.processing}` carries no NIR: paragraph {case.paragraph} is for "
            "processings that carry it",
            processing=policy.processing,
            carries_nir="false",
        )


def _suggest(word: str, known: list[str], article: str) -> str:
    full = f"{article}.{word}"
    return f", did you mean `{full}`?" if full in known else suggest(word, known)
