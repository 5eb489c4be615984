"""Django: ``"trackside.django.Middleware"`` in ``MIDDLEWARE`` counts the site's requests.

That line works alone. With ``"trackside.django"`` in ``INSTALLED_APPS`` there are system checks for the
settings, the template tag ``{% trackside_notice %}`` and the commands ``trackside_explain`` and
``trackside_stats`` as well.
"""

from __future__ import annotations

from .live import tracker
from .middleware import Middleware
from .request import TracksideRequest

__all__ = ["Middleware", "TracksideRequest", "tracker"]
