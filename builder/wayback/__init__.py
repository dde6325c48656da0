"""The way back of an upgrade, on the host itself: its doors, the copy of what it was, and the proof of what it
keeps."""
