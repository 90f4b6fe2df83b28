"""Names that stand twice: found wherever they are, and named by the place of the outermost."""

import json

import pytest

from include.core.json_objects import MemberRepeated, once, pointer


@pytest.mark.parametrize(
    ("text", "name", "place"),
    [
        ('{"readings": [1], "readings": [2]}', "readings", "#/readings"),
        ('{"readings": [{"a": 1}, {"b": 1, "b": 1}]}', "b", "#/readings/1/b"),
        ('{"x": {"y": [[{"k": null, "l": 0, "k": null}]]}}', "k", "#/x/y/0/0/k"),
        ('[{"a/b": 1, "a/b": 2}]', "a/b", "#/0/a~1b"),
        (r'{"a": 1, "\u0061": 2}', "a", "#/a"),
        ('{"": 1, "": 2}', "", "#/"),
        ('{"a": {"b": 1, "b": 2}, "a": 3}', "b", "#/a"),
    ],
)
def test_a_name_that_stands_twice_is_found_with_its_place(text, name, place):
    with pytest.raises(MemberRepeated) as found:
        json.loads(text, object_pairs_hook=once)
    assert str(found.value) == f"an object names {name!r} twice" and pointer(text) == place


def test_the_same_name_in_two_objects_is_no_repetition():
    text = '{"a": {"a": [{"a": 1}, {"a": 1}]}, "A": 2}'
    assert json.loads(text, object_pairs_hook=once) == json.loads(text)
    assert pointer(text) == ""
