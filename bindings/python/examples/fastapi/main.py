"""A JSON API whose calls are counted.

    pip install "../..[starlette]" fastapi uvicorn
    uvicorn main:app

The first line compiles trackside (see Install in ../../README.md).

What was counted is in trackside.db: `sqlite3 trackside.db 'SELECT method, path, route FROM hit'`.
"""

from __future__ import annotations

from fastapi import FastAPI, Request

from trackside.starlette import TracksideMiddleware, exchange

app = FastAPI()
# Any method but HEAD and OPTIONS, any type, 2xx; no cookie: callers are told apart for a day, by a hash.
app.add_middleware(TracksideMiddleware, config={"track": {"count": "api", "ignore": ["/health"]}})


@app.get("/items/{number}")
async def item(number: int, request: Request) -> dict[str, int]:
    exchange(request).property("is_even", number % 2 == 0)
    return {"number": number}


@app.post("/items", status_code=201)
async def add(request: Request) -> dict[str, str]:
    exchange(request).event("add", category="items")
    return {"is": "added"}


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"is_well": True}
