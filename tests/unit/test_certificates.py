"""The site CA and host certificates: judged by openssl, renewed by rule, and the hospital's own CA checked."""

import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import SecretStr

from builder.errors import BadInput
from builder.models.site import Site
from builder.secrets import ca_certificate, certificate_for, generate_missing, identity_of, open_store, signing_request
from builder.secrets.authority import NOT_AFTER, authority_certificate
from builder.secrets.certificates import HostCertificate, make_host_keys
from builder.secrets.ending import Remaining, remaining
from builder.secrets.keys import PrivateKey, new_key, read_key
from builder.secrets.leaf import Identity, issue
from tests.unit.site_parts import host, site_of

TODAY = date(2026, 11, 21)
FOLDER = Path(".pacsmith/g-site/certificates")
NAMES = ("arc1.g.example", "arc1")
ADDRESSES = (IPv4Address("10.9.0.3"),)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder whose vault is kept in the clear in memory: the real one costs half a second each time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("builder.secrets.vault_file.decrypt", lambda content, password: content.decode())
    monkeypatch.setattr("builder.secrets.vault_file.encrypt", lambda text, password: text.encode())
    return tmp_path


def site(**ca: Any) -> Site:
    return site_of([host(1)], ca={"key": {"vault": "site_ca_key"}, "organisation": "G", "common_name": "G CA"} | ca)


def certificate(
    of: Site, *, today: date = TODAY, dns: tuple[str, ...] = NAMES, addresses: tuple[IPv4Address, ...] = ADDRESSES
) -> HostCertificate:
    return certificate_for(of, open_store(of), "arc1", dns, addresses, today)


def openssl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)


def verified(*how: str) -> subprocess.CompletedProcess[str]:
    """What openssl says of arc1's certificate."""
    return openssl("verify", *how, "-CAfile", FOLDER / "ca.pem", FOLDER / "arc1.pem")


# -- our own CA


def test_openssl_accepts_the_certificate_for_servers_and_clients_by_name_and_address() -> None:
    generate_missing(site())
    certificate(site(), today=datetime.now(UTC).date())
    for purpose in ("sslserver", "sslclient"):
        for asked in (("-verify_hostname", NAMES[0]), ("-verify_hostname", "arc1"), ("-verify_ip", "10.9.0.3")):
            done = verified("-x509_strict", "-purpose", purpose, *asked)
            assert done.returncode == 0, done.stdout + done.stderr
    for asked in (("-verify_hostname", "arc2"), ("-verify_ip", "10.9.0.4"), ("-purpose", "crlsign")):
        assert verified(*asked).returncode != 0


def test_the_extensions_are_what_the_standard_wants() -> None:
    generate_missing(site())
    made = certificate(site())
    ca = x509.load_pem_x509_certificate(made.ca_pem.encode())
    leaf = x509.load_pem_x509_certificate(made.certificate_pem.encode())
    assert leaf.extensions.get_extension_for_class(x509.KeyUsage).critical
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
    }
    constraint = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraint.critical, constraint.value.ca, constraint.value.path_length) == (True, True, 0)
    usage = ca.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)
    subject = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    authority = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert authority.key_identifier == subject.digest
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=397)
    assert made.not_after == leaf.not_valid_after_utc


def test_the_ca_certificate_follows_from_its_key_so_that_a_lost_file_comes_back_the_same() -> None:
    generate_missing(site())
    first = ca_certificate(site(), open_store(site()))
    (FOLDER / "ca.pem").unlink()
    assert ca_certificate(site(), open_store(site())) == first
    assert (FOLDER / "ca.pem").read_text() == first
    assert ca_certificate(site(common_name="Another CA"), open_store(site())) != first


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["P-256", "P-384", "RSA", "Ed25519"],
)
def test_every_kind_of_ca_key_gives_the_same_certificate_twice(key: PrivateKey, tmp_path: Path) -> None:
    first = authority_certificate(key, "CA", "Hospital")
    assert authority_certificate(key, "CA", "Hospital").public_bytes(Encoding.DER) == first.public_bytes(Encoding.DER)
    leaf_key = read_key(SecretStr(new_key()), "test")
    leaf = issue(leaf_key, Identity(NAMES, ADDRESSES), first, key, today=datetime.now(UTC).date(), days=30)
    (tmp_path / "ca").write_bytes(first.public_bytes(Encoding.PEM))
    (tmp_path / "leaf").write_bytes(leaf.public_bytes(Encoding.PEM))
    done = openssl("verify", "-x509_strict", "-CAfile", tmp_path / "ca", tmp_path / "leaf")
    assert done.returncode == 0, done.stderr


def test_a_certificate_stays_until_it_is_due() -> None:
    generate_missing(site())
    first = certificate(site())
    assert (first.renewed, first.reason) == (True, "there is none yet")
    last_day = first.not_after.date() - timedelta(days=30)
    for day in (TODAY, TODAY + timedelta(days=200), last_day):
        again = certificate(site(), today=day)
        assert (again.renewed, again.reason, again.certificate_pem) == (False, None, first.certificate_pem)
    due = certificate(site(), today=last_day + timedelta(days=1))
    assert (due.renewed, due.reason) == (True, "29 days are left")
    assert due.key_pem == first.key_pem
    assert due.ca_pem == first.ca_pem


def _other_ca() -> None:
    store = open_store(site())
    store.keep(lambda _: {"site_ca_key": new_key(strong=True)})


def _other_key() -> None:
    store = open_store(site())
    store.keep(lambda _: {"certificate_key_arc1": new_key()})


REASONS: dict[str, tuple[Callable[[], object], dict[str, Any]]] = {
    "the host's names or addresses changed": (lambda: None, {"addresses": (IPv4Address("10.9.0.4"),)}),
    "the site CA changed": (_other_ca, {}),
    "the host's key changed": (_other_key, {}),
    "there is none yet": (lambda: (FOLDER / "arc1.pem").write_text("damaged"), {}),
    "it is not valid yet": (lambda: None, {"today": TODAY - timedelta(days=2)}),
    "it has expired": (lambda: None, {"today": TODAY + timedelta(days=900)}),
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_makes_a_new_certificate_due(reason: str) -> None:
    change, asked = REASONS[reason]
    generate_missing(site())
    first = certificate(site())
    change()
    second = certificate(site(), **asked)
    assert (second.renewed, second.reason) == (True, reason)
    assert second.certificate_pem != first.certificate_pem
    assert certificate(site(), **asked).renewed is False


def test_fewer_names_make_a_new_certificate_due_too() -> None:
    generate_missing(site())
    certificate(site())
    assert certificate(site(), dns=NAMES[:1]).reason == "the host's names or addresses changed"


def test_no_certificate_outlives_its_ca() -> None:
    generate_missing(site())
    late = certificate(site(), today=date(2045, 11, 1))
    assert late.not_after == NOT_AFTER


def test_certificates_are_public_and_no_key_lies_beside_them() -> None:
    generate_missing(site())
    made = certificate(site())
    signing_request(site(), open_store(site()), "arc1", NAMES, ADDRESSES)
    assert {path.name for path in FOLDER.iterdir()} == {"ca.pem", "arc1.pem", "arc1.csr"}
    for path in FOLDER.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert "PRIVATE KEY" not in path.read_text()
    assert "PRIVATE KEY" in made.key_pem.get_secret_value()
    assert "PRIVATE KEY" not in repr(made)


def test_a_long_name_is_an_alternative_name_and_the_short_one_the_subject() -> None:
    generate_missing(site())
    long = "arc1." + ".".join(["hospital"] * 8) + ".example"
    made = certificate(site(), dns=(long, "arc1"), today=datetime.now(UTC).date())
    leaf = x509.load_pem_x509_certificate(made.certificate_pem.encode())
    assert leaf.subject.rfc4514_string() == "CN=arc1"
    done = openssl(
        "verify", "-x509_strict", "-verify_hostname", long, "-CAfile", FOLDER / "ca.pem", FOLDER / "arc1.pem"
    )
    assert done.returncode == 0, done.stderr


def test_a_host_key_that_is_missing_is_made_and_kept_in_the_vault() -> None:
    generate_missing(site())
    of = site_of([host(1), host(2)], ca=site().ca)
    identity = identity_of(of, of.hosts[1])
    assert identity == Identity(("arc2.g.example", "arc2"), (IPv4Address("10.9.0.4"),))
    first = certificate_for(of, open_store(of), "arc2", identity.dns, identity.addresses, TODAY)
    second = certificate_for(of, open_store(of), "arc2", identity.dns, identity.addresses, TODAY)
    assert (first.renewed, second.renewed) == (True, False)
    assert first.key_pem == second.key_pem


FAULTS = {
    "no PEM at all": "the value is no private key in PEM without a passphrase; put one there",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----": "is no private key",
}


@pytest.mark.parametrize(("value", "sentence"), FAULTS.items())
def test_a_ca_key_that_is_none_is_not_quoted(value: str, sentence: str) -> None:
    generate_missing(site())
    open_store(site()).keep(lambda _: {"site_ca_key": value})
    with pytest.raises(BadInput) as fault:
        certificate(site())
    assert str(fault.value).startswith("secret vault:site_ca_key: the value is no private key")
    assert sentence in str(fault.value)
    assert "AAAA" not in str(fault.value)


def test_what_the_site_lacks_is_said() -> None:
    generate_missing(site())
    with pytest.raises(BadInput, match=r"site g-site: ca\.key is missing; name where the CA's key is kept"):
        certificate(site(key=None))
    with pytest.raises(BadInput, match=r"ca\.common_name: 65 characters; a certificate's name holds 64 at most"):
        certificate(site(common_name="x" * 65))
    bare = site_of([host(1)], vault=None)
    with pytest.raises(BadInput, match="it has no vault to keep host keys in; add `vault:` to the site file"):
        certificate(bare)


# -- the hospital's own CA


@dataclass
class Hospital:
    """A CA with an intermediate, as hospitals have, and what it would sign."""

    root_key: ec.EllipticCurvePrivateKey
    root: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    between: x509.Certificate

    def sign(self, request: x509.CertificateSigningRequest, **changes: Any) -> x509.Certificate:
        """A certificate for the request; `usages`, `names`, `begin`, `end` and `key` differ from it where given."""
        asked = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        builder = (
            x509.CertificateBuilder(
                self.between.subject, request.subject, changes.get("key") or request.public_key(), 7
            )
            .not_valid_before(changes.get("begin") or datetime(2026, 11, 1))
            .not_valid_after(changes.get("end") or datetime(2027, 11, 1))
            .add_extension(changes.get("names") or asked, critical=False)
        )
        usages = changes.get("usages", [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        return builder.sign(self.key, SHA256())


def _ca(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Certificate | None, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder(issuer.subject if issuer else subject, subject, key.public_key(), 5)
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2040, 1, 1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=False)
        .sign(signer, SHA256())
    )


@pytest.fixture
def hospital(project: Path) -> Hospital:
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _ca("Hospital root", root_key, None, root_key)
    (project / "hospital-ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    return Hospital(root_key, root, key, _ca("Hospital issuing", key, root, root_key))


def external() -> Site:
    return site(mode="external", key=None, certificate="hospital-ca.pem")


def _request() -> x509.CertificateSigningRequest:
    path = signing_request(external(), open_store(external()), "arc1", NAMES, ADDRESSES)
    return x509.load_pem_x509_csr(path.read_bytes())


def _hand_in(*chain: x509.Certificate) -> None:
    (FOLDER / "arc1.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in chain))


def test_without_a_signed_certificate_the_request_lies_there_and_is_named(hospital: Hospital) -> None:
    generate_missing(external())
    with pytest.raises(BadInput) as fault:
        certificate(external())
    assert str(fault.value) == (
        f"{FOLDER}/arc1.pem: arc1 has no certificate yet; have {FOLDER}/arc1.csr signed by the hospital's CA "
        "and put the answer there"
    )
    done = openssl("req", "-verify", "-noout", "-text", "-in", FOLDER / "arc1.csr")
    assert done.returncode == 0
    assert "DNS:arc1.g.example, DNS:arc1, IP Address:10.9.0.3" in done.stdout
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in done.stdout


def test_a_request_stays_the_same_until_names_or_key_change(hospital: Hospital) -> None:
    generate_missing(external())
    store = open_store(external())
    path = signing_request(external(), store, "arc1", NAMES, ADDRESSES)
    first = path.read_bytes()
    assert signing_request(external(), store, "arc1", NAMES, ADDRESSES).read_bytes() == first
    assert signing_request(external(), store, "arc1", NAMES[:1], ADDRESSES).read_bytes() != first
    second = path.read_bytes()
    store.keep(lambda _: {"certificate_key_arc1": new_key()})
    assert signing_request(external(), store, "arc1", NAMES[:1], ADDRESSES).read_bytes() != second


def test_a_signed_certificate_is_taken_with_its_chain(hospital: Hospital) -> None:
    generate_missing(external())
    _hand_in(hospital.sign(_request()), hospital.between)
    made = certificate(external())
    assert made.renewed is False
    assert made.certificate_pem.count("BEGIN CERTIFICATE") == 2
    assert made.ca_pem == (Path("hospital-ca.pem")).read_text() == (FOLDER / "ca.pem").read_text()
    assert made.not_after == datetime(2027, 11, 1, tzinfo=UTC)
    assert remaining(external(), "arc1", TODAY) == Remaining(345, "345 days are left", soon=False)


def test_a_signed_certificate_near_its_end_is_taken_and_says_what_a_person_must_do(hospital: Hospital) -> None:
    generate_missing(external())
    _hand_in(hospital.sign(_request(), end=datetime(2026, 12, 1)), hospital.between)
    assert certificate(external()).certificate_pem
    said = f"{FOLDER}/arc1.pem: 10 days are left; have {FOLDER}/arc1.csr signed again"
    assert remaining(external(), "arc1", TODAY) == Remaining(10, said, soon=True)


def test_only_the_hospital_s_own_ca_needs_a_person_in_time() -> None:
    generate_missing(site())
    certificate(site())
    assert remaining(site(), "arc1", date(2027, 12, 1)) is None


def test_a_certificate_that_is_not_there_has_no_days_left(hospital: Hospital) -> None:
    said = f"{FOLDER}/arc1.pem: there is no certificate that can be read; have {FOLDER}/arc1.csr signed"
    assert remaining(external(), "arc1", TODAY) == Remaining(None, said, soon=True)


OTHER = ec.generate_private_key(ec.SECP256R1())
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another key": (
        {"key": OTHER.public_key()},
        "the certificate is for another key; hand in the present request (.csr) and put its answer there",
    ),
    "a name left out": (
        {"names": x509.SubjectAlternativeName([x509.DNSName("arc1.g.example")])},
        "the certificate does not name arc1, 10.9.0.3; the CA must keep the request's names",
    ),
    "servers only": (
        {"usages": [ExtendedKeyUsageOID.SERVER_AUTH]},
        "the certificate does not allow client use; the CA must allow both server and client",
    ),
    "expired": (
        {"end": datetime(2026, 11, 20)},
        "the certificate expired on 2026-11-20; hand the request in again",
    ),
    "of the future": (
        {"begin": datetime(2027, 1, 1)},
        "the certificate is valid only from 2027-01-01; check the controller's clock",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_certificate_is_refused_with_its_reason(hospital: Hospital, case: str) -> None:
    changes, sentence = WRONG[case]
    generate_missing(external())
    _hand_in(hospital.sign(_request(), **changes), hospital.between)
    with pytest.raises(BadInput) as fault:
        certificate(external())
    assert str(fault.value) == f"{FOLDER}/arc1.pem: {sentence}"


def test_a_certificate_without_extended_usage_serves_for_both(hospital: Hospital) -> None:
    generate_missing(external())
    _hand_in(hospital.sign(_request(), usages=[]), hospital.between)
    assert certificate(external()).certificate_pem


def test_a_missing_intermediate_and_a_strange_ca_are_refused(hospital: Hospital) -> None:
    generate_missing(external())
    no_chain = "no chain leads to the site's CA file; add the intermediate certificates below the host's own"
    _hand_in(hospital.sign(_request()))
    with pytest.raises(BadInput, match=no_chain):
        certificate(external())
    strange = ec.generate_private_key(ec.SECP256R1())
    stranger = Hospital(strange, _ca("Hospital root", strange, None, strange), strange, hospital.between)
    _hand_in(stranger.sign(_request()), hospital.between)
    with pytest.raises(BadInput, match=no_chain):
        certificate(external())


def test_several_faults_are_said_at_once(hospital: Hospital) -> None:
    generate_missing(external())
    _hand_in(hospital.sign(_request(), key=OTHER.public_key(), end=datetime(2026, 11, 20)))
    with pytest.raises(BadInput, match=r"another key; .*; also: .* expired on .*; also: no chain leads"):
        certificate(external())


def test_files_that_are_no_certificates_are_said(hospital: Hospital, project: Path) -> None:
    generate_missing(external())
    _request()
    (FOLDER / "arc1.pem").write_text("Dear colleague, attached …")
    with pytest.raises(
        BadInput, match=r"arc1\.pem: the signed certificate is no PEM certificate; put it there as text"
    ):
        certificate(external())
    (project / "hospital-ca.pem").unlink()
    with pytest.raises(BadInput, match=r"hospital-ca\.pem: the hospital's CA certificate is missing; put its PEM file"):
        certificate(external())


def test_a_key_with_a_passphrase_is_refused() -> None:
    pem = OTHER.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pass")).decode()
    with pytest.raises(BadInput, match="no private key in PEM without a passphrase"):
        read_key(SecretStr(pem), "secret x")
    assert read_key(SecretStr(OTHER.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()), "x")


# -- a fleet


def test_keys_that_are_missing_are_made_in_one_writing_of_the_vault() -> None:
    of = site()
    generate_missing(of)
    store = open_store(of)
    assert store.vault is not None
    before, read = dict(store.vault.values()), store.vault.times_read
    make_host_keys(store, ["arc1", "arc2", "arc3"])
    assert set(store.vault.values()) - set(before) == {"certificate_key_arc2", "certificate_key_arc3"}
    assert store.vault.values()["certificate_key_arc1"] == before["certificate_key_arc1"]
    made = dict(store.vault.values())
    make_host_keys(store, ["arc1", "arc2", "arc3"])
    assert store.vault.values() == made
    assert store.vault.times_read == read + 2, "the old vault and the new one, once each"


def test_no_certificate_is_issued_for_a_key_whose_numbers_do_not_fit_together() -> None:
    of = site()
    generate_missing(of)
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_numbers()
    broken = rsa.RSAPrivateNumbers(
        numbers.p, numbers.q, numbers.d ^ 6, numbers.dmp1, numbers.dmq1, numbers.iqmp, numbers.public_numbers
    ).private_key(unsafe_skip_rsa_key_validation=True)
    pem = broken.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    open_store(of).keep(lambda _: {"certificate_key_arc1": pem})
    with pytest.raises(BadInput, match="certificate_key_arc1"):
        certificate(of)
    assert not (FOLDER / "arc1.pem").exists()
