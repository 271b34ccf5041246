"""Serves what gateways ask all day, PUT and GET of a chunk, past gunicorn's parser and what it prepares.

Those are half of what a small chunk costs a node. One spelling is taken, the one of `nodes.exchange`; what is
spelled in any other way, has not come as a whole, or asks for anything else is gunicorn's as ever.
"""

from __future__ import annotations

import re
from typing import Any

from gunicorn.http.body import Body, LengthReader
from gunicorn.http.wsgi import FileWrapper

from storagenode.worker import JoinedResponse, PatientThreadWorker

PLAIN = re.compile(
    rb"(?:(PUT)|GET) (/v1/chunks/[0-9a-f]{64}-[0-9a-f]{32}) HTTP/1\.1\r\n"
    rb"Host: [0-9A-Za-z.:\[\]-]{1,300}\r\n"
    rb"Authorization: (Dfs1 [0-9A-Za-z_=,-]{1,1000})\r\n"
    rb"X-Request-Id: ([0-9A-Za-z._-]{1,64})\r\n"
    rb"(?(1)Content-Length: ([0-9]{1,9})\r\n)\r\n"
)


class _PlainRequest:
    """What gunicorn's reply wants to know of a request."""

    version = (1, 1)

    def __init__(self, method: str) -> None:
        self.method = method

    def should_close(self) -> bool:
        return False


class DirectWorker(PatientThreadWorker):
    """See the module."""

    def serve(self, conn: Any) -> Any:
        if not conn.initialized or conn.is_http2:
            return super().serve(conn)
        unreader = conn.parser.unreader
        try:
            if conn.sock.gettimeout() is not None:
                conn.sock.setblocking(True)
            received = unreader.take_buffered() or unreader.chunk()
        except OSError:
            return False
        plain = PLAIN.match(received)
        if plain is None or not self.alive:
            unreader.unread(received)
            return super().serve(conn)
        unreader.unread(received[plain.end() :])
        return self._answer(conn, plain)

    def _answer(self, conn: Any, plain: re.Match[bytes]) -> bool:
        """Have the application answer; tells whether the connection can be kept."""
        path, authorization, request_id, length = (
            text.decode() if text is not None else None for text in plain.groups()[1:]
        )
        method = "GET" if length is None else "PUT"
        body = Body(LengthReader(conn.parser.unreader, int(length or 0)))
        response = JoinedResponse(_PlainRequest(method), conn.sock, self.cfg)
        if len(self.keepalived_conns) >= self.max_keepalived:
            response.force_close()  # as gunicorn does: the last places are for who is not connected yet
        environ = {
            "REQUEST_METHOD": method,
            "RAW_URI": path,
            "HTTP_AUTHORIZATION": authorization,
            "HTTP_X_REQUEST_ID": request_id,
            "REMOTE_ADDR": conn.client[0],
            "wsgi.input": body,
            "wsgi.file_wrapper": FileWrapper,
            "gunicorn.socket": conn.sock,
        }
        if length is not None:
            environ["CONTENT_LENGTH"] = length
        try:
            pieces = self.wsgi(environ, response.start_response)
            try:
                if isinstance(pieces, FileWrapper):
                    response.write_file(pieces)
                else:
                    for piece in pieces:
                        response.write(piece)
                response.close()
            finally:
                if hasattr(pieces, "close"):
                    pieces.close()
        except OSError:
            return False  # the peer is gone, or a file could not be read to its end
        except Exception as error:  # as gunicorn does: logged, and told where nothing was said yet
            if response.headers_sent:
                self.log.exception("Error handling request")
            else:
                self.handle_error(None, conn.sock, conn.client, error)
            return False
        return not (response.should_close() or body.failed or body.reader.length)
