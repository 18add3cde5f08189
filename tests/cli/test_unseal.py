"""`tamis seal-keys` and `tamis unseal`: originals come back to who holds the key, nobody else."""

import base64
import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.keys import secret_file
from tamis.keys.seal_keys import SEAL_PASSPHRASE_VARIABLE, make_seal_key, read_public_key
from tamis.keys.sealed import Original, PrivateKey, PublicKey, seal

from ..command import Outcome, run_command
from ..services.postgres import PASSWORD, Server

SOURCE = "kafka://broker:9092/évaluations#0"
CANARY = b'{"nir": "1 99 00 99 999 999 77"'
ORIGINALS = {
    12: Original(CANARY, b"cle-canari", (("trace", b"\x00\xff"), ("trace", None))),
    40: Original(b"", None),
    41: Original(None, b""),
}
"""By position; what comes back must tell nulls from what is empty."""


Run = Callable[..., Outcome]
Row = dict[str, Any]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_file, "SCRYPT_COST", 1 << 10)
    monkeypatch.delenv(SEAL_PASSPHRASE_VARIABLE, raising=False)


@pytest.fixture
def tamis(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        return run_command(monkeypatch, capsys, *words)

    return call


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "originals.json"
    make_seal_key(path)
    return path


@pytest.fixture
def rows(key: Path) -> list[Row]:
    return quarantine(read_public_key(f"{key}.pub"))


def row(position: int, sealed: bytes | None, **other: str) -> Row:
    fields = {"run": "r1", "reason": "malformed", "field": "", "rule": "not-json", **other}
    return {**fields, "source": SOURCE, "position": position, "sealed": sealed}


def quarantine(to: PublicKey) -> list[Row]:
    records = [row(at, seal(original, to, SOURCE, at)) for at, original in ORIGINALS.items()]
    return [*records, row(50, None)]


def as_lines(rows: list[Row]) -> bytes:
    def plain(record: Row) -> Row:
        sealed = record["sealed"]
        return {**record, "sealed": sealed and base64.b64encode(sealed).decode()}

    return b"".join(json.dumps(plain(row)).encode() + b"\n" for row in rows)


def lines(path: Path, rows: list[Row]) -> Path:
    path.write_bytes(as_lines(rows))
    return path


def opened(out: str) -> dict[int, Original]:
    """What `--json` printed, by position."""

    def plain(text: str | None) -> bytes | None:
        return None if text is None else base64.b64decode(text)

    return {
        record["position"]: Original(
            plain(record["value"]),
            plain(record["key"]),
            tuple((name, plain(value)) for name, value in record["headers"]),
        )
        for record in map(json.loads, out.splitlines())
    }


class TestKeys:
    def test_a_key_is_made_and_its_public_half_told(self, tamis: Run, tmp_path: Path) -> None:
        path = tmp_path / "k.json"
        answer = tamis("seal-keys", "new", path)
        public = read_public_key(f"{path}.pub")
        assert answer.code == 0
        assert f"made, key {public.id}, guarded by its mode 0600 alone" in answer.out
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert tamis("seal-keys", "public", path).out == public.text + "\n"
        assert json.loads(path.read_text())["private"] not in answer.out + answer.err

        again = tamis("seal-keys", "new", path)
        assert (again.code, again.out) == (2, "")
        assert "exists already" in again.err

    def test_a_passphrase_comes_from_the_environment(
        self, tamis: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "k.json"
        assert "no terminal" in tamis("seal-keys", "new", path, "--passphrase").err
        monkeypatch.setenv(SEAL_PASSPHRASE_VARIABLE, "sésame, ouvre-toi vite")
        assert "encrypted by the passphrase" in tamis("seal-keys", "new", path).out
        file = lines(tmp_path / "q.jsonl", quarantine(read_public_key(f"{path}.pub")))
        assert tamis("unseal", "--key", path, file).code == 0
        monkeypatch.delenv(SEAL_PASSPHRASE_VARIABLE)
        locked = tamis("unseal", "--key", path, file)
        assert (locked.code, locked.out) == (2, "")
        assert f"set {SEAL_PASSPHRASE_VARIABLE}" in locked.err
        assert tamis("seal-keys", "public", path).code == 0


class TestOpening:
    @pytest.mark.parametrize("kind", ["jsonl", "stdin", "parquet", "store"])
    def test_originals_come_back_from_wherever_quarantine_lies(
        self, tamis: Run, key: Path, rows: list[Row], tmp_path: Path, kind: str
    ) -> None:
        source: object = tmp_path / f"q.{kind}"
        stdin = b""
        if kind == "jsonl":
            lines(tmp_path / "q.jsonl", rows)
        elif kind == "stdin":
            source, stdin = "-", as_lines(rows)
        else:
            file = tmp_path / "q.parquet"
            if kind == "store":
                source = tmp_path / "store"
                file = tmp_path / "store" / "_quarantine" / "policy" / "r1-0.parquet"
                file.parent.mkdir(parents=True)
            columns = {name: [row[name] for row in rows] for name in rows[0]}
            pq.write_table(pa.table(columns), file, row_group_size=2)
        answer = tamis("unseal", "--key", key, "--json", source, stdin=stdin)
        assert (answer.code, answer.err) == (0, "")
        assert opened(answer.out) == ORIGINALS

    def test_a_folder_of_files_is_its_owners(
        self, tamis: Run, key: Path, rows: list[Row], tmp_path: Path
    ) -> None:
        file, to = lines(tmp_path / "q.jsonl", rows), tmp_path / "deep" / "originals"
        before = os.umask(0)
        try:
            answer = tamis("unseal", "--key", key, "--to", to, file)
        finally:
            os.umask(before)
        assert answer.code == 0
        name = "kafka-broker-9092-valuations-0"
        files = {path.name: path.read_bytes() for path in to.iterdir()}
        headers = files.pop(f"{name}-12.headers.json")
        assert json.loads(headers) == [["trace", "AP8="], ["trace", None]]
        assert files == {
            f"{name}-12.value": CANARY,
            f"{name}-12.key": b"cle-canari",
            f"{name}-40.value": b"",
            f"{name}-41.key": b"",
        }
        assert stat.S_IMODE(to.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in to.iterdir()} == {0o600}
        assert f"{name}-12\n" in answer.out

        again = tamis("unseal", "--key", key, "--to", to, file)
        assert (again.code, again.out) == (2, "")
        assert "exists already" in again.err

    def test_the_same_place_twice_gives_two_files(
        self, tamis: Run, key: Path, rows: list[Row], tmp_path: Path
    ) -> None:
        file = lines(tmp_path / "q.jsonl", [rows[0], rows[0]])
        assert tamis("unseal", "--key", key, "--to", tmp_path / "to", file).code == 0
        assert len(list((tmp_path / "to").glob("*.value"))) == 2

    def test_a_source_is_no_path(self, tamis: Run, key: Path, tmp_path: Path) -> None:
        source = "../../../etc/x\x1b[2J/..-"
        sealed = seal(Original(b"v"), read_public_key(f"{key}.pub"), source, 1)
        file = lines(tmp_path / "q.jsonl", [{**row(1, sealed), "source": source}])
        answer = tamis("unseal", "--key", key, "--to", tmp_path / "to", file)
        assert [path.name for path in (tmp_path / "to").iterdir()] == ["etc-x-2J-1.value"]
        assert "\x1b" not in answer.out

    def test_after_a_rotation_both_keys_are_given(
        self, tamis: Run, key: Path, rows: list[Row], tmp_path: Path
    ) -> None:
        new = tmp_path / "new.json"
        make_seal_key(new)
        later = seal(Original(b"later"), read_public_key(f"{new}.pub"), SOURCE, 60)
        file = lines(tmp_path / "q.jsonl", [*rows, row(60, later)])
        answer = tamis("unseal", "--key", key, "--key", new, "--json", file)
        assert (answer.code, opened(answer.out)) == (0, {**ORIGINALS, 60: Original(b"later")})


class TestTelling:
    def test_what_there_is_is_told_without_values(
        self, tamis: Run, key: Path, rows: list[Row], tmp_path: Path
    ) -> None:
        file = lines(tmp_path / "q.jsonl", rows)
        with_key, without = tamis("unseal", "--key", key, file), tamis("unseal", file)
        own = read_public_key(f"{key}.pub").id
        assert with_key.out.splitlines()[1:] == [
            f"r1   {SOURCE}        12  malformed  {own}  value 31, key 10, 2 headers",
            f"r1   {SOURCE}        40  malformed  {own}  value 0, key null, 0 headers",
            f"r1   {SOURCE}        41  malformed  {own}  value null, key 0, 0 headers",
            "4 records of quarantine, 3 with a sealed original: 3 open, 0 do not",
        ]
        assert without.code == 0
        assert without.out.endswith("4 records of quarantine, 3 with a sealed original\n")
        for listing in (with_key, without):
            assert own in listing.out
            assert "canari" not in listing.out + listing.err
            assert "99 999" not in listing.out + listing.err
            assert "trace" not in listing.out

    def test_rows_are_chosen_by_run_reason_and_position(
        self, tamis: Run, key: Path, tmp_path: Path
    ) -> None:
        to = read_public_key(f"{key}.pub")

        def sealed(at: int) -> bytes:
            return seal(Original(b"%d" % at), to, SOURCE, at)

        file = lines(
            tmp_path / "q.jsonl",
            [
                row(1, sealed(1)),
                row(2, sealed(2), run="r2"),
                row(3, sealed(3), reason="nir-stays"),
                row(4, sealed(4), run="r2", reason="nir-stays"),
            ],
        )
        for words, expected in (
            (("--run", "r2"), {2, 4}),
            (("--run", "r2", "--run", "r1", "--reason", "nir-stays"), {3, 4}),
            (("--position", 1, "--position", 3), {1, 3}),
            (("--run", "r9"), set()),
        ):
            answer = tamis("unseal", "--key", key, "--json", *words, file)
            assert (answer.code, set(opened(answer.out))) == (0, expected)

    def test_a_plain_store_has_nothing_sealed(self, tamis: Run, tmp_path: Path) -> None:
        (tmp_path / "_receipts").mkdir()
        (tmp_path / "_receipts" / "r.json").write_text("{}")
        answer = tamis("unseal", tmp_path)
        assert (answer.code, answer.out) == (
            0,
            "0 records of quarantine, 0 with a sealed original\n",
        )


class TestFaults:
    def test_what_does_not_open_is_told_and_the_rest_goes_on(
        self, tamis: Run, key: Path, rows: list[Row], tmp_path: Path
    ) -> None:
        other = PrivateKey.new().public
        damaged = bytearray(rows[0]["sealed"])
        damaged[-1] ^= 1
        file = lines(
            tmp_path / "q.jsonl",
            [
                row(1, seal(Original(CANARY), other, SOURCE, 1)),
                row(2, bytes(damaged)),
                row(3, rows[0]["sealed"]),
                row(4, b"canari"),
                *rows,
            ],
        )
        answer = tamis("unseal", "--key", key, "--json", file)
        assert (answer.code, opened(answer.out)) == (1, ORIGINALS)
        errors = answer.err.splitlines()
        assert errors[0] == (
            f"tamis: {SOURCE}: position 1: sealed to key {other.id}, which is none of those given"
        )
        assert [line.rpartition(":")[0] for line in errors[1:]] == [
            f"tamis: {SOURCE}: position {at}" for at in (2, 3, 4)
        ]
        assert all(line.endswith("damaged, or another record's") for line in errors[1:])
        table = tamis("unseal", "--key", key, file)
        assert table.code == 1
        assert table.out.count("does not open") == 4
        assert table.out.endswith("8 records of quarantine, 7 with a sealed original: "
                                  "3 open, 4 do not\n")  # fmt: skip
        private = json.loads(key.read_text())["private"]
        for text in (answer.err, table.out, table.err):
            assert "canari" not in text
            assert "99 999" not in text
            assert private not in text

    @pytest.mark.parametrize(
        "line",
        [
            b"{canari",
            b'["canari"]',
            b"\xff canari",
            b'{"sealed": "canari!"}',
            b'{"sealed": 7, "source": "canari", "position": 1}',
            b'{"sealed": "YQ==", "source": "canari", "position": "1"}',
            b'{"sealed": "YQ==", "source": "canari", "position": true}',
            b'{"sealed": "YQ==", "source": {}, "position": 1}',
            b'{"sealed": "YQ==", "position": 1}',
        ],
    )
    def test_a_line_that_is_no_row_is_told_by_its_number(
        self, tamis: Run, key: Path, rows: list[Row], tmp_path: Path, line: bytes
    ) -> None:
        file = lines(tmp_path / "q.jsonl", rows)
        file.write_bytes(b"\n" + line + b"\n" + file.read_bytes())
        answer = tamis("unseal", "--key", key, "--json", file)
        assert (answer.code, opened(answer.out)) == (1, ORIGINALS)
        assert answer.err.startswith(f"tamis: {file}: line 2: ")
        assert "canari" not in answer.err

    def test_what_cannot_be_read_at_all_is_named(self, tamis: Run, tmp_path: Path) -> None:
        torn, other = tmp_path / "torn.parquet", tmp_path / "other.parquet"
        torn.write_bytes(b"PAR1 canari")
        pq.write_table(pa.table({"sealed": [b"x"]}), other)
        for source, why in (
            (torn, "is no Parquet file, or is damaged"),
            (other, "columns source and position are missing"),
            (tmp_path / "none.jsonl", "cannot be read: no such file"),
            (tmp_path / "none", "is no store"),
        ):
            answer = tamis("unseal", source)
            assert (answer.code, answer.out) == (3, "")
            assert f"tamis: {source}: " in answer.err
            assert why in answer.err
            assert "canari" not in answer.err

    def test_wrong_calls_are_refused_before_anything_is_read(
        self, tamis: Run, key: Path, tmp_path: Path
    ) -> None:
        key.chmod(0o640)
        for words, why in (
            (("--json", "none.jsonl"), "give --key"),
            (("--to", tmp_path / "to", "none.jsonl"), "give --key"),
            (("--key", key, "--json", "--to", "x", "none.jsonl"), "not both"),
            (("--key", key, "none.jsonl"), "has mode 0640: `chmod 600` it"),
            (("--key", f"{key}.pub", "none.jsonl"), "is a public key"),
        ):
            answer = tamis("unseal", *words)
            assert (answer.code, answer.out) == (2, "")
            assert why in answer.err
        assert not (tmp_path / "to").exists()


def test_help_loads_no_cryptography() -> None:
    code = (
        "import sys; sys.argv = ['tamis', *sys.argv[1:]]\n"
        "from tamis.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'cryptography', 'pyarrow', 'apache_beam'} & set(sys.modules)))"
    )
    for words in (["--help"], ["unseal", "--help"], ["seal-keys", "new", "--help"]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.postgres
def test_originals_come_back_from_a_database(
    tamis: Run, key: Path, rows: list[Row], server: Server, tmp_path: Path
) -> None:
    server.query(
        "CREATE TABLE _tamis_quarantine (run text, source text, position bigint, "
        "reason text, field text, rule text)"
    )
    words = "run, source, position, reason, field, rule"
    plain = tamis("unseal", server.uri())
    assert (plain.code, plain.out[:9]) == (0, "0 records")
    server.query("ALTER TABLE _tamis_quarantine ADD COLUMN sealed bytea")
    many = [row(at, None, run="r0") for at in range(100)]
    for record in (*many, *rows):
        texts = ", ".join(f"'{record[name]}'" for name in words.split(", "))
        sealed = "NULL" if record["sealed"] is None else f"'\\x{record['sealed'].hex()}'"
        server.query(f"INSERT INTO _tamis_quarantine VALUES ({texts}, {sealed})")

    answer = tamis("unseal", "--key", key, "--json", server.uri())
    assert (answer.code, answer.err) == (0, "")
    assert opened(answer.out) == ORIGINALS
    listing = tamis("unseal", "--key", key, "--run", "r1", "--position", 12, server.uri())
    assert listing.out.endswith("1 record of quarantine, 1 with a sealed original: "
                             "1 open, 0 do not\n")  # fmt: skip

    wrong = tamis("unseal", "--key", key, server.uri(schema="none"))
    assert (wrong.code, wrong.out) == (3, "")
    assert "?schema=none: no quarantine there: no table _tamis_quarantine" in wrong.err
    assert PASSWORD not in wrong.err + listing.out + listing.err
