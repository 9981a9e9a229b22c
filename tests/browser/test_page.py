# SPDX-License-Identifier: Apache-2.0
"""The page of pkg-manifest graph in a real browser."""

import re
import subprocess

import manifest_product as product
import pytest

OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
           "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync",
           "--enable-logging=stderr", "--virtual-time-budget=2000"]


@pytest.fixture
def page(run, tmp_path):
    product.write(tmp_path)
    run("pkg-manifest", "resolve", "product.yaml", "-o", "old.lock")
    product.write(tmp_path, ("version: 2026.07", "version: 2026.08"))
    run("pkg-manifest", "graph", "--format", "html", "--previous", "old.lock",
        "product.yaml", "-o", "page.html")
    return tmp_path / "page.html"


def chromium(page, *options):
    return subprocess.run(
        ["chromium", *OPTIONS, f"--user-data-dir={page.parent}/profile",
         *options, page.as_uri()],
        text=True, timeout=120, check=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)


def test_browser_reads_the_page_as_it_is_meant(page):
    dom = chromium(page, "--dump-dom").stdout
    assert "<title>gateway 1.0</title>" in dom
    assert len(re.findall("<section ", dom)) == 3
    assert 'id="m1" class="changed"' in dom
    assert "<del>2026.07</del> → 2026.08" in dom


def test_browser_has_nothing_to_complain_of(page):
    """The console tells what the policy has stopped, and what is broken."""
    done = chromium(page, "--dump-dom")
    assert "CONSOLE" not in done.stderr


def test_page_is_drawn(page):
    shot = page.parent / "page.png"
    chromium(page, f"--screenshot={shot}", "--window-size=1000,1400")
    assert shot.read_bytes().startswith(b"\x89PNG") and \
        shot.stat().st_size > 10_000
