"""A certificate for the loopback that this process and its children trust, so that TLS is real and checked."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path


def loopback_tls(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context and the file with the authority to trust (``SSL_CERT_FILE``)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    now = dt.datetime.now(dt.UTC)
    begin, end = now - dt.timedelta(days=1), now + dt.timedelta(days=2)

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    base = x509.CertificateBuilder().issuer_name(name("authority")).not_valid_before(begin).not_valid_after(end)
    authority = (
        base.subject_name(name("authority"))
        .public_key(authority_key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    # Some clients take no certificate of an authority for that of a server.
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    certificate = (
        base.subject_name(name("loopback"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    chain, secret, trusted = folder / "loopback.pem", folder / "loopback.key", folder / "authority.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    trusted.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    return context, trusted
