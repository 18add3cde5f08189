"""A session's turns: what is read is committed or read again, and it ends for one reason."""

import datetime
import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tamis.documents.calendar import today
from tamis.errors import RefusedError, RunError
from tamis.plan.project import bundled_project
from tamis.streams import session as session_module
from tamis.streams.judge import Judge, Judged
from tamis.streams.ledger import Ledger
from tamis.streams.messages import MicroBatch, json_decoder
from tamis.streams.reader import Reader
from tamis.streams.session import Session, Settings
from tamis.streams.sink import Sink
from tamis.telemetry.listener import Listeners

from ..filter.column_kinds import nirs
from ..telemetry.test_listener import Recorder
from .made import SOURCE, STREAM, judge, micro_batch, payloads, plan

FEED = payloads(12)
LONG = datetime.timedelta(hours=1)
OVER = datetime.timedelta(0)


class FakeReader(Reader):
    """A topic of one partition, read four messages at a time."""

    def __init__(self, count: int) -> None:
        super().__init__(SOURCE)
        self._values = FEED[:count]
        self._at = 0
        self.acknowledged: list[tuple[dict[int, int], bool]] = []
        self.closed = False

    def open(self, positions: Mapping[int, int]) -> None:
        self._at = positions.get(0, 0)

    def read(self) -> MicroBatch | None:
        values = self._values[self._at : self._at + 4]
        first, self._at = self._at, self._at + len(values)
        return micro_batch(values, first) if values else None

    def acknowledge(self, positions: Mapping[int, int], *, wait: bool = False) -> None:
        self.acknowledged.append((dict(positions), wait))

    @property
    def lag(self) -> dict[int, int]:
        return {0: len(self._values) - self._at}

    @property
    def caught_up(self) -> bool:
        return not self.lag[0]

    def close(self) -> None:
        self.closed = True


class FakeSink(Sink):
    """Keeps ledgers; what it commits is durable when the period ends."""

    def __init__(self, positions: dict[int, int] | None = None) -> None:
        super().__init__("store", plan(), STREAM)
        self.positions = positions or {}
        self.periods: list[Ledger] = []
        self.committed: list[Judged] = []
        self.failing = self.closed = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def _open(self) -> dict[int, int]:
        return dict(self.positions)

    def commit(self, judged: Judged, ledger: Ledger) -> Ledger:
        self.may_go_on.wait()
        if self.failing:
            raise RunError("the sink went away")
        self.committed.append(judged)
        return ledger.after(judged)

    def end_period(self, ledger: Ledger) -> None:
        self.periods.append(ledger)
        self.positions |= ledger.ends

    @property
    def durable(self) -> dict[int, int]:
        return dict(self.positions)

    def close(self) -> None:
        self.closed = True


def begin(
    reader: FakeReader,
    sink: FakeSink,
    *,
    period: datetime.timedelta = LONG,
    once: bool = True,
    stop: threading.Event | None = None,
) -> Session:
    made = Session(plan(), reader, sink, Settings(STREAM, period, once), stop)
    made.open()
    return made


def test_once_ends_when_all_that_was_there_is_committed() -> None:
    reader, sink = FakeReader(10), FakeSink()
    session = begin(reader, sink)
    session.run(judge)
    assert session.ending == "caught-up"
    assert session.committed.records == 10
    assert [period.tally.records for period in sink.periods] == [10]
    assert reader.acknowledged[-1] == ({0: 10}, True)


@pytest.mark.parametrize("commits_periods", [False, True])
def test_listeners_are_told_of_commits_once_they_are_durable(commits_periods: bool) -> None:
    sink, recorder = FakeSink(), Recorder()
    sink.commits_periods = commits_periods
    settings = Settings(STREAM, LONG, once=True)
    session = Session(plan(), FakeReader(10), sink, settings, listeners=Listeners(recorder))
    session.open()
    session.run(judge)
    commits = [of for what, of in recorder.told if what == "committed"]
    assert [commit.records for commit in commits] == ([10] if commits_periods else [4, 4, 2])
    assert {commit.run for commit in commits} == {period.run for period in sink.periods}
    assert sum(commit.released for commit in commits) == session.committed.released
    assert sum(sum(commit.quarantine.values()) for commit in commits) == (
        session.committed.quarantined
    )
    assert [of for what, of in recorder.told if what == "polled"] == [{0: 10}]


def test_listeners_are_not_told_that_it_goes_on_while_its_source_is_away() -> None:
    reader, recorder, stop = FakeReader(0), Recorder(), threading.Event()
    reader.is_away = True
    settings = Settings(STREAM, LONG)
    session = Session(plan(), reader, FakeSink(), settings, stop, listeners=Listeners(recorder))
    session.open()
    assert session.read(0.0) is None
    assert recorder.told == []
    reader.is_away = False
    assert session.read(0.0) is None
    assert recorder.told == [("polled", {0: 0})]


def test_nothing_to_read_makes_no_receipt() -> None:
    sink = FakeSink()
    session = begin(FakeReader(0), sink)
    session.run(judge)
    assert (session.ending, sink.periods, sink.committed) == ("caught-up", [], [])


def test_it_begins_where_the_sink_says() -> None:
    sink = FakeSink({0: 7})
    begin(FakeReader(10), sink).run(judge)
    assert [commit.ranges[0].first for commit in sink.committed] == [7]
    assert sink.positions == {0: 10}


def test_without_once_it_waits_for_more_until_it_is_stopped() -> None:
    reader, sink = FakeReader(4), FakeSink()
    stop = threading.Event()
    session = begin(reader, sink, once=False, stop=stop)
    found = session.read(0.0)
    assert found is not None
    assert session.read(0.0) is None
    assert session.ending is None
    stop.set()
    assert session.commit(judge(found))
    assert session.read(60.0) is None
    session.finish()
    assert session.ending == "stopped"
    assert sink.positions == {0: 4}


def test_a_period_ends_when_its_time_is_over_and_each_has_a_receipt() -> None:
    sink = FakeSink()
    session = begin(FakeReader(10), sink, period=OVER)
    session.run(judge)
    assert [period.tally.records for period in sink.periods] == [4, 4, 2]
    assert len({period.run for period in sink.periods}) == 3
    assert session.committed.records == 10


def test_nothing_is_acknowledged_before_it_is_durable() -> None:
    reader = FakeReader(10)
    begin(reader, FakeSink()).run(judge)
    assert [positions for positions, wait in reader.acknowledged if not wait] == [{}, {}, {}]


@pytest.mark.parametrize("after", [0, 1])
def test_on_the_day_on_which_the_law_changes_nothing_more_is_committed(
    after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = today() + datetime.timedelta(days=1)
    reader, sink = FakeReader(10), FakeSink()
    session = Session(
        replace(plan(), valid_until=changes), reader, sink, Settings(STREAM, LONG, once=True)
    )
    session.open()
    first = session.read(0.0)
    assert first is not None
    assert session.commit(judge(first))
    later = session.read(0.0)
    assert later is not None
    day = changes + datetime.timedelta(days=after)
    monkeypatch.setattr(session_module, "today", lambda: day)
    assert not session.commit(judge(later))
    assert session.read(0.0) is None
    session.finish()
    assert session.ending == "expired"
    assert sink.positions == {0: 4}
    assert session.committed.records == 4
    session.close()

    monkeypatch.undo()
    begin(reader, sink).run(judge)
    assert [commit.ranges[0].first for commit in sink.committed] == [0, 4, 8]
    assert sink.positions == {0: 10}


def test_a_plan_of_yesterday_reads_nothing() -> None:
    session = Session(
        replace(plan(), valid_until=today()), FakeReader(4), FakeSink(), Settings(STREAM, LONG)
    )
    session.open()
    assert session.read(60.0) is None
    assert session.ending == "expired"


def test_a_stop_on_the_last_day_is_a_stop() -> None:
    expired, stop = replace(plan(), valid_until=today()), threading.Event()
    session = Session(expired, FakeReader(4), FakeSink(), Settings(STREAM, LONG), stop)
    stop.set()
    assert session.read(0.0) is None
    assert session.ending == "stopped"


@pytest.mark.parametrize("goes_on", [True, False])
def test_what_a_sink_does_not_commit_is_told_and_not_counted(goes_on: bool) -> None:
    reader, sink = FakeReader(10), FakeSink()
    session = begin(reader, sink)
    sink.failing = True
    found = session.read(0.0)
    assert found is not None
    session.commit(judge(found))
    ends = (lambda: session.commit(judge(found))) if goes_on else session.finish
    with pytest.raises(RunError):
        ends()
    session.close()
    assert (session.committed.records, sink.positions) == (0, {})
    assert (reader.closed, sink.closed) == (True, True)


def test_the_next_messages_are_gathered_while_a_commit_is_under_way() -> None:
    sink = FakeSink()
    session = begin(FakeReader(10), sink)
    sink.may_go_on.clear()
    first = session.read(0.0)
    assert first is not None
    session.commit(judge(first))
    second = session.read(0.0)
    assert second is not None
    assert sink.committed == []
    sink.may_go_on.set()
    session.commit(judge(second))
    session.run(judge)
    assert [commit.ranges[0].first for commit in sink.committed] == [0, 4, 8]
    assert [period.tally.records for period in sink.periods] == [10]


@pytest.mark.parametrize(
    ("lag", "told"),
    [
        ({0: 5_000}, "5000 behind"),
        ({0: 10, 1: 700}, "710 behind"),
        ({0: 900, 1: 1_000, 2: 900}, "2800 behind"),
        ({0: 10, 1: 149_000, 2: 3}, "149013 behind, 149000 of them in partition 1"),
    ],
)
def test_a_partition_that_is_far_behind_is_told(
    lag: dict[int, int], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Behind(FakeReader):
        @property
        def lag(self) -> dict[int, int]:
            return lag

        @property
        def caught_up(self) -> bool:
            return self._at == 4

    with caplog.at_level("INFO"):
        begin(Behind(4), FakeSink()).run(judge)
    assert caplog.messages[-1].endswith(f"; {told}")


@pytest.mark.parametrize(("seconds", "rate"), [(0.0, None), (2.0, "2/s")])
def test_a_rate_is_told_of_a_period_that_is_long_enough_for_one(
    seconds: float,
    rate: str | None,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = begin(FakeReader(4), FakeSink())
    found = session.read(0.0)
    assert found is not None
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    session.commit(judge(found))
    monkeypatch.setattr(time, "monotonic", lambda: now + seconds)
    with caplog.at_level("INFO"):
        session.finish()
    assert ("/s" in caplog.text, f"; {rate}" in caplog.text) == (rate is not None,) * 2


def test_it_stops_once_its_sum_shows_that_a_released_column_holds_nirs() -> None:
    inscriptions = bundled_project().plan("prestataires-inscriptions", today())
    judging = Judge(inscriptions, STREAM, json_decoder())
    numbers = [number + "  " for number in nirs(random.Random(1), 40)]
    reader, sink = FakeReader(0), FakeSink()
    reader._values = [
        json.dumps(
            {
                "numero_dossier": number,
                "statut": "VALIDEE",
                "nom": "DURAND",
                "prenom": "Anne",
                "session": {"id": "S1"},
                "action": {"id": "A1"},
            }
        ).encode()
        for number in numbers
    ]
    session = Session(inscriptions, reader, sink, Settings(STREAM, LONG, once=True))
    session.open()

    with pytest.raises(RefusedError, match="the stream stops, and commits nothing more") as error:
        session.run(judging.judge)

    released = sum(judged.tally.released for judged in sink.committed)
    assert 0 < released <= 20
    assert f"at most {released} such values were committed" in str(error.value)
    assert not any(number.strip() in str(error.value) for number in numbers)


def begin_holding(sink: FakeSink, min_unit: int, **more: Any) -> Session:
    (release,) = plan().releases
    held = replace(plan(), releases=(replace(release, min_unit=min_unit),))
    settings = Settings(STREAM, more.pop("period", LONG), more.pop("once", True))
    session = Session(held, FakeReader(12), sink, settings, **more)
    session.open()
    return session


def rows(judged: Judged) -> int:
    return judged.tally.rows[plan().releases[0].id]


def test_a_commit_is_held_back_until_it_has_so_many_rows(caplog: pytest.LogCaptureFixture) -> None:
    whole, sink = FakeSink(), FakeSink()
    begin(FakeReader(12), whole).run(judge)
    sizes = [rows(commit) for commit in whole.committed]
    assert min(size for size in sizes if size) < 3 < sum(sizes)
    session = begin_holding(sink, 3)
    session.run(judge)
    assert session.ending == "caught-up"
    assert all(rows(commit) >= 3 for commit in sink.committed[:-1] if rows(commit))
    assert sum(map(rows, sink.committed)) == sum(sizes)
    assert sink.positions == whole.positions
    (period,) = sink.periods
    assert period.units == {plan().releases[0].id: min(filter(None, map(rows, sink.committed)))}
    many = FakeSink()
    with caplog.at_level("WARNING"):
        begin_holding(many, 1_000).run(judge)
    assert [rows(commit) for commit in many.committed] == [sum(sizes)]
    assert f"a commit has {sum(sizes)} rows of release" in caplog.text


def test_what_is_held_is_committed_when_the_period_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sink = FakeSink()
    session = begin_holding(sink, 1_000, period=OVER)
    session.run(judge)
    assert len(sink.periods) > 1
    assert sink.positions == {0: 12}
    assert "fewer than its `min_unit`" in caplog.text


def test_what_is_held_when_it_is_stopped_is_read_again() -> None:
    stop, sink = threading.Event(), FakeSink()
    session = begin_holding(sink, 1_000, once=False, stop=stop)
    found = session.read(0.0)
    assert found is not None
    assert session.commit(judge(found))
    stop.set()
    assert session.read(0.0) is None
    session.finish()
    assert (session.ending, sink.committed, sink.periods, sink.positions) == ("stopped", [], [], {})


class Watched:
    """A list of limited persons that a test changes."""

    path = "limited.json"
    changed = False

    def is_changed(self) -> bool:
        return self.changed


def test_what_is_held_when_the_list_is_changed_is_not_committed_at_the_end_of_the_period() -> None:
    watch, sink = Watched(), FakeSink()
    session = begin_holding(sink, 1_000, once=False, period=OVER, watch=watch)
    found = session.read(0.0)
    assert found is not None
    assert session.commit(judge(found))
    watch.changed = True
    assert session.read(0.0) is None
    session.finish()
    assert (session.ending, sink.committed, sink.positions) == ("expired", [], {})
