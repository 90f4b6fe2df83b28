"""HTTP requests whose head is bounded: what is no body, from the first byte of a request on.

The parser that uvicorn prefers, httptools, takes request lines, headers and trailers of any size; a head of a hundred
megabytes is copied again and again and keeps everybody else waiting.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES = 64 * 1024
REFUSAL = f"The head of a request may have {MOST_BYTES // 1024} KiB. Send what is long in the body.".encode()


class BoundedHeads(HttpToolsProtocol):
    """Refuses a request with 431 once it has brought more than a head may have without beginning its body.

    A piece that the network delivers at once is looked at as a whole, so the bound is this and one piece.
    """

    _is_heard = False
    _is_in_head = True
    _unheard_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Parse what came; count what of it neither ended a head nor was body."""
        self._is_heard = False
        super().data_received(data)
        self._unheard_bytes = 0 if self._is_heard else self._unheard_bytes + len(data)
        if self._unheard_bytes > MOST_BYTES and not self.transport.is_closing():
            self._refuse()

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that a head has ended."""
        self._is_heard, self._is_in_head = True, False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Note that there was body."""
        self._is_heard = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request has ended."""
        self._is_heard = True
        super().on_message_complete()

    def _refuse(self) -> None:
        """Answer and hang up; only hang up in another answer's middle, and in trailers, whose request is answered."""
        if self._is_in_head and (self.cycle is None or self.cycle.response_complete):
            head = (
                b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
                b"content-length: %d\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head % len(REFUSAL) + REFUSAL)
        self.logger.warning("A request head was larger than %d bytes.", MOST_BYTES)
        self.transport.close()
