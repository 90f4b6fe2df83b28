"""What the demo of a deployment drops: objects of the lake's inbox, the same ones on every start."""


def test_a_second_start_of_the_demo_drops_nothing_new(warehouse):
    from include.cli.demo import DEMO
    from include.compose import demo
    from include.pipeline import inbox, registration
    from tests.pipeline.oracle import count

    registration.apply({"organization": "Demo Energy Trust"})
    demo.drop()
    files = sorted((path.parent.name, path.name) for path in (DEMO / "inbox").glob("*/*"))
    assert sorted((found.source_system, found.name) for found in inbox.waiting()) == files
    inbox.pick_up()
    landed = count(warehouse, "ops.ingestion_log")
    demo.drop()
    assert inbox.waiting() == []
    assert count(warehouse, "ops.ingestion_log") == landed == len(files)
