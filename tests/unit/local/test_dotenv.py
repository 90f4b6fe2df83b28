import json
import os
import stat
import subprocess

import pytest

from include.core.errors import ConfigurationError
from include.local import dotenv

CONNECTION = {"conn_type": "aws", "login": "key#1", "extra": {"endpoint_url": "http://127.0.0.1:9"}}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=plain", "plain"),
        ("  export NAME = spaced  ", "spaced"),
        ("NAME=", ""),
        ("NAME=a b  # remark", "a b"),
        ("NAME=pass#word", "pass#word"),
        ("NAME='single # kept'  # remark", "single # kept"),
        ('NAME="double"', "double"),
        ("NAME=a=b=c", "a=b=c"),
        ("NAME=$HOME", "$HOME"),
        (f"NAME={json.dumps(CONNECTION)}", json.dumps(CONNECTION)),
    ],
)
def test_a_line_gives_its_value(line, value):
    assert dotenv.parse(f"# first\n\n{line}\n") == {"NAME": value}


@pytest.mark.parametrize("line", ["NAME", "1NAME=x", "NA-ME=x", "NAME='open"])
def test_an_unreadable_line_is_named_by_its_number(line):
    with pytest.raises(ConfigurationError, match="line 2"):
        dotenv.parse(f"GOOD=1\n{line}\n")


def test_a_missing_file_holds_no_variables(tmp_path):
    assert dotenv.read(tmp_path / ".env") == {}


def test_what_is_written_is_read_back_by_us_and_by_a_shell(tmp_path):
    path = tmp_path / "env"
    variables = {"KEYS": json.dumps(CONNECTION), "QUOTED": "it's", "URL": "postgresql://u:p%40@h/d?a=b&c=d"}
    dotenv.write(path, variables)
    assert dotenv.read(path) == variables
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    shown = subprocess.run(
        ["sh", "-c", f'set -a; . "{path}"; printf %s "$KEYS"'],
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(shown.stdout) == CONNECTION
