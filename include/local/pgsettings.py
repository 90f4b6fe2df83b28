"""What the embedded PostgreSQL is told: sizes that suit one machine, logins only with a password."""

import os
from collections.abc import Mapping

LOGINS = """\
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


def _shared_buffers_mb() -> int:
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(128, min(512, memory_mb // 16))


def _dynamic_memory() -> str:
    """Containers often have 64 MB of /dev/shm, which a parallel query can exhaust."""
    try:
        shared = os.statvfs("/dev/shm")  # noqa: S108  only its size is looked at
    except OSError:
        return "mmap"
    return "posix" if shared.f_blocks * shared.f_frsize >= 2**28 else "mmap"


DURABLE = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": f"{_shared_buffers_mb()}MB",
    "dynamic_shared_memory_type": _dynamic_memory(),
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    # The queries here are many and short; compiling them costs more than it saves.
    "jit": "off",
    "wal_level": "replica",
    "synchronous_commit": "on",
    # A query whose client was killed ends soon instead of holding its locks.
    "client_connection_check_interval": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}

# For tests: survives a crash of the server, not of the machine.
THROW_AWAY = {
    **DURABLE,
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "128MB",
    # Thousands of short connections prove passwords that protect nothing.
    "scram_iterations": "1",
}


def render(settings: Mapping[str, str]) -> str:
    """Return the settings in the syntax of ``postgresql.conf``."""
    quoted = {name: value.replace("'", "''") for name, value in settings.items()}
    return "".join(f"{name} = '{value}'\n" for name, value in quoted.items())
