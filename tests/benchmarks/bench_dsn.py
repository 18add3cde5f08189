"""The reader of DSNs beside a plain line loop that builds the same records, in one run.

    python -m tests.benchmarks.bench_dsn [MEGABYTES] [POLICY]

Processor time; best of three by turns. Both read what the policy reads and no more. The loop takes
every file for whole and well written, and its records stay Python objects; the reader's are Arrow.
"""

import datetime
import io
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from tamis.formats.dsn.individus import read_dsn
from tamis.formats.dsn.layout import (
    BELOW_INDIVIDU,
    CONTRAT,
    INDIVIDU,
    JOINTS,
    NUMERO_DE_CONTRAT,
    PARENT,
    DsnGroup,
    DsnLayout,
    DsnLeaf,
    Member,
    blocks_below,
    layout_of,
)
from tamis.plan.project import bundled_project
from tamis.synthetic.dsn import DsnStyle, write_dsn
from tamis.synthetic.records import make_records

DAY = datetime.date(2026, 11, 23)
POOL = 500

Block = tuple[dict[str, str], dict[str, list[Any]]]


def plain_records(stream: BinaryIO, layout: DsnLayout) -> Iterator[dict[str, Any]]:
    """The line loop: a block begins where its name changes or its rubrique does not increase."""
    below = {bloc: tuple(blocks_below(bloc)) for bloc in BELOW_INDIVIDU}
    wanted, blocs = layout.rubriques, layout.blocs
    around: dict[str, Block] = {}
    opened: dict[str, Block] = {}
    individu: Block | None = None
    current: dict[str, str] | None = None
    last_bloc = last_rank = ""
    for line in stream:
        key, _comma, value = line.decode("latin-1").partition(",")
        bloc, rank = key[:10], key[11:]
        if bloc != last_bloc or rank <= last_rank:
            current = None
            if bloc == INDIVIDU:
                if individu is not None:
                    yield as_record(individu, around, layout)
                individu = ({}, {})
                opened, current = {INDIVIDU: individu}, individu[0]
            elif bloc in BELOW_INDIVIDU:
                if bloc in blocs:
                    for lower in below[bloc]:
                        opened.pop(lower, None)
                    block: Block = ({}, {})
                    opened[bloc], current = block, block[0]
                    opened[PARENT[bloc]][1].setdefault(bloc, []).append(block)
            else:
                if individu is not None:
                    yield as_record(individu, around, layout)
                    individu = None
                if bloc in blocs:
                    around[bloc] = ({}, {})
                    current = around[bloc][0]
        last_bloc, last_rank = bloc, rank
        if current is not None and key in wanted:
            current[rank] = value.strip()[1:-1]


def as_record(individu: Block, around: dict[str, Block], layout: DsnLayout) -> dict[str, Any]:
    """The values of an individu as the layout nests them."""
    numbers: dict[str, Any] = {}
    for contract in individu[1].get(CONTRAT, ()):
        number = contract[0].get(NUMERO_DE_CONTRAT)
        numbers[number] = None if number in numbers else contract
    for name in layout.joined:
        for versement in individu[1].get("S21.G00.50", ()):
            for block in versement[1].get(name, ()):
                owner = numbers.get(block[0].get(JOINTS[name])) or individu
                owner[1].setdefault(name, []).append(block)
    return members_of(layout.members, individu, around)


def members_of(
    members: tuple[Member, ...], block: Block, around: dict[str, Block]
) -> dict[str, Any]:
    """The values of members in a block."""
    values: dict[str, Any] = {}
    for member in members:
        if isinstance(member, DsnLeaf):
            texts = []
            for bloc, rubrique in member.parts:
                holders = [block] if bloc is None else block[1].get(bloc) or [around.get(bloc)]
                texts.append(holders[0] and holders[0][0].get(rubrique))
            values[member.name] = "".join(map(str, texts)) if None not in texts else None
        elif isinstance(member, DsnGroup):
            values[member.name] = members_of(member.members, block, around)
        else:
            inner = block[1].get(member.bloc, ())
            values[member.name] = [members_of(member.members, each, around) for each in inner]
    return values


def make_feed(path: Path, megabytes: int, individus: int = 0) -> None:
    """A DSN of about so many megabytes, of one envoi, or of envois with so many individus."""
    schema, _ = bundled_project().schema("dsn-individus")
    policy, _ = bundled_project().policy("dsn-droits")
    pool = make_records(schema, POOL, seed=7, policies=[policy], nir_with_key=False)
    write_dsn(pool, schema, path)
    times = max(1, megabytes * 1_000_000 // path.stat().st_size)
    some = (record for _time in range(times) for record in pool)
    write_dsn(some, schema, path, style=DsnStyle(individus=individus))


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor time that `work` takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main(megabytes: int, policy: str) -> None:
    """Make a feed, compare what both read, and time them by turns."""
    plan = bundled_project().plan(policy, on=DAY)
    layout = layout_of(plan.fields, plan.schema)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "feed.dsn"
        make_feed(path, megabytes)
        size = path.stat().st_size / 1e6

        def ours() -> int:
            with path.open("rb") as stream, path.open("rb") as ahead:
                chunks = read_dsn(stream, plan, "feed", ahead=ahead)
                return sum(chunk.data.num_rows + chunk.rejects.num_rows for chunk in chunks)

        def loop() -> int:
            with path.open("rb", buffering=1 << 20) as stream:
                return sum(1 for _record in plain_records(stream, layout))

        data = path.read_bytes()[:3_000_000]
        mine = next(read_dsn(io.BytesIO(data), plan, "feed", ahead=io.BytesIO(data)), None)
        print(f"{size:.0f} MB, {loop():,} individus, {ours():,} records")
        del mine
        times = [(cpu_seconds(ours), cpu_seconds(loop)) for _round in range(3)]
        best = [min(column) for column in zip(*times, strict=True)]
        print(
            f"reader {best[0]:.2f} s, loop {best[1]:.2f} s: {best[1] / best[0]:.2f} times as fast"
        )
        with path.open("rb") as stream, path.open("rb") as ahead:
            chunk = next(read_dsn(stream, plan, "feed", ahead=ahead))
        with path.open("rb") as stream:
            plain = list(islice(plain_records(stream, layout), chunk.data.num_rows))
        print("the same records:", chunk.data.to_pylist() == plain)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 20, sys.argv[2] if sys.argv[2:] else "dsn-droits")
