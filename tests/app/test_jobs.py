import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.jobs import Jobs, Report
from engine.domain.errors import MediaError


@pytest.fixture
def jobs(qapp: object) -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.close()


def test_result_and_progress_arrive_on_the_window_thread(jobs: Jobs, qtbot: QtBot) -> None:
    seen: list[tuple[object, threading.Thread]] = []

    def work(report: Report) -> int:
        assert threading.current_thread() is not threading.main_thread()
        report(1, 2)
        return 7

    note = lambda *values: seen.append((values, threading.current_thread()))  # noqa: E731
    jobs.run(work, done=note, progressed=note)
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert [values for values, _ in seen] == [(1.0, 2.0), (7,)]
    assert {thread for _, thread in seen} == {threading.main_thread()}


def test_a_foreseen_error_goes_to_the_caller(jobs: Jobs, qtbot: QtBot) -> None:
    failed: list[Exception] = []

    def work(_report: Report) -> None:
        raise MediaError("kite.jpg is damaged.")

    jobs.run(work, failed=failed.append)
    qtbot.waitUntil(lambda: len(failed) == 1)
    assert str(failed[0]) == "kite.jpg is damaged."


def test_a_bug_is_told_as_a_bug(jobs: Jobs, qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    bugs: list[Exception] = []
    jobs.bug.connect(bugs.append)
    jobs.run(lambda _report: 1 // 0, failed=lambda _: pytest.fail("not foreseen"))
    qtbot.waitUntil(lambda: len(bugs) == 1)
    assert isinstance(bugs[0], ZeroDivisionError)
    assert "a job failed" in caplog.text


def test_a_cancelled_job_ends_at_its_next_report_and_says_nothing(jobs: Jobs, qtbot: QtBot) -> None:
    go, ended = threading.Event(), threading.Event()

    def work(report: Report) -> None:
        go.wait(5)
        try:
            report(1, 1)
        finally:
            ended.set()

    job = jobs.run(work, done=lambda _: pytest.fail("was cancelled"))
    job.cancel()
    go.set()
    assert ended.wait(5)
    qtbot.wait(20)
