# SPDX-License-Identifier: Apache-2.0
"""pkg-manifest graph: DOT, Mermaid and one HTML page."""

import hashlib
import html.parser
import re
import subprocess
import zipfile

import manifest_product as product
import pytest


@pytest.fixture
def folder(tmp_path):
    product.write(tmp_path)
    return tmp_path


@pytest.fixture
def lock(run, folder):
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock")
    return "product.lock"


def graph(run, *args):
    return run("pkg-manifest", "graph", *args, check=0).out


def picture(dot):
    """What Graphviz makes of it: {label: [labels it points at]}."""
    plain = subprocess.run(["dot", "-Tplain"], input=dot, text=True,
                           check=True, stdout=subprocess.PIPE).stdout
    labels, edges = {}, {}
    for line in plain.splitlines():
        node = re.match(r'node (\S+) \S+ \S+ \S+ \S+ (".*?[^\\]"|\S+) ', line)
        edge = re.match(r"edge (\S+) (\S+) ", line)
        if node:
            labels[node[1]] = node[2].strip('"').split("\\n")[0]
        if edge:
            edges.setdefault(edge[1], []).append(edge[2])
    return {labels[a]: sorted(labels[b] for b in edges.get(a, []))
            for a in labels}


class Page(html.parser.HTMLParser):
    """Every element and all text of a page."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self.open = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def test_graphviz_draws_sets_modules_and_files(run, lock):
    assert picture(graph(run, lock)) == {
        "gateway": ["base", "boot"],
        "base": ["b.dtb", "rootfs.img", "x.dtb"],
        "boot": ["boot.bin"],
        "rootfs.img": [], "x.dtb": [], "b.dtb": [], "boot.bin": []}


def test_a_manifest_and_a_bundle_have_the_same_picture(run, folder, lock):
    run("pkg-manifest", "bundle", lock, "-o", "product.bundle")
    drawn = graph(run, lock)
    assert graph(run, "product.yaml") == drawn
    assert graph(run, "product.bundle") == drawn


def test_many_files_become_one_line(run, folder):
    for i in range(30):
        (folder / f"dtb/n{i:02}.dtb").write_text(f"{i}")
    drawn = picture(graph(run, "product.yaml"))
    assert len(drawn["base"]) == 12 and "and 22 more" in drawn["base"]


def test_mermaid(run, lock):
    lines = graph(run, "--format", "mermaid", lock).splitlines()
    assert lines[0] == "flowchart LR"
    assert [line.strip() for line in lines[1:]] == [
        'm0["base<br>1.0<br>os<br>3 files"]',
        'm1["boot<br>2026.07<br>bootloader<br>1 file"]',
        's0(["gateway<br>1.0<br>gateway"])', "s0 --> m0", "s0 --> m1"]


def test_page_is_whole_and_loads_nothing(run, folder, lock):
    page = Page(graph(run, "--format", "html", lock))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "form"}
    policy = [a["content"] for tag, a in page.elements
              if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    ids = {a["id"] for _, a in page.elements if "id" in a}
    links = [a["href"] for tag, a in page.elements if tag == "a"]
    assert links and all(link[1:] in ids for link in links)
    for name, data in product.FILES.items():
        if name in ("rootfs.img", "u-boot.bin", "dtb/b.dtb"):
            assert hashlib.sha256(data).hexdigest() in page.text
    assert "assign gateway 1.0 to gw-001, gw-002" in page.text


def test_page_of_a_bundle_says_that_it_is_not_verified(run, folder, lock):
    run("pkg-manifest", "bundle", lock, "-o", "product.bundle")
    page = Page(graph(run, "--format", "html", "product.bundle"))
    with zipfile.ZipFile(folder / "product.bundle") as bundle:
        manifest = bundle.read("META-INF/manifest.json")
    assert "is what pkg-verify says" in page.text
    assert hashlib.sha256(manifest).hexdigest() in page.text


def test_what_changed(run, folder, lock):
    product.write(folder, ("version: 2026.07", "version: 2026.08"),
                  ("Root file system", "Read-only root"))
    (folder / "dtb/b.dtb").unlink()
    (folder / "dtb/c.dtb").write_text("new")
    (folder / "rootfs.img").write_text("longer than before\n")
    page = Page(graph(run, "--format", "html", "--previous", lock,
                      "product.yaml"))
    states = {a.get("id") or a["class"]: a["class"]
              for _, a in page.elements if a.get("class")}
    assert states["m0"] == "changed" and states["m1"] == "changed"
    for words in ("2026.07 → 2026.08", "Root file system → Read-only root",
                  "b.dtb (removed)", "c.dtb (added)",
                  "rootfs.img (changed)"):
        assert words in page.text
    assert "x.dtb (" not in page.text
    dot = graph(run, "--previous", lock, "product.yaml")
    assert picture(dot)["base"] == ["b.dtb", "c.dtb", "rootfs.img", "x.dtb"]


def test_a_module_that_is_gone_is_shown(run, folder, lock):
    text = (folder / "product.yaml").read_text()
    (folder / "product.yaml").write_text(
        text.replace("name: boot\n", "name: loader\n")
        .replace("[base, boot]", "[base, loader]"))
    page = Page(graph(run, "--format", "html", "--previous", lock,
                      "product.yaml"))
    assert "boot 2026.07 (removed)" in page.text
    assert "loader 2026.07 (added)" in page.text
    mermaid = graph(run, "--format", "mermaid", "--previous", lock,
                    "product.yaml")
    assert ":::removed" in mermaid and ":::added" in mermaid


@pytest.mark.parametrize("name", [
    'a"];evil [label="x', "a&b", "a\\nb", "a#b;c", "a`b`", "a' onclick='x",
    "\u202egnp.exe", "a\u200bb"])
def test_names_do_not_get_out_of_their_place(run, folder, name):
    quoted = "'" + name.replace("'", "''") + "'"
    product.write(folder, ("  - name: base\n", f"  - name: {quoted}\n"),
                  ("[base, boot]", f"[{quoted}, boot]"))
    drawn = picture(graph(run, "product.yaml"))
    assert len(drawn) == 7
    text = graph(run, "--format", "html", "product.yaml")
    page = Page(text)
    assert not any(key.startswith("on") for _, a in page.elements for key in a)
    assert "\u202e" not in text and "\u200b" not in text
    for line in graph(run, "--format", "mermaid", "product.yaml").splitlines():
        assert re.fullmatch(
            r'flowchart LR|    [ms]\d+ --> m\d+|'
            r'    m\d+\["[^"`]*"\]|    s\d+\(\["[^"`]*"\]\)', line)


def test_what_is_no_bundle_is_refused(run, keys, folder, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    run("pkg-seal", "create", "--tenant", "t", "--name", "n", "--version", "1",
        "--sign-only", "-o", "files.bundle", "a.txt")
    done = run("pkg-manifest", "graph", "files.bundle", check=3)
    assert "no bundle" in done.err
