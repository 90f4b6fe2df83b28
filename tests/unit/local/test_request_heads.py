"""Heads of requests against a running server: long ones are cut off, whatever their length is made of."""

import socket
import threading
import time
from collections.abc import Iterable, Iterator

import pytest
import uvicorn

from include.local.ports import LOOPBACK
from include.local.request_heads import MOST_BYTES, BoundedHeads

PIECE = b"a" * 16_384
TOTAL_BYTES = 109 * 10**6
# in flight between two programs on one machine, before a closed connection is noticed
BUFFERS_BYTES = 16 * 2**20
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


async def echo(scope, receive, send):
    """Answer with the number of bytes of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    text = str(size).encode()
    headers = [(b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where a server with bounded heads listens."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        config = uvicorn.Config(echo, http=BoundedHeads, log_level="critical", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        yield listener.getsockname()[1]
        server.should_exit = server.force_exit = True
        thread.join(timeout=5)


def talk(port: int, pieces: Iterable[bytes]) -> tuple[bytes, int]:
    """Send pieces until the server hangs up; gives what it said until then and how many bytes it was sent."""
    sent, said = 0, b""
    with socket.create_connection((LOOPBACK, port), timeout=30) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                sent += len(piece)
        except OSError:
            pass  # it has hung up
        try:
            while found := connection.recv(65_536):
                said += found
        except ConnectionResetError:
            pass
    return said, sent


def endless(start: bytes, piece: bytes) -> Iterator[bytes]:
    yield start
    for _ in range(TOTAL_BYTES // len(piece)):
        yield piece


@pytest.mark.parametrize(
    "pieces",
    [
        (b"GET /", PIECE),
        (HEAD + b"X-Long: ", PIECE),
        (HEAD, b"".join(b"X-%06d: value\r\n" % number for number in range(1000))),
        (HEAD + b"X-", PIECE),
    ],
    ids=["request line", "one header", "many headers", "name of a header"],
)
def test_a_head_of_109_megabytes_is_cut_off_near_its_beginning(port, pieces):
    said, sent = talk(port, endless(*pieces))
    assert sent < BUFFERS_BYTES
    # what the server said may be lost with what it did not read any more
    assert said == b"" or said.startswith(b"HTTP/1.1 431 ")
    assert talk(port, [HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\nok"])[0].endswith(b"\r\n\r\n2")


def test_endless_trailers_are_cut_off_without_a_second_answer(port):
    start = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Long: "
    said, sent = talk(port, endless(start, PIECE))
    assert sent < BUFFERS_BYTES and said == b""


def test_somewhat_too_long_is_answered_with_431(port):
    said, _ = talk(port, [HEAD, b"X-Long: " + b"a" * (MOST_BYTES + 1)])
    assert said.startswith(b"HTTP/1.1 431 ") and b"connection: close" in said and b"64 KiB" in said


def test_long_heads_within_the_bound_and_long_bodies_are_served(port):
    """On one connection: what was counted of one request does not count for the next."""
    long = HEAD + b"X-Long: " + b"a" * (MOST_BYTES - 1000)
    with socket.create_connection((LOOPBACK, port), timeout=30) as connection:
        answers = connection.makefile("rb")
        for number in range(3):
            for piece in (long[:30_000], long[30_000:], b"\r\nContent-Length: 400000\r\n\r\n", b"b" * 400_000):
                connection.sendall(piece)
            lines = [answers.readline() for _ in range(5)]
            assert lines[0].startswith(b"HTTP/1.1 200"), number
            while lines[-1] != b"\r\n":
                lines.append(answers.readline())
            assert answers.read(6) == b"400000"
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        for _ in range(50):
            connection.sendall(b"4000\r\n" + PIECE + b"\r\n")
        connection.sendall(b"0\r\nX-Trailer: small\r\n\r\n")
        assert answers.read().endswith(b"\r\n\r\n" + str(50 * len(PIECE)).encode())
