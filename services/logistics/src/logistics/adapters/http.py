"""All endpoints of logistics."""

from __future__ import annotations

from optima_kit.http import Routes

from . import (
    http_articles,
    http_counts,
    http_figures,
    http_holds,
    http_invoicing,
    http_lookups,
    http_own_ddts,
    http_papers,
    http_shipments,
    http_stock,
)

routes = Routes()
routes.include(http_lookups.routes)
routes.include(http_articles.routes)
routes.include(http_counts.routes)
routes.include(http_invoicing.routes)
routes.include(http_stock.routes)
routes.include(http_holds.routes)
routes.include(http_shipments.routes)
routes.include(http_own_ddts.routes)
routes.include(http_papers.routes)
routes.include(http_figures.routes)
