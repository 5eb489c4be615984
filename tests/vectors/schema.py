"""Snowplow's own schemas, and whether what the receiver `snowplow` is sent holds to them."""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "schemas"
OWN = "iglu:com.snowplowanalytics.snowplow/"
TYPES = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": (int, float),
    "object": dict,
    "string": str,
}
KNOWN = set(
    """$schema additionalProperties description enum items maxLength maximum minItems minLength minimum properties
    required self type""".split()
)


def check(value, schema, at="it"):
    """Raises if `value` is not what `schema` says, or that says what is not known here."""
    unknown = schema.keys() - KNOWN
    if unknown:
        raise ValueError(f"a schema has {unknown.pop()}")
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    is_number = isinstance(value, bool) and "boolean" not in kinds
    if kinds and (is_number or not any(isinstance(value, TYPES[kind]) for kind in kinds)):
        raise ValueError(f"{at} is no {kinds}: {value!r}")
    if value not in schema.get("enum", [value]):
        raise ValueError(f"{at} is none of the words: {value!r}")
    if isinstance(value, str):
        fits = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
    elif isinstance(value, (int, float)):
        fits = schema.get("minimum", value) <= value <= schema.get("maximum", value)
    else:
        fits = len(value or ()) >= schema.get("minItems", 0)
    if not fits:
        raise ValueError(f"{at} is too much or too little: {value!r}")
    if isinstance(value, list):
        for n, item in enumerate(value):
            check(item, schema.get("items", {}), f"{at}[{n}]")
    if isinstance(value, dict):
        missing = set(schema.get("required", [])) - value.keys()
        if missing:
            raise ValueError(f"{at} lacks {missing.pop()}")
        more = schema.get("additionalProperties", {})
        for key, item in value.items():
            inner = schema.get("properties", {}).get(key, more)
            if inner is False:
                raise ValueError(f"{at} has {key}")
            check(item, inner, f"{at}.{key}")


def check_described(described):
    """A table with `schema` and `data`, of one of Snowplow's own schemas."""
    name, _, version = described["schema"].removeprefix(OWN).partition("/jsonschema/")
    schema = json.loads((FOLDER / f"{name}-{version}.json").read_text())
    check(described["data"], schema, name)


def check_body(body):
    check_described(body)
    for event in body["data"]:
        if "ue_pr" in event:
            check_described(json.loads(event["ue_pr"])["data"])
        if "co" in event:
            for context in json.loads(event["co"])["data"]:
                check(context, {"type": "object", "required": ["schema", "data"]})
