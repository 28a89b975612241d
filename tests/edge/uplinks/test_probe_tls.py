"""Probes by https, against servers on the loopback with a certificate that nobody vouches for."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest

from edge.shared.messages.uplinks import ProbeOutcome
from edge.shared.model import ProbeTarget
from edge.uplinks.probe_cost import probe_bytes
from edge.uplinks.probes import Failure, Volume
from tests.edge.uplinks.probed import NO_CONTENT, ask, outcome, says, serve, target

pytestmark = pytest.mark.town  # binds to a device: needs root


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server with a certificate that nobody vouches for."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=www.example", "-keyout", str(key), "-out", str(made)],
        check=True,
        capture_output=True,
        timeout=30,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return context


def test_https_answers_although_nobody_vouches_for_its_certificate(certificate: ssl.SSLContext) -> None:
    async def story() -> Failure | None:
        return await ask(target("https", port=await serve(says(NO_CONTENT), certificate)))

    assert asyncio.run(story()) is None


def test_verified_https_does_not(certificate: ssl.SSLContext) -> None:
    async def story() -> Failure | None:
        port = await serve(says(NO_CONTENT), certificate)
        return await ask(target("https", port=port, host_name="www.example", verify_tls=True))

    failure = asyncio.run(story())
    assert failure is not None
    assert (failure.outcome, failure.got) == (ProbeOutcome.WRONG, "TLS: CERTIFICATE_VERIFY_FAILED")


def test_a_portal_behind_https_is_wrong(certificate: ssl.SSLContext) -> None:
    async def story() -> Failure | None:
        port = await serve(says(b"HTTP/1.1 200 OK\r\n\r\n<title>Portail</title>"), certificate)
        return await ask(target("https", port=port, expect_text="repli-ok"))

    failure = asyncio.run(story())
    assert failure == Failure(ProbeOutcome.WRONG, "HTTP/1.1 200 OK <title>Portail</title>")


def test_what_speaks_no_tls_is_wrong() -> None:
    async def story() -> Failure | None:
        async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(1)

        return await ask(target("https", port=await serve(talk)))

    assert outcome(story()) is ProbeOutcome.WRONG


def test_https_costs_about_what_is_assumed(certificate: ssl.SSLContext) -> None:
    async def story() -> tuple[ProbeTarget, Volume]:
        volume = Volume()
        asked = target("https", port=await serve(says(NO_CONTENT), certificate))
        await ask(asked, volume=volume)
        return asked, volume

    asked, volume = asyncio.run(story())
    assert 0.3 * probe_bytes(asked) < volume.total <= probe_bytes(asked)
