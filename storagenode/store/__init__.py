"""The chunk files of one node and the disk they lie on; knows nothing of HTTP."""
