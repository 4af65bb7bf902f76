"""Two settings, and the service speaks TLS itself; half of them, or wrong ones, are refused."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from api.cli.serve import _check_certificate
from recsys.config import ServingSection, parse
from recsys.errors import BadValue
from tests.api.test_serve import served
from tests.worlds import World


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    made = tmp_path / "tls"
    made.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-keyout", made / "key.pem", "-out", made / "cert.pem", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return made


@pytest.mark.slow
def test_the_service_answers_over_tls(world: World, certificate: Path) -> None:
    files = {"tls_certificate": certificate / "cert.pem", "tls_key": certificate / "key.pem"}
    trusting = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    with served(world, trusting=trusting, **files) as server:
        assert server.call("/v1/models/current")[1]["version"] == world.version


def test_half_a_certificate_or_none_at_all_is_refused(certificate: Path) -> None:
    with pytest.raises(BadValue, match="tls_certificate and tls_key together"):
        parse({"serving": {"tls_certificate": "cert.pem"}}, {})
    wrong = ServingSection(tls_certificate="none.pem", tls_key=str(certificate / "key.pem"))
    with pytest.raises(BadValue, match="a certificate chain and its key in PEM"):
        _check_certificate(wrong)
    swapped = ServingSection(
        tls_certificate=str(certificate / "key.pem"), tls_key=str(certificate / "cert.pem")
    )
    with pytest.raises(BadValue):
        _check_certificate(swapped)
