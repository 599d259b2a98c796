"""The prediction log, searched: a page of what matches, and all of it as a file."""
