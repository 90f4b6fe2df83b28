"""Evidence packs: plain data in, bytes out. A pack proves its numbers to somebody who has nothing of ours."""
