"""The app: checks, template tag, templates and commands. The middleware needs it for none of its work."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks

from .checks import check_placement, check_settings


class TracksideConfig(AppConfig):
    """``"trackside.django"`` in ``INSTALLED_APPS``."""

    name = "trackside.django"
    label = "trackside"
    verbose_name = "Trackside"

    def ready(self) -> None:
        """Registers the checks."""
        checks.register(check_settings, "trackside")
        checks.register(check_placement, "trackside")
