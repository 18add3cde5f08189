"""Secrets: root keys of pseudonyms, and keys to which quarantined originals are sealed.

    keyring      root keys by epoch, in one file     kms          a service that wraps a keyring
    sealed       messages encrypted to a public key  seal_keys    the files of such keys
    secret_file  files of mode 0600, their secrets encrypted under a passphrase or a KMS

It imports `nir` (which derives a pseudonym's key from a root), `errors` and `language`. No secret
is in a message, a `repr` or a pickle. Begin with `keyring.open_keyring`.
"""
