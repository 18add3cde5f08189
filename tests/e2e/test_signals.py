"""Signals end a command within seconds: one line, no abort, nothing left that is not known."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.plan.project import bundled_project
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import make_records

SECONDS = 3.0
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a million records, so that a run takes seconds."""
    schema, _source = bundled_project().schema("evaluation-cpf")
    path = tmp_path_factory.mktemp("signals") / "feed.parquet"
    write_feed(make_records(schema, 1_000, seed=1), schema, path)
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table] * 500), path, row_group_size=20_000)
    return path


class Command:
    """A command in a process of its own, whose temporary files lie in a folder of its own."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self._temporary = folder / "temporary"
        self._temporary.mkdir(exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tamis", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self._temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, is_there: Callable[[], bool]) -> "Command":
        """Wait until `is_there`, for a minute at most, or until the command ended."""
        end = time.monotonic() + 60
        while not is_there() and self._process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        return self

    def interrupt(self, number: signal.Signals) -> str:
        """Send a signal; the last line of stderr, once all but that line is judged.

        Empty where the work was done before the signal came, and is told as done.
        """
        began = time.monotonic()
        self._process.send_signal(number)
        out, err = self._process.communicate(timeout=60)
        took = time.monotonic() - began
        if self._process.returncode == 0:
            assert "committed" in out
            return ""
        assert self._process.returncode == CODES[number], err
        assert took < SECONDS
        assert "Traceback" not in err
        assert "Fatal" not in err
        assert list(self._temporary.iterdir()) == []
        return err.splitlines()[-1]

    def finish(self) -> tuple[int, str]:
        out, err = self._process.communicate(timeout=120)
        return self._process.returncode, out + err


def files(folder: Path) -> list[str]:
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    return [name for name in sorted(names) if not name.endswith(".lock")]


def names_in(folder: Path) -> Iterator[str]:
    """The names of its files, of which a folder may be removed while it is walked."""
    return (name for _folder, _folders, names in os.walk(folder) for name in names)


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "while Beam is imported": lambda store: True,
    "as staging begins": lambda store: (store / "_staging").exists(),
    "as files are staged": lambda store: any(
        not name.endswith(".lock") for name in names_in(store / "_staging")
    ),
    "as it commits": lambda store: any(name.endswith("r.json") for name in names_in(store)),
}


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_is_interrupted_can_be_run_anew(
    feed: Path, keys: str, tmp_path: Path, moment: str, number: signal.Signals
) -> None:
    store = tmp_path / "store"
    arguments = (
        *("run", "evaluation-cpf", "--input", feed, "--output", store),
        *("--run-id", "r", "--keys", keys, "--allow-example"),
    )
    command = Command(tmp_path, *arguments)
    if moment == "while Beam is imported":
        time.sleep(1.0)
    line = command.wait_for(lambda: MOMENTS[moment](store)).interrupt(number)
    is_committed = (store / "_receipts" / "r.json").exists()
    if line == "tamis: interrupted" or "nothing of run r is committed" in line:
        assert not is_committed
    elif "after the commit" in line or not line:
        assert is_committed
    else:
        assert "while run r was being committed" in line
    if store.exists():
        code, text = Command(tmp_path, "recover", store, "--older-than", "0").finish()
        assert code == 0, text
        if not is_committed:
            assert files(store) == []
    code, text = Command(tmp_path, *arguments).finish()
    assert code == 0, text
    code, text = Command(tmp_path, "verify", store / "_receipts" / "r.json").finish()
    assert code == 0, text


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("command", ["dry-run", "scan", "draft"])
def test_a_command_that_writes_nothing_ends_too(
    feed: Path, tmp_path: Path, command: str, number: signal.Signals
) -> None:
    arguments: tuple[object, ...] = (command, feed)
    if command == "dry-run":
        arguments = (command, "evaluation-cpf", "--input", feed)
    process = Command(tmp_path, *arguments)
    time.sleep(0.5)
    assert process.interrupt(number).startswith("tamis: interrupted")


def test_signals_of_a_process_that_is_another_ones_are_left_to_it(tmp_path: Path) -> None:
    program = """
import signal, sys
from tamis.cli.app import app
before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
code = app(sys.argv[1:], standalone_mode=False)
after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
sys.exit(code or after != before)
"""
    store = shutil.copytree(ROOT / "tests" / "written_by_0_1" / "store", tmp_path / "store")
    words = ("purge", str(store), "--older-than", "90d", "--apply")
    done = subprocess.run(
        (sys.executable, "-c", program, *words), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
