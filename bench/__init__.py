"""Measures a running dfsweb beside the limit: bare processes with the same hops and copies, in one run."""
