"""The lake: what was delivered, byte for byte, for ever."""
