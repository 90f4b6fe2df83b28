import socket

from include.local import ports


def test_the_wanted_port_is_taken_when_it_is_free():
    free = ports.pick()
    assert ports.pick(free) == free


def test_a_busy_port_is_replaced_by_a_free_one():
    with socket.socket() as server:
        server.bind((ports.LOOPBACK, 0))
        server.listen()
        busy = server.getsockname()[1]
        chosen = ports.pick(busy)
        assert chosen != busy
        assert ports.is_free(chosen)
        assert ports.is_answering(busy)


def test_a_port_promised_to_another_part_is_not_given_twice():
    promised = ports.pick()
    assert ports.pick(promised, taken=frozenset({promised})) != promised


def test_waiting_for_a_server_ends_when_it_is_futile():
    attempts = iter(range(3))

    def each() -> None:
        if next(attempts) == 2:
            raise RuntimeError("the server died")

    try:
        ports.wait_answering(ports.pick(), each)
    except RuntimeError as reason:
        assert str(reason) == "the server died"
