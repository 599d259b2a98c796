"""The laws of the ports as checks, for whoever writes an adapter.

Each suite is a module of functions; each function is one law, named as the sentence that it tests, and takes
a `make` that opens the store under test at one fresh place. Bind a suite to an adapter with three lines:

    @pytest.mark.parametrize("law", laws(blob_suite), ids=named)
    def test_my_blobs(law, tmp_path):
        law(lambda: MyBlobStore(tmp_path))

`make` may be called more than once in a law: each call opens the same place again.
"""

from keepwell.testing.laws import Law, laws, named, refused

__all__ = ["Law", "laws", "named", "refused"]
