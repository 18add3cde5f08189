"""Tables whose release changed: what they need is told, what loses no value is run, no more."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tamis.cli.app import app
from tamis.errors import RunError, UsageError
from tamis.keys.keyring import Keyring
from tamis.plan.project import load_project
from tamis.stores.opening import open_store
from tamis.stores.protocol import RunStore
from tamis.verify.verify import verify_store

from ..runs.rekeying import POLICY, SCHEMA, commit, make_records
from ..services.postgres import PASSWORD, Server

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("altered-tables")]

DATABASE = "contrat"

Shown = Callable[..., tuple[int, str]]


@pytest.fixture
def store(server: Server) -> Iterator[RunStore]:
    server.query(f"CREATE DATABASE {DATABASE}")
    yield open_store(server.uri(DATABASE))
    server.query(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture
def commit_of(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Commits a run under documents in which some texts are replaced."""
    keyring = Keyring.create(tmp_path / "keys.json")
    monkeypatch.chdir(tmp_path)

    def commit_of(run: str, *edits: tuple[str, str], commits: bool = True) -> None:
        texts = {"policies": POLICY.replace("METHOD", "hmac-sha256"), "schemas": SCHEMA}
        for folder, text in texts.items():
            for old, new in edits:
                text = text.replace(old, new)
            Path(folder).mkdir(exist_ok=True)
            Path(folder, "suivi.yaml").write_text(text, encoding="utf-8")
        plan = load_project().plan("suivi", on="2026-11-23")
        if commits:
            commit(store, plan, keyring, run, make_records(20))

    return commit_of


@pytest.fixture
def shown(server: Server) -> Shown:
    """What `tamis schema --store` prints, and its exit code."""

    def shown(*words: str, uri: str = "") -> tuple[int, str]:
        uri = uri or server.uri(DATABASE)
        command = ["schema", "suivi", "--on", "2026-11-23", "--store", uri, *words]
        result = CliRunner().invoke(app, command)
        if isinstance(result.exception, Exception):
            raise result.exception
        return result.exit_code, result.stdout

    return shown


SMALLER = (", annee, suites.numero", ", suites.numero")
WIDER = ("annee:   {type: int32", "annee:   {type: int64")
NARROWER = ("annee:   {type: int32", "annee:   {type: int16")


def columns(server: Server, table: str = "suivi__tout") -> dict[str, str]:
    rows = server.query(
        f"SELECT column_name, data_type FROM information_schema.columns WHERE table_name = "
        f"'{table}'",
        DATABASE,
    )
    return dict(rows)


def failed(store: RunStore) -> list[str]:
    return [finding.text for finding in verify_store(store) if finding.outcome == "failed"]


def test_a_wider_type_is_told_refused_altered_and_run_into(
    server: Server, store: RunStore, commit_of: Callable[..., None], shown: Shown
) -> None:
    assert shown is not None
    commit_of("un", commits=False)
    code, out = shown()
    assert (code, out.count("is not there yet: the first run makes it")) == (0, 2)
    commit_of("un")
    code, out = shown()
    assert (code, out.count("is as the release needs it")) == (0, 2)
    server.query("CREATE VIEW vue AS SELECT dossier_id FROM suivi__tout", DATABASE)

    with pytest.raises(UsageError, match="column annee is integer and the plan makes it bigint, w"):
        commit_of("deux", WIDER)
    code, out = shown()
    command = 'ALTER TABLE "public"."suivi__tout" ALTER COLUMN "annee" TYPE bigint;'
    assert code == 1
    assert command in out.splitlines()
    assert columns(server)["annee"] == "integer"
    assert shown("--release", "annees")[1].count("ALTER TABLE") == 1

    code, out = shown("--apply")
    assert (code, out.splitlines()[-1]) == (0, "-- 2 tables altered")
    assert columns(server)["annee"] == "bigint"
    commit_of("deux", WIDER)
    assert server.query("SELECT count(DISTINCT legal_run) FROM suivi__tout", DATABASE) == [(2,)]
    assert failed(store) == []


def test_a_view_on_a_column_stops_its_change_and_nothing_is_altered(
    server: Server, commit_of: Callable[..., None], shown: Shown
) -> None:
    commit_of("un")
    server.query("CREATE VIEW vue AS SELECT annee FROM suivi__tout", DATABASE)
    commit_of("deux", WIDER, commits=False)
    with pytest.raises(RunError, match="a view or another object depends on") as caught:
        shown("--apply")
    assert PASSWORD not in str(caught.value)
    assert columns(server, "suivi__annees")["annee"] == "integer"  # of the same transaction


def test_a_column_more_is_added_and_one_less_is_left_for_somebody_to_decide(
    server: Server, store: RunStore, commit_of: Callable[..., None], shown: Shown
) -> None:
    commit_of("un", SMALLER)
    server.query("CREATE VIEW vue AS SELECT * FROM suivi__tout", DATABASE)
    commit_of("deux", commits=False)
    code, out = shown("--release", "tout")
    assert code == 1
    assert 'ALTER TABLE "public"."suivi__tout" ADD COLUMN "annee" integer;' in out.splitlines()
    assert shown("--apply")[0] == 0
    commit_of("deux")
    assert failed(store) == []

    commit_of("trois", SMALLER)
    code, out = shown("--release", "tout", "--apply")
    assert code == 0
    assert "annee is not released: rows of earlier runs keep it" in out
    assert '-- ALTER TABLE "public"."suivi__tout" DROP COLUMN "annee";' in out.splitlines()
    counts = server.query(
        "SELECT legal_run, count(annee) > 0 FROM suivi__tout GROUP BY 1 ORDER BY 1", DATABASE
    )
    assert counts == [("deux", True), ("trois", False), ("un", False)]
    assert failed(store) == []
    # Who decided to drop it does so with the command that is shown.
    drop = re.search("^-- (ALTER TABLE .*)$", out, re.MULTILINE)
    assert drop is not None
    server.query(drop[1], DATABASE)
    assert "annee" not in columns(server)


def test_a_narrower_type_is_for_somebody_to_decide_and_nothing_is_altered(
    server: Server, commit_of: Callable[..., None], shown: Shown
) -> None:
    commit_of("un", SMALLER)
    commit_of("deux", NARROWER, commits=False)
    code, out = shown("--apply")
    assert code == 1
    assert out.splitlines()[-1] == "-- nothing is altered until that is decided"
    assert '-- ALTER TABLE "public"."suivi__annees" ALTER COLUMN "annee" TYPE smallint;' in out
    assert "annee" not in columns(server)  # nor is what would lose no value
    with pytest.raises(UsageError, match="rename the table and another one is made"):
        commit_of("deux", NARROWER)


def test_a_role_that_does_not_own_the_tables_is_refused(
    server: Server, commit_of: Callable[..., None], shown: Shown
) -> None:
    commit_of("un", SMALLER)
    commit_of("deux", commits=False)
    server.query(
        "DROP ROLE IF EXISTS lecteur; CREATE ROLE lecteur LOGIN PASSWORD 'secret'", DATABASE
    )
    server.query("GRANT SELECT ON ALL TABLES IN SCHEMA public TO lecteur", DATABASE)
    uri = server.uri(DATABASE).replace(f"tamis:{PASSWORD}", "lecteur:secret")
    with pytest.raises(UsageError, match="belongs to another role"):
        shown("--apply", uri=uri)
    with psycopg.connect(server.uri(DATABASE)) as connection:
        connection.execute("DROP OWNED BY lecteur")
        connection.execute("DROP ROLE lecteur")
    assert "annee" not in columns(server)
