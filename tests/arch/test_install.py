# SPDX-License-Identifier: Apache-2.0
"""What is installed can be used: by CMake, by pkg-config, by a shell."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from support import tool_names

PROGRAM = r"""
#include <packline/text.h>
#include <stdio.h>

int main(void)
{
	char hex[5];

	pkg_hex_encode(hex, (const uint8_t *)"\x0a\xff", 2);
	return puts(hex) < 0;
}
"""
PROJECT = """
cmake_minimum_required(VERSION 3.21)
project(consumer LANGUAGES C)
find_package(Packline 0.1 REQUIRED)
add_executable(consumer main.c)
target_link_libraries(consumer PRIVATE Packline::packline)
"""


def output(*argv, **options):
    done = subprocess.run([str(arg) for arg in argv], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          **options)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def static_prefix(tmp_path_factory, build, sanitized):
    """The build under test, installed."""
    if sanitized:
        pytest.skip("a consumer would have to be sanitized too")
    prefix = tmp_path_factory.mktemp("static")
    output("cmake", "--install", build, "--prefix", prefix)
    return prefix


@pytest.fixture(scope="module")
def shared_prefix(tmp_path_factory, build, root, cache, sanitized):
    """The library built shared, beside the build under test, installed."""
    if sanitized:
        pytest.skip("a consumer would have to be sanitized too")
    folder = build.with_name(build.name + "-shared")
    launcher = cache.get("CMAKE_C_COMPILER_LAUNCHER", "")
    output("cmake", "-G", "Ninja", "-S", root, "-B", folder,
           "-DBUILD_SHARED_LIBS=ON", "-DBUILD_TESTING=OFF",
           "-DBUILD_DOCS=OFF", f"-DCMAKE_C_COMPILER_LAUNCHER={launcher}")
    output("cmake", "--build", folder, "--parallel", "2")
    prefix = tmp_path_factory.mktemp("shared")
    output("cmake", "--install", folder, "--prefix", prefix)
    return prefix


@pytest.fixture(params=["static", "shared"])
def prefix(request):
    return request.getfixturevalue(f"{request.param}_prefix")


def library_folder(prefix):
    folder, = {path.parent for path in prefix.rglob("libpackline.*")}
    return folder


def environment(prefix):
    libraries = library_folder(prefix)
    return dict(os.environ, LD_LIBRARY_PATH=str(libraries),
                PKG_CONFIG_PATH=str(libraries / "pkgconfig"))


def test_with_cmake(prefix, tmp_path):
    (tmp_path / "main.c").write_text(PROGRAM)
    (tmp_path / "CMakeLists.txt").write_text(PROJECT)
    output("cmake", "-S", tmp_path, "-B", tmp_path / "b", "-G", "Ninja",
           f"-DCMAKE_PREFIX_PATH={prefix}")
    output("cmake", "--build", tmp_path / "b")
    assert output(tmp_path / "b/consumer", env=environment(prefix)) == "0aff\n"


@pytest.mark.parametrize("kind", ["static", "shared"])
def test_with_pkg_config(kind, request, tmp_path):
    prefix = request.getfixturevalue(f"{kind}_prefix")
    env = environment(prefix)
    (tmp_path / "main.c").write_text(PROGRAM)
    static = ["--static"] if kind == "static" else []
    flags = output("pkg-config", *static, "--cflags", "--libs", "packline",
                   env=env).split()
    output("cc", "main.c", "-o", "consumer", *flags, cwd=tmp_path, env=env)
    assert output(tmp_path / "consumer", env=env) == "0aff\n"


def test_shared_library_exports_the_public_api_only(shared_prefix):
    library = library_folder(shared_prefix) / "libpackline.so"
    rows = output("nm", "-D", "--defined-only", library).splitlines()
    names = {row.split()[-1].split("@")[0] for row in rows}
    headers = "".join(path.read_text() for path in
                      (shared_prefix / "include/packline").glob("*.h"))
    assert len(names) > 50
    assert {name for name in names
            if not name.startswith("pkg_") or name not in headers} == set()


def test_tools_run_from_where_they_are_installed(prefix, tmp_path):
    """Also after the prefix was moved, and nobody says where libraries are."""
    env = {name: value for name, value in os.environ.items()
           if name != "LD_LIBRARY_PATH"}
    for folder in prefix, shutil.copytree(prefix, tmp_path / "moved"):
        for tool in tool_names():
            version = output(folder / "bin" / tool, "--version", env=env)
            assert version.startswith(f"{tool} ")


def test_shared_tools_look_for_the_library_beside_them(shared_prefix):
    """And nowhere else: no folder of the build, no current folder."""
    for tool in tool_names():
        rows = output("readelf", "-d", shared_prefix / "bin" / tool)
        path, = re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", rows)
        assert path.startswith("$ORIGIN/../lib") and ":" not in path


def test_every_tool_has_its_page_and_completions(static_prefix):
    files = {str(path.relative_to(static_prefix))
             for path in static_prefix.rglob("*") if path.is_file()}
    for tool in tool_names():
        assert {f"bin/{tool}", f"share/man/man1/{tool}.1",
                f"share/bash-completion/completions/{tool}",
                f"share/zsh/site-functions/_{tool}",
                f"share/fish/vendor_completions.d/{tool}.fish"} <= files


def test_nothing_names_the_folder_of_the_build(static_prefix, root):
    """Neither the sources' nor the build's: they may be moved or deleted."""
    named = [str(path.relative_to(static_prefix))
             for path in static_prefix.rglob("*")
             if path.is_file() and bytes(pathlib.Path(root)) + b"/" in
             path.read_bytes()]
    assert named == []
