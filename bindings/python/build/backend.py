"""Builds the wheel: maturin, over the declarations in the committed header.

maturin's cffi mode takes its declarations from `header.h` in Cargo's target directory; without one it would
make them anew of the Rust sources, in its own way. cffi reads declarations and no preprocessor, so here those
of `ffi/include/trackside.h` are taken out of it, unchanged. They are made at each build and never committed:
they cannot drift from the header.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import maturin

HEADER = Path(__file__).resolve().parents[3] / "ffi" / "include" / "trackside.h"

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_CONDITIONAL = re.compile(r"#ifdef __cplusplus.*?#endif[^\n]*", re.DOTALL)
_FUNCTION_BODY = re.compile(r"static inline [^{]*\{.*?\n\}", re.DOTALL)
_DIRECTIVE = re.compile(r"^#.*$", re.MULTILINE)
_NUMBER = re.compile(r"#define \w+ -?\d+")


def declarations(header: str) -> str:
    """What cffi can read of a header: its types, functions and numbers."""
    text = _COMMENT.sub("", header).replace("\\\n", "")
    text = _CONDITIONAL.sub("", text)
    text = _FUNCTION_BODY.sub("", text)
    text = _DIRECTIVE.sub(lambda line: line[0] if _NUMBER.fullmatch(line[0]) else "", text)
    return re.sub(r"\n{2,}", "\n", text).strip() + "\n"


def _place_declarations() -> None:
    command = [os.environ.get("CARGO", "cargo"), "metadata", "--format-version=1", "--no-deps"]
    told = subprocess.run(command, cwd=HEADER.parent, stdout=subprocess.PIPE, check=True).stdout
    target = Path(json.loads(told)["target_directory"])
    target.mkdir(parents=True, exist_ok=True)
    (target / "header.h").write_text(declarations(HEADER.read_text("utf-8")), "utf-8")


def build_wheel(
    wheel_directory: str,
    config_settings: Mapping[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    _place_declarations()
    return str(maturin.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_editable(
    wheel_directory: str,
    config_settings: Mapping[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    _place_declarations()
    return str(maturin.build_editable(wheel_directory, config_settings, metadata_directory))


# The rest of PEP 517 and 660 is maturin's. An sdist would need the whole workspace; there is none.
get_requires_for_build_wheel = maturin.get_requires_for_build_wheel
get_requires_for_build_editable = maturin.get_requires_for_build_editable
prepare_metadata_for_build_wheel = maturin.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = maturin.prepare_metadata_for_build_editable
