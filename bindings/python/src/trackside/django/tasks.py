"""Where Celery's ``autodiscover_tasks()`` looks in an installed app: the task that posts hits."""

from trackside.celery import submit_tracking

__all__ = ["submit_tracking"]
