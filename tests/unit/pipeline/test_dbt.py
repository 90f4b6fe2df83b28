"""What we take off dbt's hands."""

import inspect

from include.pipeline import dbt


def test_a_flag_of_dbt_is_made_without_reading_the_call_stack(monkeypatch):
    from dbt_common.behavior_flags import BehaviorFlagRendered

    def refuse(*_):
        raise AssertionError("the whole stack was read")

    dbt.spare_the_call_stack()
    monkeypatch.setattr(inspect, "stack", refuse)
    flag = BehaviorFlagRendered({"name": "f", "default": True, "docs_url": "https://example.com"}, {"f": False})
    assert flag.no_warn is False
