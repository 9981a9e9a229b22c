# SPDX-License-Identifier: Apache-2.0
"""A proxy between tool and server that notes every call, and breaks some."""

import http.client
import http.server
import threading
import urllib.parse


class Pass(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *args):
        pass

    def cut(self):
        """End the connection without a word."""
        self.close_connection = True

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.seen.append((self.command, self.path))
            number = len(self.server.seen)
        if (number, "before") == self.server.drop:
            return self.cut()
        headers = {k: v for k, v in self.headers.items()
                   if k.lower() not in ("host", "connection", "expect")}
        back = http.client.HTTPConnection(self.server.behind, timeout=600)
        back.request(self.command, self.path, body or None, headers)
        answer = back.getresponse()
        data = answer.read()
        back.close()
        if (number, "after") == self.server.drop:
            return self.cut()
        self.send_response(answer.status)
        for key, value in answer.headers.items():
            if key.lower() not in ("transfer-encoding", "connection",
                                   "content-length", "keep-alive"):
                self.send_header(key, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = serve


class Proxy(http.server.ThreadingHTTPServer):
    """with Proxy(url) as proxy: ... proxy.url, proxy.seen

    drop: (n, "before") breaks the connection instead of passing on call n,
    (n, "after") when the server has answered it.
    """
    daemon_threads = True

    def __init__(self, url):
        super().__init__(("127.0.0.1", 0), Pass)
        self.behind = urllib.parse.urlsplit(url).netloc
        self.lock = threading.Lock()
        self.seen = []
        self.drop = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def writes(self):
        return [call for call in self.seen if call[0] != "GET"]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True,
                         kwargs={"poll_interval": 0.02}).start()
        return self

    def __exit__(self, *args):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass            # the tool went away: that is the tool's business
