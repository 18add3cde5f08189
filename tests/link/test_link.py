"""What `tamis link` joins: every means on tables that have it, and nothing on those that do not."""

import io
import json
import shutil
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from tamis.cli.link import link_command
from tamis.documents.editors import as_text
from tamis.errors import InputError, UsageError
from tamis.link.attack import link
from tamis.link.read import from_arrow, read_table
from tamis.link.result import PUBLISHED, Linkage, json_schemas

PARTNERS = Path(__file__).parents[1] / "written_by_0_1" / "partners" / "store"
EVALUATION = PARTNERS / "essai-evaluation" / "evaluation"
ACCOMPAGNEMENT = PARTNERS / "essai-accompagnement" / "accompagnement"
SIZE = 2_000
COARSE = (
    ("pseudonyme", "sexe", "date_naissance", "heures"),
    ("pseudonyme", "date_naissance", "metier"),
)
SORTED_BY = (("date_naissance", "heures"), ("date_naissance", "metier"))
NOTHING_IN_COMMON = (("pseudonyme", "sexe", "heures"), ("pseudonyme", "situation", "metier"))


@pytest.fixture(scope="module")
def old() -> tuple[pa.Table, pa.Table]:
    """Two releases of the same 2,000 persons, as 0.1 wrote them: in the order of the source."""
    return tuple(
        pq.read_table(folder).drop_columns([n for n in names if n.startswith("legal_")])
        for folder in (EVALUATION, ACCOMPAGNEMENT)
        for names in [pq.read_schema(next(folder.glob("*.parquet"))).names]
    )


def sorted_rows(rows: pa.Table) -> pa.Table:
    """As releases under III are written now."""
    return rows.sort_by("pseudonyme")


def attack(a: pa.Table, b: pa.Table) -> Linkage:
    return link(from_arrow(a), from_arrow(b))


def basis(result: Linkage, means: str) -> str:
    return next((tried.basis for tried in result.means if tried.means == means), "")


def joined(result: Linkage, means: str) -> int:
    return max((part.joined.records for part in result.means if part.means == means), default=0)


class TestOrder:
    def test_all_of_two_releases_of_0_1_are_joined(self) -> None:
        result = link(read_table(str(EVALUATION)), read_table(str(ACCOMPAGNEMENT)))
        assert result.joined.records == joined(result, "order") == SIZE
        assert result.joined.low > 0.99 * SIZE

    def test_none_by_order_once_they_are_sorted(self, old: tuple[pa.Table, pa.Table]) -> None:
        result = attack(*map(sorted_rows, old))
        assert basis(result, "order") == "explained"
        few = [rows.select(names) for rows, names in zip(old, COARSE, strict=True)]
        assert attack(*map(sorted_rows, few)).joined.high == 0

    def test_nothing_in_common_leaves_the_row_number(self, old: tuple[pa.Table, pa.Table]) -> None:
        few = [rows.select(names) for rows, names in zip(old, NOTHING_IN_COMMON, strict=True)]
        result = attack(*few)
        assert (result.joined.records, basis(result, "order")) == (SIZE, "assumed")
        assert attack(*map(sorted_rows, few)).joined.high == 0
        assert attack(few[0], sorted_rows(few[1])).joined.high == 0

    def test_a_shuffled_table_is_not_joined(self, old: tuple[pa.Table, pa.Table]) -> None:
        random = np.random.default_rng(1)
        a, b = (
            rows.select(names).take(random.permutation(SIZE))
            for rows, names in zip(old, COARSE, strict=True)
        )
        result = attack(a, b)
        assert (basis(result, "order"), result.joined.records) == ("refuted", 0)

    @pytest.mark.parametrize("share", [0.7, 0.99])
    def test_rows_that_are_lacking_do_not_hide_it(
        self, old: tuple[pa.Table, pa.Table], share: float
    ) -> None:
        random = np.random.default_rng(2)
        kept = [random.random(SIZE) < share for _ in old]
        truth = int((kept[0] & kept[1]).sum())
        result = attack(
            *(rows.filter(pa.array(mask)) for rows, mask in zip(old, kept, strict=True))
        )
        assert joined(result, "order") > 0.9 * truth
        assert 0.95 * truth < result.joined.records < 1.02 * truth

    def test_others_drawn_alike_are_not_joined(self) -> None:
        """Though no value need be common, days of birth that are alike say it is not row by row."""
        a, b = (
            pa.table(
                {"ne_le": pa.array(random.integers(-9_000, 9_000, SIZE), pa.int32()).cast("date32")}
            )
            for random in map(np.random.default_rng, (1, 2))
        )
        result = attack(a, b)
        assert (basis(result, "order"), result.joined.low) == ("refuted", 0)

    def test_the_only_record_of_each_is_joined(self, old: tuple[pa.Table, pa.Table]) -> None:
        assert attack(*(rows[:1] for rows in old)).joined.records == 1
        assert attack(old[0][:0], old[1][:1]).joined.high == 0

    def test_tables_sorted_alike_by_a_column_in_common_are_not_joined(
        self, old: tuple[pa.Table, pa.Table]
    ) -> None:
        a, b = (
            rows.select(names).sort_by([(name, "ascending") for name in by])
            for rows, names, by in zip(
                old,
                COARSE,
                (("date_naissance", "heures"), ("date_naissance", "metier")),
                strict=True,
            )
        )
        assert attack(a.drop_columns("pseudonyme"), b.drop_columns("pseudonyme")).joined.high == 0


class TestKeys:
    def test_one_pseudonym_in_both(self, old: tuple[pa.Table, pa.Table]) -> None:
        rows = sorted_rows(old[0])
        result = attack(rows.select(["pseudonyme", "sexe"]), rows.select(["pseudonyme"])[500:])
        assert (result.joined.records, basis(result, "pseudonym")) == (SIZE - 500, "certain")

    @pytest.mark.parametrize("in_common", [True, False])
    def test_positions(self, old: tuple[pa.Table, pa.Table], in_common: bool) -> None:
        names = COARSE if in_common else NOTHING_IN_COMMON
        a, b = (
            sorted_rows(rows.select(some).append_column("_position", [np.arange(SIZE)]))
            for rows, some in zip(old, names, strict=True)
        )
        result = attack(a, b)
        assert result.joined.records == joined(result, "position") == SIZE
        assert basis(result, "position") == ("measured" if in_common else "assumed")

    def test_positions_in_several_inputs(self, old: tuple[pa.Table, pa.Table]) -> None:
        a, b = (
            sorted_rows(
                rows.select(some)
                .append_column("_input", [np.arange(SIZE) // 1_000])
                .append_column("_position", [np.arange(SIZE) % 1_000])
            )
            for rows, some in zip(old, NOTHING_IN_COMMON, strict=True)
        )
        assert joined(attack(a, b), "position") == SIZE

    def test_a_counter_explains_no_order(self, old: tuple[pa.Table, pa.Table]) -> None:
        few = [rows.select(names) for rows, names in zip(old, NOTHING_IN_COMMON, strict=True)]
        result = attack(few[0].append_column("numero", [np.arange(SIZE)]), few[1])
        assert (joined(result, "order"), basis(result, "order")) == (SIZE, "assumed")

    def test_counters_of_their_own_join_nothing(self, old: tuple[pa.Table, pa.Table]) -> None:
        a, b = (
            sorted_rows(rows.select(some)).append_column("id", [np.arange(SIZE)])
            for rows, some in zip(old, COARSE, strict=True)
        )
        result = attack(a, b)
        assert (basis(result, "position"), result.joined.records) == ("refuted", 0)


class TestLayout:
    def test_files_of_one_record_each(self, tmp_path: Path, old: tuple[pa.Table, pa.Table]) -> None:
        for name, rows in zip("ab", old, strict=True):
            for place in range(30):
                target = tmp_path / name / f"run-{place:05}-00000.parquet"
                target.parent.mkdir(exist_ok=True)
                few = rows.select(["pseudonyme", "sexe" if name == "a" else "metier"])
                pq.write_table(few.slice(place, 1), target)
        result = link(read_table(str(tmp_path / "a")), read_table(str(tmp_path / "b")))
        assert joined(result, "layout") == 30

    def test_parts_make_records_unique(
        self, tmp_path: Path, old: tuple[pa.Table, pa.Table]
    ) -> None:
        for name, rows, some in zip("ab", old, COARSE, strict=True):
            for place in range(40):
                target = tmp_path / name / f"run-{place:05}-00000.parquet"
                target.parent.mkdir(exist_ok=True)
                pq.write_table(sorted_rows(rows.select(some).slice(50 * place, 50)), target)
        result = link(read_table(str(tmp_path / "a")), read_table(str(tmp_path / "b")))
        assert joined(result, "combination") == 0
        assert 500 < joined(result, "layout") == result.joined.records

    def test_small_commits_are_a_layout(self, old: tuple[pa.Table, pa.Table]) -> None:
        """Sorted within commits of 20, two releases have few alike in the same commit."""
        commits = pa.array(np.arange(SIZE) // 20)
        by = [("commit", "ascending"), ("pseudonyme", "ascending")]
        a, b = (
            rows.select(some).append_column("commit", commits).sort_by(by).drop_columns("commit")
            for rows, some in zip(old, COARSE, strict=True)
        )
        result = attack(a, b)
        assert basis(result, "order") == "explained"
        assert 1_000 < joined(result, "layout") == result.joined.records


class TestFormats:
    def test_a_csv_a_topic_and_parquet_meet(
        self, tmp_path: Path, old: tuple[pa.Table, pa.Table]
    ) -> None:
        partner = old[1].select(["commune_residence", "code_rncp", "entree_le", "date_naissance"])
        text = io.BytesIO()
        pyarrow.csv.write_csv(
            partner, text, pyarrow.csv.WriteOptions(delimiter=";", quoting_style="none")
        )
        (tmp_path / "partner.csv").write_bytes(text.getvalue())
        records = [json.dumps(record, default=str) for record in partner.to_pylist()]
        messages = [json.dumps({"offset": 7, "value": record}) for record in records]
        (tmp_path / "topic.jsonl").write_text("\n".join(messages), encoding="utf-8")
        (tmp_path / "partner.jsonl").write_text("\n".join(records), encoding="utf-8")
        counts = {
            joined(
                link(read_table(str(EVALUATION)), read_table(str(tmp_path / name))), "combination"
            )
            for name in ("partner.csv", "partner.jsonl", "topic.jsonl")
        }
        assert counts == {joined(attack(*old), "combination")}

    def test_values_of_several_types_are_texts(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text('{"code": 11, "n": [1]}\n{"code": "2A"}\n')
        (column,) = (c for c in read_table(str(tmp_path / "a.jsonl")).columns if c.name == "code")
        assert column.forms["text"].to_pylist() == ["11", "2A"]

    def test_a_store_of_several_releases_names_one(self) -> None:
        with pytest.raises(UsageError, match="essai-accompagnement/accompagnement"):
            read_table(str(PARTNERS))

    def test_a_file_that_no_receipt_lists_is_not_there(self, tmp_path: Path) -> None:
        store = tmp_path / "store"
        shutil.copytree(PARTNERS, store)
        release = store / "essai-evaluation" / "evaluation"
        shutil.copy(next(release.glob("*.parquet")), release / "other-00000-00000.parquet")
        assert read_table(str(release)).rows == SIZE

    def test_a_damaged_file_shows_no_value(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text('{"nom": "DUPONT"}\n{"nom": DURAND\n', encoding="utf-8")
        with pytest.raises(InputError) as error:
            read_table(str(tmp_path / "a.jsonl"))
        assert "a.jsonl: line 2" in str(error.value)
        assert "DU" not in str(error.value)


class TestCommand:
    @pytest.mark.parametrize(("most", "code"), [(1_999, 1), (2_000, 0)])
    def test_more_than_n_joined_is_exit_1(
        self, most: int, code: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert link_command(str(EVALUATION), str(ACCOMPAGNEMENT), f"joined={most}", True) == code
        result = json.loads(capsys.readouterr().out)
        jsonschema.validate(result, json_schemas()["link"])
        assert result["joined"]["records"] == SIZE

    def test_it_says_means_bounds_and_what_it_did_not_try(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert link_command(str(EVALUATION), str(ACCOMPAGNEMENT), None, False) == 0
        shown = capsys.readouterr().out
        for words in ("order", "combination", "entree_le (quarter)", "not tried:", "joined: 2000"):
            assert words in shown

    def test_another_condition_is_refused(self) -> None:
        with pytest.raises(UsageError, match="joined=N"):
            link_command("a", "b", "joined", False)

    def test_the_published_json_schema_is_that_of_the_result(self) -> None:
        published = (PUBLISHED / "link.schema.json").read_text(encoding="utf-8")
        assert published == as_text(json_schemas()["link"]), (
            "run tamis.documents.editors.publish(PUBLISHED, json_schemas()) of tamis.link.result"
        )
