"""What a pack carries to be checked without us: these modules lie in it side by side, as scripts."""
