"""Titles of a real django CMS, in a process of its own, since it is a site of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SITE = Path(__file__).with_name("cms_site.py")


@pytest.mark.parametrize(("titles", "from_cache"), [("view", ""), ("html", "The bridge")])
def test_a_page_s_title_is_the_cms_s(tmp_path: Path, titles: str, from_cache: str) -> None:
    # Warnings are no errors here: django CMS warns of what is its own.
    command = [sys.executable, str(SITE), str(tmp_path), titles]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=120)
    assert json.loads(done.stdout) == [
        ["/en/bridge/", "The bridge"],
        ["/en/", "Welcome home"],
        # The CMS has it in a cache of its own, and does not look at the page.
        ["/en/bridge/", from_cache],
    ]
