import pytest

from include.core.errors import HostRefused
from include.http.hosts import AllowList, host_of

HOSTS = AllowList({"api.vendor.example"}, must_be_secure=True)


@pytest.mark.parametrize(
    "url", ["https://api.vendor.example/v2", "https://API.vendor.example:443/", "https://me@api.vendor.example"]
)
def test_listed_hosts_are_admitted(url):
    HOSTS.admit(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://api.vendor.example@evil.example/",
        "https://api.vendor.example.evil.example/",
        "https://evil.example\\@api.vendor.example/",
        "https://api.vendor.example:8443/",
        "https://127.0.0.1/",
        "https://[broken/",
        "http://api.vendor.example/",
        "file:///etc/passwd",
    ],
)
def test_everything_else_is_refused(url):
    with pytest.raises(HostRefused):
        HOSTS.admit(url)


def test_a_host_off_the_default_port_is_listed_with_its_port():
    assert host_of("http://127.0.0.1:8100/v2") == "127.0.0.1:8100"
