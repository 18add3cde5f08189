"""`tamis run` refuses options that mean nothing for its inputs, before it does anything."""

import subprocess
import sys
from pathlib import Path

import pytest

from tamis.cli.run import check_options
from tamis.errors import UsageError

FILES = ("in/*.parquet",)
TABLES = ("postgresql://u:p@h/db?table=t",)
TOPIC = ("kafka://broker:9092/feed",)
WATCHED = ("watch:in/*.csv",)
STREAM_OPTIONS = ("batch_records", "batch_ms", "period", "once", "seal_to", "avro_schema")


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
    if name == "once":
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
