"""Key management services (KMS) that wrap the key of a keyring, behind one protocol.

    gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K     Google Cloud KMS

A service never sees a root key: it wraps the 32-byte key under which roots are encrypted.
"""

from typing import TYPE_CHECKING, Final, Protocol

from tamis.errors import KeysError
from tamis.language import N_, _

if TYPE_CHECKING:
    from google.cloud.kms_v1 import KeyManagementServiceClient

_GCP: Final = "gcp-kms://"
_GCP_PARTS: Final = ("projects", "locations", "keyRings", "cryptoKeys")
_TIMEOUT_SECONDS: Final = 30.0
_DID_NOT: Final = {
    "encrypt": N_("the kms did not encrypt: {kind}"),
    "decrypt": N_("the kms did not decrypt: {kind}"),
}


class Kms(Protocol):
    """A service that encrypts short secrets under a key that never leaves it."""

    def wrap(self, secret: bytes) -> bytes:
        """Encrypt `secret`. Raises `KeysError` if the service does not."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """Decrypt what `wrap` returned. Raises `KeysError` if the service does not."""


def connect(uri: str) -> Kms:
    """The client of a KMS key, by the key's URI. No call is made yet.

    Raises:
        KeysError: no driver knows the URI, or its client library is not installed.
    """
    if uri.startswith(_GCP):
        return GoogleKms(uri)
    raise KeysError(
        _(
            "`{uri}` is no key of a known kms: expected {prefix}projects/…/cryptoKeys/…",
            uri=uri,
            prefix=_GCP,
        )
    )


class GoogleKms:
    """A symmetric key of Google Cloud KMS, reached with the application's default credentials.

    The caller needs the permission `cloudkms.cryptoKeyVersions.useToEncrypt` to make or change a
    keyring, `…useToDecrypt` to use one. Every request and answer carries a checksum.

    Args:
        uri: `gcp-kms://projects/…/locations/…/keyRings/…/cryptoKeys/…`.
        client: another client than the default one, such as one for a private endpoint.

    Raises:
        KeysError: the URI names no key, or the extra `gcp` is not installed.
    """

    def __init__(self, uri: str, client: "KeyManagementServiceClient | None" = None) -> None:
        self._name = uri.removeprefix(_GCP)
        parts = self._name.split("/")
        if tuple(parts[::2]) != _GCP_PARTS or not all(parts[1::2]) or len(parts) != 8:
            raise KeysError(
                _("`{uri}` is no key of Google Cloud KMS: expected {form}", uri=uri, form=_form())
            )
        self._client = client

    def wrap(self, secret: bytes) -> bytes:
        """Encrypt `secret`, at most 64 KiB."""
        response = self._call("encrypt", "plaintext", secret)
        if not response.verified_plaintext_crc32c:
            raise KeysError(
                _("kms key `{name}`: what was sent did not arrive whole", name=self._name)
            )
        return self._whole(response.ciphertext, response.ciphertext_crc32c)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Decrypt what `wrap` returned."""
        response = self._call("decrypt", "ciphertext", wrapped)
        return self._whole(response.plaintext, response.plaintext_crc32c)

    def _call(self, method: str, field: str, content: bytes):  # type: ignore[no-untyped-def]
        try:
            import google_crc32c
            from google.api_core.exceptions import GoogleAPICallError, RetryError
            from google.auth.exceptions import GoogleAuthError
            from google.cloud.kms_v1 import KeyManagementServiceClient
        except ImportError:
            raise KeysError(_("Google Cloud KMS needs the extra `gcp` of tamis")) from None
        try:
            self._client = self._client or KeyManagementServiceClient()
            checksum = google_crc32c.value(content)
            request = {"name": self._name, field: content, f"{field}_crc32c": checksum}
            return getattr(self._client, method)(request=request, timeout=_TIMEOUT_SECONDS)
        except (GoogleAPICallError, RetryError, GoogleAuthError) as error:
            # Only the error's class is named: a service's own message may quote the request.
            kind = type(error).__name__
            problem = _(_DID_NOT[method], kind=kind)
            raise KeysError(
                _("kms key `{name}`: {problem}", name=self._name, problem=problem)
            ) from None

    def _whole(self, content: bytes, checksum: int) -> bytes:
        import google_crc32c

        if google_crc32c.value(content) != checksum:
            raise KeysError(
                _("kms key `{name}`: what came back did not arrive whole", name=self._name)
            )
        return content


def _form() -> str:
    return _GCP + "/".join(f"{part}/…" for part in _GCP_PARTS)
