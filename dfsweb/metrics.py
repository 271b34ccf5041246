"""`/metrics`: what the processes of this gateway have counted, and the cluster's figures, for Prometheus."""

import hmac
import logging
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

from dfsweb import api_errors
from nodes import exposition, measures

logger = logging.getLogger(__name__)


@csrf_exempt  # it changes nothing: another method is 405
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Write everything down for whoever has METRICS_TOKEN; without the database, what needs none."""
    if not _is_scraper(request):
        problem = api_errors.Problem("scrape_denied", "Send `Authorization: Bearer` with METRICS_TOKEN.")
        return api_errors.render_problem(problem, request)
    found = list(measures.gathered().collect())
    try:
        found += exposition.collect()
        is_database_up = 1
    except DatabaseError as error:
        logger.warning("the cluster's figures could not be read: %s", error)
        is_database_up = 0
    words = "Whether the cluster's figures could be read."
    found.append(GaugeMetricFamily("dfs_database_up", words, value=is_database_up))
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(_Collected(found)), content_type=content_type)


@dataclass(frozen=True, slots=True)
class _Collected:
    """Metrics at hand, as an encoder wants them."""

    found: list[Metric]

    def collect(self) -> list[Metric]:
        return self.found


def _is_scraper(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").encode()
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given, wanted)
