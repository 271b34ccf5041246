"""The gateway's WSGI entry."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import resolve

from dfsweb.unread_bodies import settle_bodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dfsweb.settings")
application = settle_bodies(get_wsgi_application())
# Every view is loaded now, not by the first request: what is loaded before a server forks is shared by all.
resolve("/healthz")
