"""The one door to WebAuthn: an answer of an authenticator goes in, what was verified comes out, or an error.

The library checks type, challenge, origin, host, presence, unlocking, algorithm and signature (WebAuthn Level 3 §7.1,
§7.2). The counter is left to the statement that writes it down, so that two answers at once cannot both pass.
"""

from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    CredentialDeviceType,
    RegistrationCredential,
)

from unilogin.domain.credentials.passkeys.errors import PasskeyRefusedError, Why
from unilogin.domain.credentials.passkeys.model import (
    Assertion,
    Attestation,
    NewPasskey,
    Site,
    StoredPasskey,
    VerifiedUse,
)
from unilogin.domain.credentials.passkeys.wire import ALGORITHMS, challenge_bytes, user_handle

_LONGEST_ID = 1023  # WebAuthn Level 3 §7.1
_SHORTEST_RSA, _LONGEST_RSA = 2048, 4096


def site_of(base_url: str) -> Site:
    """Return who asks, from the public address in the settings and never from a header."""
    return Site(rp_id=urlsplit(base_url).hostname or "", origin=base_url)


def verify_use(assertion: Assertion, passkey: StoredPasskey, *, site: Site) -> VerifiedUse:
    """Return what an answer proves, whose question was taken and is ours; raises PasskeyRefusedError."""
    if assertion.user_handle != user_handle(passkey.made_for):
        raise PasskeyRefusedError(Why.OWNER)
    if assertion.framed:  # our pages stand in no other site's frame
        raise PasskeyRefusedError(Why.ANSWER)
    credential = AuthenticationCredential(
        id=bytes_to_base64url(assertion.credential_id),
        raw_id=assertion.credential_id,
        response=AuthenticatorAssertionResponse(
            client_data_json=assertion.client_data,
            authenticator_data=assertion.authenticator_data,
            signature=assertion.signature,
            user_handle=assertion.user_handle,
        ),
    )
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge_bytes(assertion.challenge),
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:  # every byte is a stranger's: whatever it does to a parser, it is no proof
        raise PasskeyRefusedError(Why.ANSWER) from error
    if passkey.backup_eligible != _may_be_copied(
        verified.credential_device_type
    ):  # WebAuthn Level 3 §7.2: never changes
        raise PasskeyRefusedError(Why.ANSWER)
    return VerifiedUse(sign_count=verified.new_sign_count, backed_up=verified.credential_backed_up)


def verify_new(attestation: Attestation, *, site: Site) -> NewPasskey:
    """Return the passkey that was made in answer to our question; raises PasskeyRefusedError.

    No statement about the make of the authenticator is asked for, and none with certificates is read: those parsers are
    out of strangers' reach.
    """
    if attestation.framed:
        raise PasskeyRefusedError(Why.ANSWER)
    credential = RegistrationCredential(
        id=bytes_to_base64url(attestation.credential_id),
        raw_id=attestation.credential_id,
        response=AuthenticatorAttestationResponse(
            client_data_json=attestation.client_data, attestation_object=attestation.attestation_object
        ),
    )
    try:
        if not _makes_no_claims(attestation.attestation_object):
            raise PasskeyRefusedError(Why.ANSWER)
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge_bytes(attestation.challenge),
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(number) for number in ALGORITHMS],
        )
        _check_key(verified.credential_public_key)
    except Exception as error:  # as above
        raise PasskeyRefusedError(Why.ANSWER) from error
    if verified.credential_id != attestation.credential_id or len(verified.credential_id) > _LONGEST_ID:
        raise PasskeyRefusedError(Why.ANSWER)
    return NewPasskey(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        transports=attestation.transports,
        backup_eligible=_may_be_copied(verified.credential_device_type),
        backed_up=verified.credential_backed_up,
    )


def _check_key(public_key: bytes) -> None:
    """Refuse what is no key, a point off its curve, and RSA too short to be safe or too long to be quick (N-100)."""
    key = decoded_public_key_to_cryptography(decode_credential_public_key(public_key))
    if isinstance(key, RSAPublicKey) and not _SHORTEST_RSA <= key.key_size <= _LONGEST_RSA:
        raise PasskeyRefusedError(Why.ANSWER)


def _makes_no_claims(attestation_object: bytes) -> bool:
    """Tell whether nothing, or nothing but the new key itself, speaks for the authenticator (§5.4.7, "none")."""
    read = parse_attestation_object(attestation_object)
    return read.fmt == "none" or (read.fmt == "packed" and read.att_stmt.x5c is None)


def _may_be_copied(kind: CredentialDeviceType) -> bool:
    return kind is CredentialDeviceType.MULTI_DEVICE
