"""Drops the demo files into the inbox the way a careful client would: complete, or not there yet."""

import filecmp
import shutil
from pathlib import Path


def drop(source: Path, inbox: Path) -> int:
    """Copy the tree of ``source`` into the inbox and return how many files are new there."""
    dropped = 0
    for original in sorted(path for path in source.rglob("*") if path.is_file()):
        target = inbox / original.relative_to(source)
        if target.exists() and filecmp.cmp(original, target, shallow=False):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.part")
        shutil.copyfile(original, draft)
        draft.replace(target)
        dropped += 1
    return dropped
