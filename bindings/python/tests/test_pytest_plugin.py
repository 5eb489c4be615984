"""The plugin, which pytest loads in every project of an environment in which the package is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest_trackside
import trackside

PROJECT = """
def test_of_a_project_that_has_nothing_to_do_with_it():
    pass

def test_that_asks_for_it(trackside_hits):
    raise AssertionError("it is not reached")
"""


def test_a_library_that_cannot_be_loaded_ends_no_other_tests(tmp_path: Path) -> None:
    for module in (trackside, pytest_trackside):
        package = Path(module.__file__ or "").parent
        shutil.copytree(
            package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__", "_lib")
        )
    (tmp_path / "trackside" / "_lib.py").write_text('raise OSError("libc.so.6: version not found")\n')
    (tmp_path / "test_project.py").write_text(PROJECT)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_project.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed, 1 error" in done.stdout, done.stderr
    assert "OSError: libc.so.6: version not found" in done.stdout
