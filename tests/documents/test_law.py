import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from tamis.documents.calendar import law_on
from tamis.documents.law import Article, article_of
from tamis.documents.project import ARTICLES
from tamis.plan.project import bundled_project


def article(*windows: tuple[str, str | None]) -> dict[str, Any]:
    day = datetime.date.fromisoformat
    return {
        "article": "R6323-37",
        "versions": [
            {"id": f"v{i}", "from": day(begin), "until": day(end) if end else None}
            for i, (begin, end) in enumerate(windows)
        ],
    }


def test_a_version_ends_the_day_before_the_next_begins() -> None:
    law = Article.model_validate(article(("2020-01-01", "2021-01-01"), ("2021-01-01", None)))
    versions = [
        law.version_on(datetime.date.fromisoformat(day))
        for day in ("2019-12-31", "2020-12-31", "2021-01-01")
    ]
    assert [version and version.id for version in versions] == [None, "v0", "v1"]


def test_versions_do_not_overlap() -> None:
    with pytest.raises(ValidationError, match="version v1 must not begin before v0 ends"):
        Article.model_validate(article(("2020-01-01", None), ("2021-01-01", None)))


def test_the_cpf_law_knows_all_items_and_purposes_since_2025() -> None:
    law = law_on(bundled_project().law, datetime.date(2025, 1, 1))
    others = ["R6113-17-1", *(f"R6323-{number}" for number in (35, 36, 38, 39, 40, 41))]
    assert sorted(law.versions) == sorted([*ARTICLES, *others])
    items = [key.removeprefix("R6323-37.") for key in law.items if article_of(key) == "R6323-37"]
    assert sorted(items) == sorted(
        ["I.1", "I.2", "I.3", "I.4", "I.5", "II"] + [f"III.{i}" for i in range(1, 7)]
    )
    assert len(law.purposes) == 16
    assert {item.nir for key, item in law.items.items() if ".III." in key} == {"absent"}
    assert {item.relation for key, item in law.items.items() if ".I." in key} == {"fed-by"}


def test_iii_5_and_iii_6_begin_on_new_years_day_2025() -> None:
    law = bundled_project().law
    before = law_on(law, datetime.date(2024, 12, 31)).items
    after = law_on(law, datetime.date(2025, 1, 1)).items
    new = {item for item in set(after) - set(before) if article_of(item) == "R6323-37"}
    assert new == {"R6323-37.III.5", "R6323-37.III.6"}


def test_every_version_says_where_and_when_it_was_read_and_has_whole_words() -> None:
    for name, _i, version in bundled_project().law.versions():
        assert version.source, name
        assert version.read_on == datetime.date(2026, 11, 29), name
        assert not version.cut, name
        texts = [item.subject for item in version.items.values()]
        texts += [purpose.subject for purpose in version.purposes.values()]
        texts += [category.wording for category in version.categories.values()]
        assert all(texts), name
        assert "[...]" not in " ".join(texts), name


def test_recipients_are_flows_of_their_own_and_get_no_nir() -> None:
    items = law_on(bundled_project().law, datetime.date(2025, 1, 1)).items
    recipients = {key for key, item in items.items() if item.relation == "recipient"}
    assert recipients == {f"R6323-35.III.{i}" for i in range(1, 5)} | {
        f"R6323-36.{i}" for i in range(1, 7)
    }
    assert {(items[key].nir, items[key].nir_link) for key in recipients} == {("absent", "inferred")}


def test_nine_rules_say_how_long_data_is_kept() -> None:
    version = bundled_project().law["R6323-39"].version_on(datetime.date(2026, 1, 1))
    assert version is not None
    assert len(version.retention) == 9
    assert [name for name, rule in version.retention.items() if rule.period is None] == [
        "payment-documents"
    ]
