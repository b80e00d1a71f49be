"""The tests speak with nobody outside this machine, so they trust no authority of the world.

To read the authorities takes some 20 ms of a processor for every HTTP client, and the tests make thousands of them.
"""

import os
from pathlib import Path

os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)  # where there are none
