"""When a mail of a notice leaves, and what it says."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optima_contracts.brief import BriefOverBudget
from optima_contracts.catalogue import every_event_type
from optima_kit.sealing import Sealer
from portal.adapters.labels import LABELS
from portal.adapters.mail import Mailer, UnsubscribeCodes, Unsubscribing
from portal.adapters.messages import OF_PHASES, PROGRESS, TOLD, what_of
from portal.application.ports import Addressee
from portal.domain.notices import USUAL, Notice, Preferences

ROME = ZoneInfo("Europe/Rome")
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
MOMENTS = st.builds(lambda day, at: datetime.combine(day, at, ROME), DAYS, st.times())
TENANT, ANNA = UUID(int=1), UUID(int=2)
CODES = UnsubscribeCodes(Sealer("a-secret-of-these-tests-0123456789abcdef", "portal unsubscribing"))
MAILER = Mailer("smtp://127.0.0.1:1", "OPTIMA <no@optima.example>", "https://portal.example/", CODES)


def notice(number: int, title: str = "Vetrina di Natale") -> Notice:
    at = datetime(2026, 11, 29, 12, tzinfo=ROME)
    return Notice(UUID(int=number), ANNA, "to_decide", "step_pending", title, "Direzione", "/approvals/1", at)


@given(MOMENTS, st.times(), st.times())
def test_no_mail_leaves_in_quiet_hours(now: datetime, begin: time, end: time) -> None:
    preferences = Preferences(quiet_from=begin, quiet_until=end)
    leaves = preferences.leaves_at("at_once", now, ROME)
    assert leaves is not None
    assert leaves >= now
    local = leaves.astimezone(ROME).time()
    inside = begin <= local < end if begin <= end else local >= begin or local < end
    # An hour that the clock skips in spring is given as the one after it.
    assert not inside or leaves.astimezone(ROME).utcoffset() != now.utcoffset()


@given(MOMENTS, st.times())
def test_a_digest_leaves_within_a_day_at_its_hour(now: datetime, at: time) -> None:
    leaves = Preferences(digest_at=at).leaves_at("digest", now, ROME)
    assert leaves is not None
    assert now < leaves <= now + timedelta(hours=25)
    assert (leaves.hour, leaves.minute) == (at.hour, at.minute)


def test_what_stands_on_the_page_alone_is_not_mailed() -> None:
    assert Preferences().leaves_at("page", datetime(2026, 1, 1, tzinfo=ROME), ROME) is None


@pytest.mark.parametrize(
    ("language", "subject", "greeting", "told"),
    [
        ("it", "Aspetta la tua decisione: Vetrina di Natale", "Buongiorno Anna,", "Aspetta la tua decisione"),
        ("en", "Waits for your decision: Vetrina di Natale", "Good day Anna,", "Waits for your decision"),
    ],
)
def test_a_mail_is_read_as_plain_text(language, subject, greeting, told) -> None:  # type: ignore[no-untyped-def]
    mail = MAILER.written(TENANT, Addressee(ANNA, "Anna", "anna@a.example", language), [notice(7)])
    assert mail["Subject"] == subject
    assert mail.get_content_type() == "text/plain"
    text = mail.get_content()
    assert text.startswith(greeting)
    assert f"{told}\n«Vetrina di Natale» (Direzione)\nhttps://portal.example/notices/{UUID(int=7)}" in text
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    code = mail["List-Unsubscribe"].strip("<>").partition("code=")[2]
    assert CODES.read(code) == Unsubscribing(TENANT, ANNA, frozenset({"to_decide"}))
    assert f"/unsubscribe?code={code}" in text


def test_many_notices_are_one_mail() -> None:
    to = Addressee(ANNA, "Anna", "anna@a.example", "it")
    mail = MAILER.written(TENANT, to, [notice(number, f"Titolo {number}") for number in range(20)])
    assert mail["Subject"] == "20 avvisi da Linea OPTIMA"
    assert all(f"«Titolo {number}»" in mail.get_content() for number in range(20))


@pytest.mark.parametrize("code", ["", "no code", "AAAA", "ü"])
def test_no_other_code_stops_mails(code: str) -> None:
    assert CODES.read(code) is None


def test_whoever_is_named_as_a_recipient_is_told_in_words() -> None:
    named = {model for model in every_event_type().values() if "recipients" in model.model_fields}
    assert named == {*TOLD, *OF_PHASES, BriefOverBudget}
    assert {what_of(model.type) for model in named} <= LABELS["notice"].keys()
    assert {f"brief_{what_of(model.type)}" for model in PROGRESS} <= LABELS["notice"].keys()
    assert LABELS["notice_kind"].keys() == USUAL.keys()
