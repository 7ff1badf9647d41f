"""Addresses, names and certificates of the proxy, for what no test through the front door can show."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509

from salvia.core.domains import bypass, is_aws
from salvia.protocol.proxy import trust
from salvia.protocol.proxy.authority import Authority, new_authority
from salvia.protocol.proxy.outside import is_public


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    """IANA's special-purpose address registries."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
    ],
)
def test_addresses_that_are_not(address: str) -> None:
    """The same registries, and IPv4 addresses in IPv6's clothes: RFC 4291, 6052, 3056."""
    assert not is_public(address)


def test_which_names_are_awss() -> None:
    assert all(is_aws(name) for name in ("sts.amazonaws.com", "b.s3.cn-north-1.amazonaws.com.cn", "amazonaws.com."))
    assert all(is_aws(name) for name in ("us-east-1.experiments.sagemaker.aws", "mlflow.sagemaker.eu-west-1.app.aws"))
    assert not any(is_aws(name) for name in ("amazonaws.com.example", "notamazonaws.com", "aws.amazon.com", ""))


def test_no_proxy_keeps_what_it_had_but_for_awss_names() -> None:
    """What bypasses the proxy would reach AWS itself."""
    given = " .corp.example,*.amazonaws.com,.amazonaws.com:443, s3.amazonaws.com,*,10.0.0.0/8,"
    assert bypass(given, "127.0.0.1", "10.0.0.0/8") == ".corp.example,10.0.0.0/8,127.0.0.1"


def test_certificates_are_renewed_before_they_end_and_kept_meanwhile() -> None:
    now = [1_800_000_000.0]
    authority = Authority(new_authority(), wall=lambda: now[0])
    first = authority.context("a.example")
    now[0] += 6 * 86_400
    assert authority.context("a.example") is first
    now[0] += 2 * 86_400
    assert authority.context("a.example") is not first


def test_the_authority_signs_for_servers_and_for_no_further_authority() -> None:
    """RFC 5280, sections 4.2.1.3 and 4.2.1.9."""
    own = x509.load_pem_x509_certificate(Authority(new_authority()).certificate.encode())
    constraints = own.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)


def test_the_bundle_has_this_machines_certificates_and_a_persons_own_once_and_never_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corporate, old, ours = (Authority(new_authority()).certificate for _ in range(3))
    (tmp_path / "corporate.pem").write_text(corporate)
    (tmp_path / "ca-bundle.pem").write_text(old)
    for name in ("AWS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "corporate.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca-bundle.pem"))
    made = trust.bundle(ours, tmp_path / "ca-bundle.pem")
    assert made.count(corporate.strip()) == 1
    assert made.rstrip().endswith(ours.strip())
    assert old.strip() not in made
    context = ssl.create_default_context(cadata=made)
    assert context.cert_store_stats()["x509_ca"] > 50
