"""The laws that what reads must hold, by name: tests that hypothesis drives, and atheris, too."""

from tests.security import test_bodies, test_client_parsers, test_node_parsers, test_parsers

MODULES = (test_parsers, test_bodies, test_client_parsers, test_node_parsers)
LAWS = {name: law for module in MODULES for name, law in vars(module).items() if name.startswith("test_s25_")}
