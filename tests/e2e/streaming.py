"""Messages that say what must become of them, and `tamis run` of a stream as a process.

Message number N is released, but for those that POISON and ELSEWHERE count off. What is released
carries its number in `code_rncp`; all that is not released is a canary or a NIR.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from confluent_kafka import Producer

from tamis.synthetic.records import make_nir, space_nir

from ..services.kafka import Broker

POLICY = "evaluation-cpf"
RELEASE = "evaluation"
TABLE = "evaluation_cpf__evaluation"
PARTITIONS = 4
PATIENCE_SECONDS = 30.0

POISON = 97
"""One message of so many is not JSON."""

ELSEWHERE = 50
"""One message of so many is of a scheme that the policy does not release."""

_PERSONS = tuple(make_nir(Random(number)) for number in range(40))


def message(number: int) -> bytes:
    """Message `number`."""
    nir = _PERSONS[number % len(_PERSONS)]
    if number % POISON == 0:
        return f'{{"nir": "{nir}", "nom_naissance": "CANARY'.encode()
    record = {
        "numero_dossier": f"CANARY{number}",
        "nir": nir,
        "nom_naissance": "CANARY",
        "courriel": "CANARY@exemple.invalid",
        "dispositif": "PTP" if number % ELSEWHERE == 1 else "CPF",
        "sexe": "F",
        "date_naissance": "1991-05-17",
        "region_residence": "75",
        "code_rncp": f"RNCP{number:06d}",
        "entree_le": "2025-03-11",
        "montant_total": 1230.77,
        "avis_formation": f"CANARY, dossier de {space_nir(nir)}",
    }
    return json.dumps(record).encode()


def is_released(number: int) -> bool:
    """Whether message `number` is released."""
    return number % POISON != 0 and number % ELSEWHERE != 1


def released(numbers: Iterable[int]) -> list[str]:
    """What is in `code_rncp`, sorted, once the messages `numbers` came through."""
    return sorted(f"RNCP{number:06d}" for number in numbers if is_released(number))


def poisoned(numbers: Iterable[int]) -> int:
    """How many of the messages are quarantined."""
    return sum(number % POISON == 0 for number in numbers)


def nirs() -> Iterator[str]:
    """Every NIR that the messages have, as it must not be found."""
    for nir in _PERSONS:
        yield nir[:13]
        yield space_nir(nir)


def produce(kafka: Broker, topic: str, numbers: Iterable[int], rate: float = 0) -> None:
    """Send messages, each once, to one partition after the other; `rate` a second at most."""
    producer = Producer(
        {"bootstrap.servers": kafka.address, "enable.idempotence": True, "log_level": 0}
    )
    began = time.monotonic()
    for sent, number in enumerate(numbers):
        producer.produce(topic, message(number), partition=number % PARTITIONS)
        if rate and sent % 50 == 0:
            producer.poll(0)
            time.sleep(max(0.0, began + sent / rate - time.monotonic()))
    assert producer.flush(PATIENCE_SECONDS) == 0


@contextmanager
def producing(kafka: Broker, topic: str, numbers: Iterable[int], rate: float) -> Iterator[None]:
    """Send messages while the block runs; what is left then is waited for."""
    faults: list[BaseException] = []

    def send() -> None:
        try:
            produce(kafka, topic, numbers, rate)
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert faults == []


class Streaming:
    """A process of `tamis run`, which writes what it says into a file.

    Args:
        log_path: the file.
        program: what Python is to run.
    """

    def __init__(
        self, log_path: Path, *arguments: object, program: tuple[str, ...] = ("-m", "tamis")
    ) -> None:
        self._log_path = log_path
        self._before = len(self.printed) if log_path.exists() else 0
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *program, *map(str, arguments)],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def printed(self) -> str:
        """All that this process and those before it have printed."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_for(self, text: str) -> None:
        """Wait until this process has printed `text`."""
        wait_until(lambda: text in self.printed[self._before :] or self._ended(), text)
        assert text in self.printed[self._before :], self.printed

    def kill(self) -> None:
        """End it as a crash does."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE_SECONDS)

    def drain(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it in order; its exit code."""
        self._process.send_signal(how)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; its exit code."""
        return self._process.wait(2 * PATIENCE_SECONDS)

    def stop(self) -> None:
        """End it if nobody has."""
        if self._process.poll() is None:
            self.kill()

    def _ended(self) -> bool:
        return self._process.poll() is not None


def wait_until(happened: Callable[[], Any], what: str) -> None:
    """Wait until something has happened."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < until, f"waited for {what} in vain"
        time.sleep(0.02)


def command_lines(parent: int) -> list[bytes]:
    """The command lines of all that a process has started, and of what those have."""
    parents, found = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rpartition(") ")[2].split()
            parents[int(folder.name)] = int(status[1])
        except OSError:
            continue
    wave = {parent}
    while wave:
        wave = {child for child, above in parents.items() if above in wave}
        for child in wave:
            try:
                found.append(Path(f"/proc/{child}/cmdline").read_bytes())
            except OSError:
                continue
    return found
