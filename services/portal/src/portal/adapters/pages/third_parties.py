"""The company's goods that are with others: on loan, on show, or with a supplier who works on them."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import part, with_parts
from ..forms import today
from ..places import types_of

pages = Pages()


@pages.get("/third-parties")
async def show_goods_with_third_parties(call: PageCall) -> Answer:
    services = call.session.services
    chosen = call.query.get("document_type")
    goods, types = await with_parts(
        part(
            services.get(
                "logistics",
                "/v1/goods-with-third-parties",
                limit=50,
                document_type=chosen,
                cursor=call.query.get("cursor"),
            )
        ),
        services.every("logistics", "/v1/document-types"),
    )
    context = {
        "goods": goods,
        "types": types_of(types, lambda each: each["direction"] == "out" and not each["ownership_passes"]),
        "chosen": chosen or "",
        "today": today(call).isoformat(),
    }
    return TemplateAnswer("third_parties.html", context)
