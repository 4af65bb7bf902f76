"""An S3 server of the tests' own, on this machine, in a process of its own.

``python -m tests.s3`` serves until it is ended and prints its port. One request at a time: what a
condition of a request was checked against is still so when the request is carried out, as S3 has
it; the server's own threads would not see to that.
"""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


@contextmanager
def server() -> Iterator[dict[str, str]]:
    """Run one until the end of the block; give the environment in which it is found."""
    command = [sys.executable, "-m", "tests.s3"]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as running:
        assert running.stdout is not None
        try:
            endpoint = f"http://127.0.0.1:{int(running.stdout.readline())}"
            yield {
                "AWS_ACCESS_KEY_ID": "tests",
                "AWS_SECRET_ACCESS_KEY": "tests",
                "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ALLOW_HTTP": "true",
            }
        finally:
            running.kill()


def make_bucket(endpoint: str, name: str) -> None:
    """Make a bucket."""
    request = urllib.request.Request(f"{endpoint}/{name}", method="PUT")  # noqa: S310 - this machine
    with urllib.request.urlopen(request):  # noqa: S310 - the same
        pass


def main() -> None:
    """Serve."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    app = DomainDispatcherApplication(create_backend_app)
    serving = make_server("127.0.0.1", 0, app, threaded=False)
    sys.stdout.write(f"{serving.port}\n")
    sys.stdout.flush()
    serving.serve_forever()


if __name__ == "__main__":
    main()
