"""Runs in every process of a tortured system, by PYTHONPATH: nodes advertise proxies, sabotages are armed.

Only the standard library; without the variables of a torture run it does nothing.
"""

import json
import os

_urls = json.loads(os.environ.get("TORTURE_NODE_URLS", "{}"))
if os.environ.get("NODE_NAME") in _urls:
    os.environ["NODE_URL"] = _urls[os.environ["NODE_NAME"]]
if "TORTURE_SABOTAGES" in os.environ:
    import sabotages

    sabotages.arm()
