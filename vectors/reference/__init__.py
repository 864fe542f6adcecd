"""The protocol written a second time, for checking: see ../README.md."""
