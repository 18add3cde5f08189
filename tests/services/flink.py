"""Flink of the tests' own: one JobManager, two task managers, Beam's job server for it.

Its jars come from Maven Central, by the pom beside this module. All of it runs in a network that
is loopback only, and each process is ended by its own id.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from .machine import find_java
from .maven import fetch_jars, write_program

FLINK = "1.19-beam-2.70.0"
"""Versions of Flink, and of Beam's runner for it."""

JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.showDateTime=true")
"""No compiler that pays only in a long life."""

JOB_SERVER = "org.apache.beam.runners.flink.FlinkJobServerDriver"

_PATIENCE_SECONDS = 400.0
_JOB_PORT, _REST_PORT = 8099, 8081
_REGISTERED = re.compile(r"Registering TaskManager with ResourceID (\S+)")
_OPENED = (
    *("lang", "lang.invoke", "util", "util.concurrent", "util.concurrent.atomic"),
    *("nio", "net", "io", "text", "time"),
)
_OPENS = tuple(f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in _OPENED)
_MAINS = {
    "jobs": ("-Xmx256m", "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"),
    "tasks-1": ("-Xmx512m", "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"),
    "tasks-2": ("-Xmx512m", "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"),
    "server": ("-Xmx256m", JOB_SERVER),
}
"""By name of each process, its heap and its class."""

_CONFIG = f"""\
jobmanager:
  rpc: {{address: 127.0.0.1, port: 6123}}
  bind-host: 127.0.0.1
blob: {{server: {{port: "6124"}}}}
rest: {{address: 127.0.0.1, bind-address: 127.0.0.1, port: {_REST_PORT}}}
taskmanager:
  host: 127.0.0.1
  bind-host: 127.0.0.1
  numberOfTaskSlots: 1
  slot: {{timeout: 2 min}}
  cpu: {{cores: 1}}
  memory:
    task: {{heap: {{size: 256m}}, off-heap: {{size: 64m}}}}
    framework: {{heap: {{size: 128m}}, off-heap: {{size: 64m}}}}
    managed: {{size: 64m}}
    network: {{min: 160m, max: 160m}}
    jvm-metaspace: {{size: 256m}}
    jvm-overhead: {{min: 128m, max: 128m}}
io: {{tmp: {{dirs: "{{folder}}/tmp"}}}}
pekko: {{ask: {{timeout: 2 min}}, startup-timeout: 2 min}}
heartbeat: {{interval: "500", timeout: "60000"}}
restart-strategy: {{type: fixed-delay, fixed-delay: {{attempts: 1000, delay: 3 s}}}}
"""
"""A task manager that was killed is missed after two heartbeats, and before the job begins anew,
which else would be given a slot of it. The time-out is for one that is slow."""


class Cluster:
    """A cluster.

    Attributes:
        within: what stands before a command that is to reach it.
        options: of Beam, all but where workers come from.
        job_options: those that only the job server knows.
    """

    def __init__(
        self, java: str, jars: Path, folder: Path, within: Sequence[str], **variables: str
    ) -> None:
        self.within = tuple(within)
        self.options = ("--runner=PortableRunner", f"--job_endpoint=127.0.0.1:{_JOB_PORT}")
        # An attempt that is cancelled while a worker starts leaves its environment in use for ever
        # (Beam 2.70): when that worker dies, later ones have it until it expires.
        self.job_options = ("--parallelism=2", "--environment_expiration_millis=30000")
        self._java = [*within, java, *JVM, *_OPENS]
        self._jars, self._folder = jars, folder
        self._environment = {**os.environ, **variables}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "tmp").mkdir()
        # Task managers have all jars already. What the job server has below a folder of this name
        # (Beam's `PipelineResources`) it does not send to them with each job: 157 MB.
        self._unsent = folder / "gradle" / "wrapper"
        shutil.copytree(jars, self._unsent)
        (folder / "config.yaml").write_text(_CONFIG.replace("{folder}", str(folder)))

    def start(self) -> None:
        """Start what does not run, so that a task manager that died comes again."""
        for name, (heap, main) in _MAINS.items():
            if name in self._processes and self._processes[name].poll() is None:
                continue
            jars, arguments = self._jars, ["--configDir", str(self._folder)]
            if main == JOB_SERVER:
                jars = self._unsent
                arguments = [
                    *("--job-host=127.0.0.1", f"--job-port={_JOB_PORT}", "--artifact-port=0"),
                    *("--expansion-port=-1", f"--artifacts-dir={self._folder}/artifacts"),
                    f"--flink-master=127.0.0.1:{_REST_PORT}",
                ]
            with (self._folder / f"{name}.log").open("ab") as log:
                self._processes[name] = subprocess.Popen(
                    [*self._java, heap, "-cp", f"{jars}/*", main, *arguments],
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )

    def wait(self) -> None:
        """Wait until two task managers have registered, and the job server listens.

        Raises:
            RuntimeError: they do not in time; the message has what was logged.
        """
        until = time.monotonic() + _PATIENCE_SECONDS
        while len(set(_REGISTERED.findall(self._log("jobs")))) < 2 or (
            "JobService started" not in self._log("server")
        ):
            if time.monotonic() > until:
                logs = "\n".join(self._log(name)[-1000:] for name in _MAINS)
                raise RuntimeError(f"Flink does not start: {logs}")
            self.start()  # what gave up, on a machine that does other things too
            time.sleep(0.2)

    def kill(self, name: str) -> None:
        """End a process as a crash does: `tasks-1` or `tasks-2`, a task manager."""
        self._processes[name].kill()
        self._processes[name].wait()

    def stop(self) -> None:
        """End all of it; workers leave when their task manager has gone."""
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            process.wait()

    def _log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def run_flink(within: Sequence[str], **variables: str) -> Iterator[Cluster]:
    """A cluster, made and started, and ended and removed at the end.

    Args:
        within: what stands before a command so that it runs in a network of loopback only.
        variables: of the environment of workers, beside this process's own.
    """
    java, jars = find_java(), fetch_flink()
    folder = Path(tempfile.mkdtemp(prefix="tamis-flink-"))
    cluster = Cluster(java, jars, folder, within, **variables)
    try:
        cluster.start()
        cluster.wait()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def fetch_flink() -> Path:
    """The folder of the jars, fetched first where they are not there yet."""
    pom = Path(__file__).with_name("flink-pom.xml").read_text(encoding="utf-8")
    return fetch_jars(f"flink-{FLINK}", pom)


def write_job_server(jar: Path) -> Path:
    """Write the job server as one jar, as `--flink_job_server_jar` takes it: it names all others.

    Args:
        jar: where it is written to.
    """
    return write_program(jar, fetch_flink(), JOB_SERVER)
