"""Make what stands in this folder, by the code of version 0.1.

    git worktree add /tmp/tamis-0.1 b49be58
    python tests/written_by_0_1/make.py /tmp/tamis-0.1 /tmp/written

makes all of it anew in `/tmp/written`; a third argument names the only part to make, where its
folder is there already. Keys, key ids, times and sealed messages are of chance and differ each
time, so that what is in the repository is never made again.

All is done by the command `tamis` of the checkout, but for the feeds (`made.py`, written by the
checkout's `tamis.synthetic`) and the feeds of the canary tests (the checkout's `tests/e2e`).
"""

import datetime
import json
import lzma
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
COMMIT = "b49be58"
DAY = "2026-11-23"
PASSPHRASE = "phrase de passe d'essai"
FORMS = ("parquet", "csv", "jsonl", "avro", "dsn")
ROWS = 40
PERSONS = 2_000
DEMO_RECORDS = 500
MESSAGES = 50
PARTITIONS = 2
IN_MEMORY = ("--", "--direct_running_mode=in_memory")
HALF = -1

DEMO = ("dsn-droits", "france-travail-financement", "evaluation-cpf")
KEYRING_OF = {
    "parquet": "plain",
    "csv": "passphrase",
    "jsonl": "epochs",
    "avro": "destroyed",
    "dsn": "plain",
}


def tamis(*arguments: object, program: tuple[str, ...] = ("-m", "tamis"), code: int = 0) -> str:
    """Run `tamis` of the checkout here; what it said."""
    done = subprocess.run(
        [sys.executable, *program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TAMIS_KEYS_PASSPHRASE": PASSPHRASE, "TAMIS_SEAL_PASSPHRASE": PASSPHRASE},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def run(policy: str, source: object, output: object, name: str, *options: object) -> str:
    """`tamis run` of a batch on the day that all of it is made for."""
    return tamis(
        *("--project", "project", "run", policy, "--input", source, "--output", output),
        *("--run-id", name, "--on", DAY, "--replay", "--allow-example", *options, *IN_MEMORY),
    )


def keyring(form: str) -> tuple[str, str]:
    """The option that names the keyring of a format's run."""
    return "--keys", f"keys/{KEYRING_OF[form]}.json"


def make_keys() -> None:
    """Keyrings and seal keys of each sort; an older run under the first of several epochs."""
    Path("keys").mkdir()
    no_passphrase = {"TAMIS_KEYS_PASSPHRASE": "", "TAMIS_SEAL_PASSPHRASE": ""}

    def plainly(*arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "tamis", *arguments],
            check=True,
            capture_output=True,
            env=os.environ | no_passphrase,
        )

    for name in ("plain", "epochs", "destroyed"):
        plainly("keys", "new", f"keys/{name}.json")
    tamis("keys", "new", "keys/passphrase.json")
    plainly("seal-keys", "new", "keys/originals.json")
    tamis("seal-keys", "new", "keys/originals-passphrase.json")
    run("essai-jsonl", "feeds/essai.jsonl", "store", "epoch-1", "--keys", "keys/epochs.json")
    for _ in range(2):
        plainly("keys", "rotate", "keys/epochs.json")
        plainly("keys", "rotate", "keys/destroyed.json")
    plainly("keys", "destroy", "keys/destroyed.json", "--epoch", "1", "--yes")


def make_feeds() -> None:
    """A feed of each format, one of persons, one of two row groups, and new messages' records."""
    made = import_module("made")
    Path("feeds").mkdir()
    for seed, form in enumerate(FORMS, start=1):
        if form == "dsn":
            records = made.declared(ROWS, seed=seed)
        else:
            records = made.files(ROWS, seed=seed, form=form)
        write(f"essai-{form}", records, f"feeds/essai.{form}", extra=form != "dsn")
    for name, wrong in (("csv", ";".join(["trop"] * 99)), ("jsonl", '{"nir": "cassé')):
        with Path(f"feeds/essai.{name}").open("a", encoding="ascii", errors="replace") as stream:
            stream.write(wrong + "\n")


def write(schema: str, records: list[Any], path: str, *, extra: bool = False) -> None:
    """Write records in the format of a schema."""
    project = import_module("tamis.documents.project").load_project("project")
    added = {"colonne_inconnue": "x"} if extra else {}
    write_feed = import_module("tamis.synthetic.files").write_feed
    write_feed(records, project.schema(schema)[0], Path(path), extra=added)


def make_store() -> None:
    """One store with a run of each format; receipts, quarantine, pseudonyms of both methods."""
    for form in FORMS:
        run(f"essai-{form}", f"feeds/essai.{form}", "store", f"of-{form}", *keyring(form))


def make_partners() -> None:
    """A feed of persons, and what two partners got of it."""
    Path("partners").mkdir()
    records = import_module("made").persons(PERSONS, seed=37)
    write("essai-personnes", records, "partners/feed.parquet")
    shutil.copy("keys/plain.json", "partners/keys.json")
    for policy in ("essai-evaluation", "essai-accompagnement"):
        keys = ("--keys", "partners/keys.json")
        run(policy, "partners/feed.parquet", "partners/store", policy, *keys)


def make_watched() -> None:
    """A folder that was watched: a file that was read, and the store that remembers it."""
    Path("watched/in").mkdir(parents=True)
    write("essai-csv", import_module("made").files(8, seed=11, form="csv"), "watched/in/first.csv")
    tamis(
        *("--project", "project", "run", "essai-csv", "--input", "watch:watched/in/*.csv"),
        *("--output", "watched/store", "--run-id", "watch", "--once", "--allow-example"),
        *("--keys", "keys/plain.json"),
    )


def make_interrupted() -> None:
    """Stores as a run leaves them that is killed at each step of its commit, each once."""
    Path("interrupted").mkdir()
    for seed in (8, 9):
        records = import_module("made").files(8, seed=seed, form="parquet")
        write("essai-parquet", records, f"feeds/interrupted-{seed}.parquet")
    arguments = (
        *("--project", "project", "run", "essai-parquet", "--input", "feeds/interrupted-*.parquet"),
        *("--run-id", "the-run", "--on", DAY, "--replay", "--allow-example"),
        *("--keys", "keys/plain.json"),
    )
    tamis(*arguments, "--output", "interrupted/whole", *IN_MEMORY)
    seen = {state_of(Path("interrupted/whole"))}
    for step in (0, HALF, *range(1, 100)):
        folder = Path("interrupted/now")
        done = subprocess.run(
            [
                *(sys.executable, str(HERE / "make.py"), "--killed", str(step), str(folder)),
                *(*arguments, "--output", str(folder), *IN_MEMORY),
            ],
            check=False,
            capture_output=True,
        )
        if done.returncode == 0:
            break
        assert done.returncode in (-signal.SIGKILL, -signal.SIGXFSZ), done.stderr.decode()
        state = state_of(folder)
        if state in seen:
            shutil.rmtree(folder)
        else:
            seen.add(state)
            folder.rename(f"interrupted/{len(seen) - 1}-{name_of(folder)}")
    shutil.rmtree("interrupted/now")


def state_of(folder: Path) -> object:
    """Which files there are, and how large: of receipts, whether they are empty, cut or whole."""
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    return frozenset(
        (name, len(content[:1]) + content.endswith(b"}\n")) for name, content in files.items()
    )


def name_of(folder: Path) -> str:
    """What there is, in a few words."""
    staged = folder / "_staging" / "the-run"
    moved = len([path for path in folder.rglob("*.parquet") if staged not in path.parents])
    if (folder / "_receipts" / "the-run.json").exists():
        return "committed-and-not-tidied"
    if (staged / "receipt.json").exists():
        return f"receipt-staged-and-{moved}-moved"
    draft = staged / "receipt.json.draft"
    if not draft.exists():
        return "staged"
    content = draft.read_bytes()
    return "receipt-" + (
        "empty" if not content else "half" if content[-2:] != b"}\n" else "written"
    )


def killed(step: int, folder: str, arguments: list[str]) -> None:
    """Run `tamis`, and die right before a step of its commit into `folder`.

    Args:
        step: number of the operation on files, from the opening of the receipt on; HALF means
            while the receipt is written.
        folder: the store.
        arguments: of `tamis`.
    """
    steps = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"}
    relative = {"os.remove", "os.rmdir"}
    taken = [-1]

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in steps:
            return
        if taken[0] < 0 and not (event == "open" and str(args[0]).endswith("receipt.json.draft")):
            return
        if event in relative or str(args[0]).startswith(folder):
            taken[0] += 1
            if step == HALF:
                resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
            elif taken[0] == step:
                os.kill(os.getpid(), signal.SIGKILL)

    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main = import_module("tamis.cli").main
    sys.argv = ["tamis", *arguments]
    sys.addaudithook(hook)
    main()


def make_services() -> None:
    """Tables of PostgreSQL as a dump, topics of Kafka as lines, and folders of a stream."""
    postgres = import_module("tests.services.postgres")
    kafka = import_module("tests.services.kafka")
    topics = import_module("topics")
    Path("services").mkdir()
    messages = make_messages()
    with postgres.run_postgres() as server, kafka.run_kafka() as broker:
        server.query("CREATE DATABASE written")
        make_batch_tables(server)
        source = f"kafka://{broker.address}/dossiers"
        broker.topic("dossiers", PARTITIONS)
        tables = server.uri("written", schema="stream")
        for begin, end in ((0, 30), (30, 40)):
            topics.write_topic(broker.address, "dossiers", messages[begin:end])
            stream(source, tables, "stream-tables", "originals-passphrase")
            stream(source, f"kafka://{broker.address}/out", "stream-topics", "originals")
            stream(source, "services/moved", "stream-folder", "originals")
        topics.write_topic(broker.address, "dossiers", messages[40:MESSAGES])
        make_killed_streams(source)
        lines = [
            line
            for topic in ("dossiers", "out", "out.quarantine", "out.receipts")
            for line in topics.read_topic(broker.address, topic)
        ]
        topics.dump(Path("services/topics.jsonl"), lines)
        dumped = subprocess.run(
            [
                *(postgres.find_programs() / "pg_dump", "--inserts", "--no-owner"),
                *("--no-privileges", server.uri("written")),
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        plain = [line for line in dumped.stdout.splitlines() if not line.startswith("\\")]
        Path("services/tables.sql").write_text("\n".join(plain) + "\n", encoding="utf-8")


def make_messages() -> list[dict[str, Any]]:
    """The messages of the stream, as lines of topics; the last ones are for the tests to send."""
    records = import_module("made").files(MESSAGES + 10, seed=21, form="jsonl")
    for number, record in enumerate(records):
        record["code_rncp"] = f"RNCP{number:05d}"
    write("essai-jsonl", records, "services/messages.jsonl")
    path = Path("services/messages.jsonl")
    texts = path.read_text(encoding="utf-8").splitlines()
    lines = [
        {
            "topic": "dossiers",
            "partition": number % PARTITIONS,
            "offset": number // PARTITIONS,
            "key": f"cle-{number}",
            "headers": [["origine", "essai"]],
            "value": text[:-20] if number % 17 == 9 else text,
        }
        for number, text in enumerate(texts)
    ]
    import_module("topics").dump(path, lines)
    return lines


def stream(source: str, output: str, name: str, key: str, *killed: str) -> bool:
    """Read into an output what a topic has; whether it came to its end and was not killed."""
    program = [str(HERE / "make.py"), "--killed", *killed] if killed else ["-m", "tamis"]
    done = subprocess.run(
        [
            *(sys.executable, *program, "--project", "project", "run", "essai-jsonl"),
            *("--input", source, "--output", output, "--run-id", name, "--allow-example"),
            *("--keys", "keys/plain.json", "--seal-to", f"keys/{key}.json.pub", "--once"),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stdout + done.stderr
    return done.returncode == 0


def make_killed_streams(source: str) -> None:
    """Of the stream in `moved`: one killed before its receipt is staged, one after a file moved."""
    moved, now = Path("services/moved"), Path("services/now")
    for step in range(100):
        shutil.copytree(moved, now)
        assert not stream(source, str(now), "stream-folder", "originals", str(step), str(now))
        if step == 0:
            now.rename("services/staged")
            continue
        new = len(list(now.glob("essai-jsonl/*/*"))) > len(list(moved.glob("essai-jsonl/*/*")))
        shutil.rmtree(moved if new else now)
        if new:
            now.rename(moved)
            return


def make_batch_tables(server: Any) -> None:
    """Two runs that are committed, and one that is killed while it waits to commit."""
    psycopg = import_module("psycopg")
    output = server.uri("written", schema="batch")
    for form in ("parquet", "csv"):
        run(f"essai-{form}", f"feeds/essai.{form}", output, f"of-{form}", *keyring(form))
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(server.uri("written")) as connection:
        connection.execute("LOCK TABLE batch._tamis_receipts IN EXCLUSIVE MODE")
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tamis", "--project", "project", "run", "essai-dsn"),
                *("--input", "feeds/essai.dsn", "--output", output, "--run-id", "of-dsn"),
                *("--on", DAY, "--replay", "--allow-example", *keyring("dsn"), *IN_MEMORY),
            ],
            stderr=subprocess.DEVNULL,
        )
        while not server.query(waiting):
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
        process.wait()
    busy = "SELECT 1 FROM pg_stat_activity WHERE datname = 'written' AND state <> 'idle'"
    while server.query(busy):
        time.sleep(0.05)


def make_golden() -> None:
    """Feeds of the demo and of the canary tests, and what was released of them."""
    described = import_module("described")
    Path("golden").mkdir()
    shutil.copy("keys/plain.json", "golden/keys.json")
    golden = {}
    for policy, files in golden_feeds().items():
        name = re_run(policy)
        sources = [part for file in files for part in ("--input", f"golden/{file}")]
        tamis(
            *("--project", "project", "run", policy.partition("/")[2], *sources),
            *("--output", "golden/store", "--run-id", name, "--on", DAY, "--replay"),
            *("--allow-example", "--keys", "golden/keys.json", *IN_MEMORY),
        )
        golden[policy] = {"inputs": files} | described.describe(Path("golden/store"), name)
    text = json.dumps(golden, indent=1, ensure_ascii=False, sort_keys=True)
    Path("golden/golden.json").write_text(text + "\n", encoding="utf-8")
    shutil.rmtree("golden/store")
    for file in (file for policy in golden.values() for file in policy["inputs"]):
        path = Path("golden", file)
        Path(f"{path}.xz").write_bytes(lzma.compress(path.read_bytes(), preset=9))
        path.unlink()


def re_run(policy: str) -> str:
    """The id of the run that the golden figures of `demo/POLICY` or `canaries/POLICY` are of."""
    return policy.replace("/", "-")


def golden_feeds() -> dict[str, list[str]]:
    """Write the feeds; their files' names in `golden`, by `demo/POLICY` and `canaries/POLICY`."""
    project = import_module("tamis.documents.project").load_project("project")
    records = import_module("tamis.synthetic.records")
    compile_plan = import_module("tamis.decide.compile").compile_plan
    write_feed = import_module("tamis.synthetic.files").write_feed
    demo = import_module("tamis.cli.demo")
    flow_of = import_module("tests.e2e.conftest").Flow
    plant = import_module("tests.e2e.test_canaries").plant
    feeds = {}
    for name in DEMO:
        policy, _ = project.policy(name)
        schema, _ = project.schema(policy.schema_)
        form = schema.format.name
        feed = records.make_records(
            schema,
            DEMO_RECORDS,
            seed=demo.SEED,
            policies=[policy],
            dirt=records.DIRTY,
            nir_with_key=form != "dsn",
        )
        path = Path(f"golden/demo.{name}.{form}")
        write_feed(feed, schema, path, extra={"colonne_inconnue": "x"})
        feeds[f"demo/{name}"] = [path.name]
    day = datetime.date.fromisoformat(DAY)
    for name in project.policies():
        if name.startswith("essai-"):
            continue
        policy, _ = project.policy(name)
        schema, _ = project.schema(policy.schema_)
        folder = Path("golden/canaries")
        folder.mkdir(exist_ok=True)
        before = set(folder.iterdir())
        _, inputs, _ = plant(flow_of(policy, schema, compile_plan(project, name, day)), folder)
        for path in inputs:
            target = path if path.stem == name else path.with_name(f"{name}.{path.name}")
            path.rename(target)
            assert target not in before
            feeds.setdefault(f"canaries/{name}", []).append(f"canaries/{target.name}")
    return feeds


PARTS: dict[str, Callable[[], None]] = {
    "feeds": make_feeds,
    "keys": make_keys,
    "store": make_store,
    "interrupted": make_interrupted,
    "watched": make_watched,
    "partners": make_partners,
    "services": make_services,
    "golden": make_golden,
}


def main(checkout: Path, target: Path, *only: str) -> None:
    """Make all parts, or only those named, of a checkout's code, in the folder `target`."""
    head = subprocess.run(
        ["git", "-C", str(checkout), "rev-parse", "HEAD"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert head.stdout.startswith(COMMIT), head.stdout
    sys.path[:0] = [str(checkout / "pipelines"), str(checkout)]
    os.environ["PYTHONPATH"] = str(checkout / "pipelines")
    assert import_module("tamis").__file__ == str(checkout / "pipelines/tamis/__init__.py")
    target.mkdir(parents=True, exist_ok=True)
    os.chdir(target)
    if not Path("project").exists():
        shutil.copytree(HERE / "project", "project")
    for name in only or PARTS:
        print(name, flush=True)
        PARTS[name]()


if __name__ == "__main__":
    if sys.argv[1] == "--killed":
        killed(int(sys.argv[2]), sys.argv[3], sys.argv[4:])
    else:
        main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), *sys.argv[3:])
