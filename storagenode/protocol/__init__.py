"""What a storage node and its callers must agree on: chunk names, signatures, and how a body is read."""
