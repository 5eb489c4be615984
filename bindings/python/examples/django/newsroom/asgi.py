"""The site as a ASGI application."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

from trackside.django.asgi import Lifespan

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")

# Django knows no lifespan: without it, uvicorn would end by SIGTERM before the last hits are delivered.
application = Lifespan(get_asgi_application())
