from __future__ import annotations

import hashlib
import json
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from brief.domain.content import Attachment, Content
from brief.domain.pricing import carried_over_prices, content_hash, price_revision
from optima_contracts.brief import BriefContent
from optima_kit.refusals import Invalid, Violations


def test_content_is_published_exactly_as_it_is_hashed(made: SimpleNamespace) -> None:
    file = Attachment(
        attachment_id=uuid4(), name="bozzetto.pdf", media_type="application/pdf", size=9, sha256="ab"
    )
    content = made.content(made.item("500", ("MI01", "300"), ("RM02", "200"))).with_attachment(file)
    published = BriefContent.model_validate(content.as_json()).model_dump(mode="json")
    assert published == content.as_json()
    canonical = json.dumps(
        {"content": published, "pricing_id": None, "prices": []},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    assert content_hash(content) == hashlib.sha256(canonical.encode()).hexdigest()


def test_stored_content_comes_back_with_the_same_hash(made: SimpleNamespace) -> None:
    content = made.content(made.item("12.500"), purpose="Più visibilità in cassa: è l’obiettivo")
    assert content_hash(Content.from_json(json.loads(json.dumps(content.as_json())))) == content_hash(content)


def test_hash_depends_on_every_part_of_the_content(made: SimpleNamespace) -> None:
    content = made.content()
    others = [
        {"title": "Altro"},
        {"category": "Stampati"},
        {"purpose": "x"},
        {"budget": Decimal("8000.01")},
        {"deadline": date(2027, 2, 16)},
        {"customer": "C001"},
        {"items": ()},
    ]
    hashes = {content_hash(content.model_copy(update=change)) for change in others}
    assert len(hashes | {content_hash(content)}) == len(others) + 1


class TestPricing:
    def price(self, made: SimpleNamespace, content: Content, *prices: tuple[UUID, str], pricing_id: UUID):
        return price_revision(
            content,
            [(item_id, Decimal(price)) for item_id, price in prices],
            revision=1,
            pricing_id=pricing_id,
            at=made.now,
            by=made.anna,
        )

    def test_amounts_are_rounded_half_up_to_the_cent(self, made: SimpleNamespace) -> None:
        item = made.item("3")
        pricing = self.price(made, made.content(item), (item.item_id, "0.115"), pricing_id=uuid4())
        assert pricing.lines[0].amount == Decimal("0.35")
        assert pricing.total == Decimal("0.35")

    def test_each_item_needs_one_price_and_each_price_an_item(self, made: SimpleNamespace) -> None:
        first, second = made.item(), made.item(description="Volantino")
        stranger = uuid4()
        with pytest.raises(Violations) as refused:
            self.price(
                made,
                made.content(first, second),
                (first.item_id, "1"),
                (first.item_id, "2"),
                (stranger, "1"),
                pricing_id=uuid4(),
            )
        assert {refusal.code for refusal in refused.value.refusals} == {
            "item_without_price",
            "price_without_item",
            "price_repeated",
        }

    def test_a_total_beyond_what_an_event_carries_is_refused(self, made: SimpleNamespace) -> None:
        item = made.item("999999999")
        with pytest.raises(Invalid, match="total_too_large"):
            self.price(made, made.content(item), (item.item_id, "999999"), pricing_id=uuid4())

    def test_prices_are_part_of_the_hash(self, made: SimpleNamespace) -> None:
        item, id_ = made.item(), uuid4()
        content = made.content(item)
        one = self.price(made, content, (item.item_id, "1"), pricing_id=id_)
        two = self.price(made, content, (item.item_id, "2"), pricing_id=id_)
        assert len({one.content_hash, two.content_hash, content_hash(content)}) == 3

    def test_a_price_cannot_be_found_by_trying_hashes(self, made: SimpleNamespace) -> None:
        item = made.item()
        content = made.content(item)
        hashes = {
            self.price(made, content, (item.item_id, "1"), pricing_id=uuid4()).content_hash for _ in range(2)
        }
        assert len(hashes) == 2

    def test_prices_of_unchanged_items_are_carried_over(self, made: SimpleNamespace) -> None:
        same, more, other = made.item("500"), made.item("100"), made.item("10", description="Borsa")
        prices = {same.item_id: Decimal(2), more.item_id: Decimal(3), other.item_id: Decimal(4)}
        earlier = made.content(same, more, other)
        renamed = other.model_copy(update={"description": "Borsa in tela"})
        again = same.model_copy(update={"item_id": uuid4(), "quantity": Decimal("500.0")})
        enlarged = more.model_copy(update={"quantity": Decimal(200)})
        carried = carried_over_prices(earlier, prices, made.content(again, enlarged, renamed))
        assert carried == {again.item_id: Decimal(2)}


def test_what_a_newer_release_stored_is_kept_and_not_hashed(made: SimpleNamespace) -> None:
    stored = made.content().as_json()
    newer = stored | {"tone": "warm", "items": [stored["items"][0] | {"finish": "matt"}]}
    read = Content.from_json(newer)
    assert read.model_copy(update={"title": "Another"}).as_json() == newer | {"title": "Another"}
    assert content_hash(read) == content_hash(Content.from_json(stored))
