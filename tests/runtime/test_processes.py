"""The supervised process: restarted after a crash, given up when hopeless, ended with all its children."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from optima_local.logs import RotatingLog, last_lines
from optima_local.processes import Program, StartFailed, SupervisedProgram, is_alive, start_ticks

MakeSupervised = Callable[..., SupervisedProgram]


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[MakeSupervised]:
    """Runs a line of Python under supervision; ready as soon as it has made the file `ready`."""
    made: list[SupervisedProgram] = []

    def make(code: str, grace_seconds: float = 5.0) -> SupervisedProgram:
        program = Program(
            name="probe",
            command=(sys.executable, "-c", code),
            environment=dict(os.environ),
            folder=tmp_path,
            ready=(tmp_path / "ready").exists,
            grace_seconds=grace_seconds,
        )
        one = SupervisedProgram(program, RotatingLog(tmp_path / "probe.log"), lambda: None)
        made.append(one)
        one.start()
        return one

    yield make
    for one in made:
        one.stop()


def until(check: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)


def wait_until_ready(one: SupervisedProgram, seconds: float = 5.0) -> None:
    one.wait_until_ready(time.monotonic() + seconds, threading.Event())


WAIT_FOR_EVER = "import pathlib, signal; pathlib.Path('ready').touch(); signal.pause()"


def test_a_crashed_process_is_started_again(supervised: MakeSupervised) -> None:
    one = supervised(WAIT_FOR_EVER)
    wait_until_ready(one)
    first = one.pid
    assert first is not None
    os.kill(first, 9)
    until(lambda: one.restarts == 1 and one.state == "ready" and one.pid != first)


def test_a_process_that_never_gets_ready_is_given_up_with_its_last_words(supervised: MakeSupervised) -> None:
    one = supervised("raise SystemExit('the database is on the moon')")
    with pytest.raises(StartFailed, match="the database is on the moon"):
        wait_until_ready(one)


def test_a_process_that_ignores_the_signal_is_killed_after_its_grace(supervised: MakeSupervised) -> None:
    one = supervised(f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAIT_FOR_EVER}", 0.2)
    wait_until_ready(one)
    pid, started = one.pid, one.started_at
    one.stop()
    assert not is_alive(pid, started)


def test_children_end_with_their_process(supervised: MakeSupervised, tmp_path: Path) -> None:
    child = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
    one = supervised(
        "import subprocess, sys, pathlib;"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}]);"
        "pathlib.Path('child').write_text(str(child.pid));" + WAIT_FOR_EVER
    )
    wait_until_ready(one)
    pid = int((tmp_path / "child").read_text())
    one.stop()
    until(lambda: start_ticks(pid) is None)


def test_a_stopped_process_stays_stopped(supervised: MakeSupervised) -> None:
    one = supervised(WAIT_FOR_EVER)
    wait_until_ready(one)
    one.stop()
    assert (one.state, one.restarts) == ("stopped", 0)


def test_the_log_holds_json_lines_alone(supervised: MakeSupervised, tmp_path: Path) -> None:
    one = supervised(
        f"""print('{{"event": "sold"}}', flush=True); print('plain words', flush=True); {WAIT_FOR_EVER}"""
    )
    wait_until_ready(one)
    until(lambda: len(last_lines(tmp_path / "probe.log", 10)) == 2)
    lines = [json.loads(line) for line in last_lines(tmp_path / "probe.log", 10)]
    assert [line["event"] for line in lines] == ["sold", "plain words"]


def test_a_log_rotates_by_size_and_keeps_three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optima_local.logs.MOST_BYTES", 1000)
    (tmp_path / "busy.log").touch(mode=0o644)
    log = RotatingLog(tmp_path / "busy.log")
    for number in range(100):
        log.say("info", "something happened", number=number)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "busy.log",
        "busy.log.1",
        "busy.log.2",
        "busy.log.3",
    ]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert json.loads(last_lines(tmp_path / "busy.log", 1)[0])["number"] == 99
