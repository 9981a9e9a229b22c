# SPDX-License-Identifier: Apache-2.0
"""The architecture is the table in cmake/Layers.cmake, and only that."""

import check_layers


def test_table_is_in_order_and_complete(root):
    table = check_layers.read_table(root)
    assert list(check_layers.table_faults(root, table)) == []


def test_no_include_crosses_a_layer(root):
    table = check_layers.read_table(root)
    assert list(check_layers.include_faults(root, table)) == []


def scratch_tree(tmp_path, files):
    (tmp_path / "cmake").mkdir()
    (tmp_path / "cmake/Layers.cmake").write_text(
        'pkg_layer(base USES "" OWNS "" HEADERS "err")\n'
        'pkg_layer(io USES "base" OWNS "" HEADERS "sink")\n'
        'pkg_layer(digest USES "base" OWNS "openssl" HEADERS "digest")\n')
    for folder in ("lib/include/packline", "tools", "lib/base", "lib/io",
                   "lib/digest"):
        (tmp_path / folder).mkdir(parents=True)
    for stem in ("err", "sink", "digest"):
        (tmp_path / f"lib/include/packline/{stem}.h").write_text("")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path, check_layers.read_table(tmp_path)


def test_the_check_sees_what_it_must(tmp_path):
    """Each forbidden include, and nothing else, is found."""
    root, table = scratch_tree(tmp_path, {
        "lib/base/a.c": '#include "packline/sink.h"\n',
        "lib/base/b.c": '#include "packline/err.h"\n#include <stdio.h>\n',
        "lib/io/c.c": "#include <openssl/evp.h>\n",
        "lib/io/d.c": '#include "digest/internal.h"\n',
        "lib/digest/e.c": "#include <openssl/evp.h>\n",
        "lib/include/packline/digest.h": "#include <openssl/evp.h>\n",
        "tools/f.c": '#include "io/temp.h"\n',
        "tools/g.c": '#include "packline/digest.h"\n'})
    assert list(check_layers.table_faults(root, table)) == []
    found = {fault.split(":")[0]
             for fault in check_layers.include_faults(root, table)}
    assert found == {"lib/base/a.c", "lib/io/c.c", "lib/io/d.c",
                     "lib/include/packline/digest.h", "tools/f.c"}
