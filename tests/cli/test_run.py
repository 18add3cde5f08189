"""`tamis run` refuses options that mean nothing for its inputs, before it does anything."""

import subprocess
import sys
from pathlib import Path

import pytest

from tamis.cli.run import check_options, tell_unused_keys
from tamis.errors import KeysError, UsageError
from tamis.keys.keyring import Keyring
from tamis.plan.project import load_project

FILES = ("in/*.parquet",)
TABLES = ("postgresql://u:p@h/db?table=t",)
TOPIC = ("kafka://broker:9092/feed",)
WATCHED = ("watch:in/*.csv",)
STREAM_OPTIONS = (
    *("batch_records", "batch_ms", "period", "once", "partitions"),
    *("seal_to", "avro_schema", "max_lag"),
)


@pytest.mark.parametrize("inputs", [FILES, TABLES])
@pytest.mark.parametrize("name", STREAM_OPTIONS)
def test_files_and_tables_take_no_option_of_streams(inputs: tuple[str, ...], name: str) -> None:
    option = f"--{name.replace('_', '-')}: is for streams"
    with pytest.raises(UsageError, match=option):
        check_options(["output", name], inputs)
    check_options(["output", "keys", "on", "replay"], inputs)


@pytest.mark.parametrize("inputs", [TOPIC, WATCHED])
@pytest.mark.parametrize("name", ["on", "replay"])
def test_a_stream_takes_no_other_day(inputs: tuple[str, ...], name: str) -> None:
    with pytest.raises(UsageError, match=f"--{name}: a stream is judged under the law of its day"):
        check_options([name], inputs)
    check_options(["output", "keys", "once"], inputs)


@pytest.mark.parametrize("name", STREAM_OPTIONS)
def test_a_watched_folder_takes_no_option_of_messages(name: str) -> None:
    check_options([name], TOPIC)
    if name in ("once", "max_lag"):
        check_options([name], WATCHED)
        return
    with pytest.raises(UsageError, match="a file stays where it is"):
        check_options([name], WATCHED)


@pytest.mark.parametrize("value", [("--seal-to", "k.pub"), ("--period", "60"), ("--once",)])
def test_the_command_refuses_what_is_given_even_as_it_is_by_default(
    value: tuple[str, ...], tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tamis", "run", "dsn-droits", "--input", "in.dsn"),
            *("--output", str(tmp_path / "store"), *value),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"{value[0]}: is for streams" in done.stderr
    assert not (tmp_path / "store").exists()


def test_keys_that_a_policy_does_not_use_are_told_and_still_must_be_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = load_project("cpf").plan("regularite-prestataires", on="2026-11-23")
    keys = tmp_path / "keys.json"
    with pytest.raises(KeysError, match="no such file"):
        tell_unused_keys(plan, str(keys))
    Keyring.create(str(keys), "a passphrase that nobody has to give here")
    tell_unused_keys(plan, str(keys))
    assert capsys.readouterr().err == (
        "policy `regularite-prestataires` makes no pseudonyms: --keys is not used\n"
    )
    tell_unused_keys(plan, None)
    needs_keys = load_project("cpf").plan("evaluation-cpf", on="2026-11-23")
    tell_unused_keys(needs_keys, str(keys))
    assert capsys.readouterr().err == ""
