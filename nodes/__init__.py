"""The byte store as Django knows it: nodes, chunks, replicas, contents, and what keeps them whole."""
