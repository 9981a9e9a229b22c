# SPDX-License-Identifier: Apache-2.0
"""Mistakes at any tool's command line, shown with pkg-hash."""

from mistake import mistake


@mistake("pkg-hash no-such-file", exits=4)
def wrong_path(box):
    pass


@mistake("pkg-hash folder", exits=2)
def folder_for_file(box):
    box.write("folder/file", "x")


@mistake("pkg-hash os.bin", exits=4)
def unreadable_file(box):
    (box.path / "os.bin").chmod(0)


@mistake("pkg-hash - -", exits=2)
def stdin_twice(box):
    pass


@mistake("pkg-hash caf\udce9.bin", exits=3)
def path_not_utf8(box):
    box.write("caf\udce9.bin", "coffee")


@mistake("pkg-hash -r .", exits=3)
def file_name_not_utf8(box):
    box.write("caf\udce9.bin", "coffee")


@mistake("pkg-hash --formt gnu os.bin", exits=2)
def unknown_option(box):
    pass


@mistake("pkg-hash os.bin --format", exits=2)
def option_without_argument(box):
    pass


@mistake("pkg-hash --format json os.bin", exits=2)
def unknown_choice(box):
    pass


@mistake("pkg-hash -j many os.bin", exits=2)
def number_that_is_none(box):
    pass


@mistake("pkg-hash -o sums.jsonl os.bin", exits=2)
def output_exists(box):
    box.write("sums.jsonl", "precious\n")


@mistake("pkg-hash -o sums/os.jsonl os.bin", exits=4)
def output_folder_missing(box):
    pass


@mistake("pkg-hash -o sums/os.jsonl os.bin", exits=4)
def output_folder_read_only(box):
    (box.path / "sums").mkdir(mode=0o555)


@mistake("pkg-hash --files0-from list", exits=3)
def list_of_lines(box):
    box.write("list", "os.bin\napp.bin\n")


@mistake("pkg-hash --check sums", exits=1)
def file_changed_since(box):
    box.write("sums", box.does("pkg-hash --format gnu os.bin app.bin"))
    box.write("os.bin", "another system\n")


@mistake("pkg-hash --check os.bin", exits=3)
def check_of_no_list(box):
    pass
