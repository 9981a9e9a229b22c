# SPDX-License-Identifier: Apache-2.0
"""A tool on a terminal of its own."""

import os
import pty
import select
import shutil
import subprocess
import time

from support import bin_folder, clean_environment


class Terminal:
    """Run a tool on a terminal of its own; what it wrote there is .screen."""

    def __init__(self, cwd, *argv, env=None, **streams):
        # The other side stays open, or ours would end before the tool opens it.
        self.primary, self.secondary = pty.openpty()

        def own_terminal():     # in the child: the terminal controls it
            os.setsid()
            os.close(os.open(os.ttyname(self.secondary), os.O_RDWR))

        self.process = subprocess.Popen(    # pylint: disable=W1509
            [shutil.which(argv[0], path=bin_folder()) or argv[0],
             *map(str, argv[1:])], cwd=cwd,
            stdin=streams.get("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=clean_environment(**(env or {})), preexec_fn=own_terminal)
        self.screen = b""

    def read_until(self, text):
        """Or to the end of the tool."""
        limit = time.monotonic() + 1800
        while text not in self.screen:
            assert time.monotonic() < limit, self.screen
            ended = self.process.poll() is not None
            if select.select([self.primary], [], [], 0 if ended else .05)[0]:
                self.screen += os.read(self.primary, 65536)
            elif ended:
                break

    def type(self, text):
        os.write(self.primary, text)

    def end(self):
        """Exit status and standard error."""
        self.read_until(b"\0")      # never comes: to the end
        out, err = self.process.communicate(timeout=600)
        os.close(self.primary)
        os.close(self.secondary)
        self.screen = self.screen.replace(b"\r\n", b"\n")
        return self.process.returncode, err.decode(), out
