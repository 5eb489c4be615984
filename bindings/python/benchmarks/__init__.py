"""Trackside in Python beside its peers: ``cargo xtask python bench``.

In an environment that has the package with its extra ``bench``, it is ``python -m benchmarks`` in the folder
of the package; ``--help`` tells the options. Redis has to be on the machine, for the origin's Celery.

Each figure is of one request with and without somebody's middleware, in turn and in one process; it is the
median of the differences. Of several runs the table shows the median and, in brackets, the least and the
greatest. A ratio is the median of the ratios of each run.

Absolute times mean little on a machine that others share; the ratios hold.
"""
