#!/usr/bin/env python3
"""Where addresses are, for the vectors: a table, how it is looked up, and the same table as a MaxMind DB file.

    places.py            fails if files/places.mmdb is not what the table makes
    places.py --write    writes it

The format is that of https://maxmind.github.io/MaxMind-DB/: a tree of the addresses' bits, 16 zeros, the records, and
behind a marker the metadata. The networks are those for documentation (RFC 5737, RFC 3849); nothing is anybody's data.
"""

import ipaddress
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parent / "files" / "places.mmdb"

# Network: country, region, city; None: a network of which the country is not known.
TABLE = {
    "192.0.2.0/25": ("DE", "BE", {"en": "Berlin", "de": "Berlin"}),
    "192.0.2.128/25": ("DE", "BY", {"de": "München"}),
    "198.51.100.0/24": ("US", "CA", {"en": "San José"}),
    "203.0.113.0/24": ("FR", None, None),
    "203.0.112.0/24": (None, None, None),
    "2001:db8:1::/48": ("JP", "13", {"en": "Tokyo"}),
    "2001:db8:2:8000::/49": ("BR", "SP", {"pt-BR": "São Paulo"}),
}


def locate(address):
    """(country, region, city) of the network that has `address`; each None if it is not known."""
    address = ipaddress.ip_address(address)
    for text, (country, region, names) in TABLE.items():
        if address.version == ipaddress.ip_network(text).version and address in ipaddress.ip_network(text):
            return country, region, names and names.get("en", next(iter(names.values())))
    return None, None, None


# --- the file ---


def control(kind, size):
    """The byte or bytes that say what follows; kinds above 7 have a byte more."""
    assert size < 285
    first, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    return bytes([kind << 5 | first]) + more if kind <= 7 else bytes([first, kind - 7]) + more


def value(data):
    if isinstance(data, str):
        text = data.encode()
        return control(2, len(text)) + text
    if isinstance(data, dict):
        return control(7, len(data)) + b"".join(value(key) + value(item) for key, item in data.items())
    if isinstance(data, list):
        return control(11, len(data)) + b"".join(map(value, data))
    kind, number = data
    digits = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return control({"uint16": 5, "uint32": 6, "uint64": 9}[kind], len(digits)) + digits


def record(country, region, names):
    found = {"continent": {"code": "EU"}}
    if country:
        found["country"] = {"geoname_id": ("uint32", 1), "iso_code": country}
    if region:
        found["subdivisions"] = [{"iso_code": region}]
    if names:
        found["city"] = {"names": names}
    return found


def database():
    nodes, data = [[None, None]], b""
    for text, place in TABLE.items():
        network = ipaddress.ip_network(text)
        # IPv4 addresses stand at ::/96.
        depth = network.prefixlen + (96 if network.version == 4 else 0)
        bits, node = int(network.network_address), 0
        for level in range(depth - 1):
            bit = bits >> (127 - level) & 1
            if nodes[node][bit] is None:
                nodes.append([None, None])
                nodes[node][bit] = len(nodes) - 1
            node = nodes[node][bit]
        nodes[node][bits >> (128 - depth) & 1] = -1 - len(data)
        data += value(record(*place))

    def entry(to):
        count = len(nodes)
        return (count if to is None else to if to >= 0 else count + 16 + (-1 - to)).to_bytes(3, "big")

    tree = b"".join(entry(left) + entry(right) for left, right in nodes)
    metadata = {
        "binary_format_major_version": ("uint16", 2),
        "binary_format_minor_version": ("uint16", 0),
        "build_epoch": ("uint64", 1_784_714_400),
        "database_type": "Trackside-Test-City",
        "description": {"en": "networks for documentation"},
        "ip_version": ("uint16", 6),
        "languages": ["en"],
        "node_count": ("uint32", len(nodes)),
        "record_size": ("uint16", 24),
    }
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + value(metadata)


def main():
    if "--write" in sys.argv[1:]:
        FILE.write_bytes(database())
    elif FILE.read_bytes() != database():
        print(f"{FILE.name} is not what the table makes")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
