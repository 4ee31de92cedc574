"""The one session: how often and how long it asks, for a download as for the geocoding service."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

import pytest

from essgeo.errors import SourceUnavailableError
from essgeo.official.http import InterruptedTransferError, Patience, Web, retry_after_s


class Flaky:
    """Fails as it is told, one fault a call, then answers."""

    def __init__(self, *faults: InterruptedTransferError) -> None:
        self.faults = list(faults)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)
        return "answer"


def cut(*, progress: bool = False, pause_s: float = 0.0) -> InterruptedTransferError:
    return InterruptedTransferError("it was cut", progress=progress, pause_s=pause_s)


def web(sleeps: list[float], **patience: float) -> Web:
    return Web(None, Patience(**patience), sleep=sleeps.append, jitter=lambda: 0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header", [None, "", "soon", "-5", "5.5.5", "9" * 5000, "Thu, 99 Jan 2026 12:00:30 GMT", "\x00"]
)
def test_a_pause_that_cannot_be_read_is_none(header: str | None) -> None:
    assert retry_after_s(header) == 0


def test_a_pause_of_ages_is_a_pause_or_none() -> None:
    assert retry_after_s("9" * 400) in {0, 21_600}


def test_a_pause_is_a_number_or_a_date() -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)
    assert retry_after_s(" 17 ") == 17
    assert 20 < retry_after_s(format_datetime(soon, usegmt=True)) <= 30
    assert retry_after_s(format_datetime(soon - dt.timedelta(days=1), usegmt=True)) == 0


def test_it_waits_ever_longer_but_thirty_seconds_at_most() -> None:
    sleeps: list[float] = []
    once = Flaky(*(cut() for _ in range(7)))
    assert web(sleeps, attempts=8).attempt(once) == "answer"
    assert sleeps == [1, 2, 4, 8, 16, 30, 30]


def test_failures_count_from_the_last_time_that_something_came() -> None:
    sleeps: list[float] = []
    once = Flaky(cut(), cut(progress=True), cut(), cut(progress=True), cut())
    assert web(sleeps, attempts=3).attempt(once) == "answer"
    assert sleeps == [1, 1, 2, 1, 2]


def test_a_server_that_always_gives_a_little_is_given_up_in_the_end() -> None:
    once = Flaky(*(cut(progress=True) for _ in range(99)))
    with pytest.raises(InterruptedTransferError):
        web([], attempts=3, resumes=20).attempt(once)
    assert once.calls == 20


def test_a_pause_longer_than_there_is_patience_for_is_not_waited() -> None:
    sleeps: list[float] = []
    with pytest.raises(SourceUnavailableError, match=r"https://a\.fr/x: the server asks to wait 61 s"):
        web(sleeps, pause_s=60).persist("https://a.fr/x", Flaky(cut(pause_s=61)))
    assert sleeps == []
