"""The declarations that the wheel was built with, and the funnel from status to exception."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import trackside
from trackside import _block, _native, errors

SYMBOLS = Path(__file__).parents[3] / "ffi" / "symbols.txt"


def test_every_function_of_the_library_is_declared() -> None:
    names = SYMBOLS.read_text().split()
    assert len(names) == _native.FUNCTIONS
    assert [name for name in names if not hasattr(_native.lib, name)] == []


def test_library_declarations_and_package_are_of_one_abi() -> None:
    assert _native.lib.trackside_abi() == _native.lib.TRACKSIDE_ABI == _native.ABI
    assert _native.lib.trackside_version_number() == _native.lib.TRACKSIDE_VERSION_NUMBER


@pytest.mark.parametrize(
    ("abi", "version", "lacks"),
    [(7, 9_000_000, 0), (1, 999, 0), (1, 1000, 1), (0, 1000, 1)],
    ids=["of another ABI", "of an older version", "of this version, but older", "of somebody else"],
)
def test_a_library_that_is_not_this_package_s_is_refused(
    tmp_path: Path, abi: int, version: int, lacks: int
) -> None:
    names = sorted({*SYMBOLS.read_text().split()} - {"trackside_abi", "trackside_version_number"})
    functions = dict.fromkeys(names[lacks:], 0)
    functions["trackside_version_number"] = version
    if abi:
        functions["trackside_abi"] = abi
    package = tmp_path / "trackside"
    shutil.copytree(Path(trackside.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (library,) = (package / "_lib").glob("lib_lib.*")
    library.unlink()
    source = tmp_path / "stub.c"
    source.write_text(
        "".join(f"unsigned {name}(void) {{ return {answer}; }}\n" for name, answer in functions.items())
    )
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    imports = [sys.executable, "-c", "import trackside"]
    done = subprocess.run(
        imports,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    told = done.stderr.splitlines()[-1]
    assert told.startswith(
        f"ImportError: the library {library} has the ABI {abi}, the version {version} and {len(functions)} "
        "functions, and this package needs the ABI 1, the version 1000 or a later one, and "
        f"{_native.FUNCTIONS} functions: "
    )
    assert "`pip install ./bindings/python`" in told


def test_every_error_has_the_code_of_its_status() -> None:
    statuses = {
        "ArgumentError": "INVALID_ARGUMENT",
        "ConfigError": "CONFIG",
        "FileError": "IO",
        "NotFoundError": "NOT_FOUND",
        "PanicError": "PANIC",
        "ReentrantError": "REENTRANT",
        "RefusedError": "REFUSED",
        "UnsupportedError": "UNSUPPORTED",
    }
    made = {name for name in trackside.__all__ if name.endswith("Error")} - {"TracksideError"}
    assert made == set(statuses)
    for name, status in statuses.items():
        kind = getattr(trackside, name)
        code = getattr(_native.lib, f"TRACKSIDE_{status}")
        assert (kind.code, errors.BY_CODE[code]) == (code, kind)


def test_a_status_without_a_class_is_an_error_with_its_code() -> None:
    with pytest.raises(trackside.TracksideError, match="`options`") as caught:
        _native.call(_native.lib.trackside_options_new, _native.NULL)
    assert (type(caught.value), caught.value.code) == (
        trackside.TracksideError,
        _native.lib.TRACKSIDE_NULL_ARGUMENT,
    )


def test_reasons_are_told_by_their_codes() -> None:
    assert _native.reason_code(0) is None
    assert _native.reason_code(_native.lib.TRACKSIDE_REASON_IGNORED) == "ignored"
    assert _native.reason_code(60_000) == "reason-60000"


@pytest.mark.parametrize(
    ("peer", "packed"),
    [
        ("203.0.113.9", bytes([203, 0, 113, 9])),
        ("::1", bytes(15) + b"\1"),
        ("fe80::1%eth0", b"\xfe\x80" + bytes(13) + b"\1"),
        ("", b""),
        ("unix:/run/socket", b""),
        ("203.0.113.9:443", b""),
        ("1" * 10_000, b""),
    ],
)
def test_a_peer_is_an_address_or_none(peer: str, packed: bytes) -> None:
    assert _block.packed_peer(peer) == packed


def test_what_a_client_made_up_as_its_address_is_not_kept() -> None:
    before = _block._packed_peer.cache_info()
    assert _block.packed_peer("1" * 65) == b""
    assert _block._packed_peer.cache_info() == before


def test_the_ways_to_write_a_request_agree() -> None:
    headers = [("host", "www.example.com"), ("user-agent", "caf\u00e9"), ("accept", "*/*")]
    as_bytes = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    mixed: list[tuple[str | bytes, str | bytes | None]] = [as_bytes[0], *headers[1:], ("x", None)]
    whole = _block.request(b"GET", b"/", as_bytes, b"", "203.0.113.9", True)
    assert _block.request("GET", "/", mixed, "", "203.0.113.9", True) == whole


def test_the_ways_to_write_a_response_agree() -> None:
    as_bytes = [(b"content-type", b"text/html"), (b"cache-control", b"caf\xe9")]
    as_text = [("content-type", "text/html"), ("cache-control", "caf\u00e9")]
    whole = _block.response(200, as_bytes)
    assert _block.response(200, as_text) == whole
    assert _block.response(200, [as_bytes[0], as_text[1], ("y", None)]) == whole
    assert _block.response(200, iter(as_text)) == whole
    annotated = _block.response(200, as_text, [(_block.TITLE, b"News")])
    assert annotated.endswith(b"caf\xe9News")


@pytest.mark.parametrize("name", _native.RESPONSE_HEADERS)
def test_what_is_read_of_a_response_is_told_however_it_is_spelled(name: str) -> None:
    page = ("Content-Length", "7")
    for spelled in (name, name.title(), name.upper()):
        whole = _block.response(200, [(spelled, "x")])
        assert whole.endswith(f"{spelled}x".encode())
        assert _block.response(200, [page, (spelled, "x"), ("X-Frame-Options", "DENY")]) == whole
        in_bytes = [(b"content-length", b"8"), (spelled.encode(), b"x")]
        assert _block.response(200, in_bytes) == whole


def test_a_block_that_is_kept_is_that_of_the_same_response() -> None:
    page = [("Content-Type", "text/html")]
    route, title = (_block.ROUTE, b"/news"), (_block.TITLE, b"/news")
    kinds: list[tuple[int, list[tuple[str, str]], list[tuple[int, bytes]]]] = [
        (200, page, []),
        (404, page, []),
        (200, [("Content-Type", "text/xml")], []),
        (200, page, [route]),
        (200, page, [title]),
        (200, page, [(_block.ROUTE, b"/jobs")]),
        (200, page, [route, title]),
    ]
    first = [_block.response(*kind) for kind in kinds]
    assert [_block.response(*kind) for kind in kinds] == first
    assert len(set(first)) == len(kinds)


def test_what_is_kept_of_responses_is_bounded() -> None:
    for n in range(3000):
        _block.response(200, [("Content-Type", f"text/{n}"), (f"X-{n}", "")])
    _block.response(200, [("Content-Type", "x" * 10_000)])
    read, pages = _block._TEXTS
    assert len(pages) <= pages.MOST
    assert max(map(len, pages.values())) <= pages.LONGEST
    assert len(read) <= read.MOST
