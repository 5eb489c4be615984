"""G7: hits delivered in a second, and the processor time of each, by a process that does nothing else.

``python -m benchmarks.delivery WHO URL HITS`` is that process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import peers, request
from benchmarks.collector import Collector
from benchmarks.effort import Effort
from benchmarks.report import Row
from trackside import Tracker, _block

#: The Python peers deliver so many times fewer in the same time.
SLOWER = 10
VISITOR = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
PAGE = f"https://{request.HOST}{request.PATH}"
META = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in request.CHROME}


def measure(effort: Effort) -> list[Row]:
    hits = {"ours": effort.hits, "segment": effort.hits // SLOWER, "posthog": effort.hits // SLOWER}
    rate: dict[str, list[float]] = {who: [] for who in hits}
    cost: dict[str, list[float]] = {who: [] for who in hits}
    with Collector() as collector:
        for _ in range(effort.runs):
            for who, count in hits.items():
                command = [sys.executable, "-m", "benchmarks.delivery", who, collector.url, str(count)]
                told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
                seconds, spent = json.loads(told)
                rate[who].append(count / seconds)
                cost[who].append(spent / count * 1e6)
        for who, count in hits.items():
            came = collector.counts()[who]
            if came.hits != count * effort.runs:
                raise RuntimeError(f"{who}: {came}, and not {count * effort.runs} hits")
    best = max(("segment", "posthog"), key=lambda who: sum(rate[who]))
    return [
        Row("delivered, hits/s", rate["ours"], "G7", (best, rate[best]), at_least=20.0),
        Row("delivered, CPU µs a hit", cost["ours"], "", (best, cost[best])),
    ]


def _ours(url: str, hits: int) -> None:
    store = {
        "type": "ga4",
        "measurement_id": "G-ABC1234567",
        "api_secret": "of a benchmark",
        "url": f"{url}/ours",
        "batch": {"hits": 20},
        "queue": {"hits": 1_000_000, "bytes": "1GiB"},
    }
    config = {"consent": {"policy": "none"}, "destination": [store]}
    with Tracker(config, env=False) as tracker:
        target = f"{request.PATH}?{request.QUERY}"
        headers = [*request.CHROME, ("cookie", f"trackside={VISITOR}")]
        block = _block.request("GET", target, headers, "", request.PEER, True)
        for _ in range(hits):
            tracker._begin(block).finish(200, request.HTML)
        tracker.close(60)


def _segment(url: str, hits: int) -> None:
    client = peers.segment_client(url)
    for _ in range(hits):
        peers.view(client, VISITOR, PAGE, META)
    client.flush()
    client.join()


def _posthog(url: str, hits: int) -> None:
    client = peers.posthog_client(url)
    for _ in range(hits):
        peers.capture(client, VISITOR, PAGE, META)
    client.shutdown()


def main(who: str, url: str, hits: str) -> None:
    deliver: Callable[[str, int], None] = {"ours": _ours, "segment": _segment, "posthog": _posthog}[who]
    start, before = time.perf_counter(), _spent()
    deliver(url, int(hits))
    print(json.dumps((time.perf_counter() - start, _spent() - before)))


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(*sys.argv[1:])
