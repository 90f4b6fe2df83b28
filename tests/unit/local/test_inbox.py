from include.local import inbox


def test_the_tree_is_kept_and_a_second_drop_changes_nothing(tmp_path):
    source, target = tmp_path / "demo", tmp_path / "inbox"
    (source / "manual" / "1").mkdir(parents=True)
    (source / "manual" / "1" / "a.csv").write_text("x\n1\n")
    assert inbox.drop(source, target) == 1
    dropped = target / "manual" / "1" / "a.csv"
    first = dropped.stat().st_ino
    assert inbox.drop(source, target) == 0
    assert dropped.stat().st_ino == first
    assert [path.name for path in target.rglob("*") if path.is_file()] == ["a.csv"]


def test_a_changed_file_is_dropped_again(tmp_path):
    source, target = tmp_path / "demo", tmp_path / "inbox"
    source.mkdir()
    (source / "a.csv").write_text("x\n1\n")
    inbox.drop(source, target)
    (source / "a.csv").write_text("x\n2\n")
    assert inbox.drop(source, target) == 1
    assert (target / "a.csv").read_text() == "x\n2\n"
