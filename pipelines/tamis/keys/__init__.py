"""Secrets: root keys of pseudonyms, and keys to which quarantined originals are sealed.

    keyring      root keys by epoch, and chains      keyring_file its file, read and checked
    sealed       messages encrypted to a public key  seal_keys    the files of such keys
    secret_file  files of mode 0600, their secrets   kms          a service that wraps a keyring
                 encrypted under a passphrase or a KMS

It imports `nir` (which derives a pseudonym's key from a root), `errors` and `language`. No secret
is in a message, a `repr` or a pickle. Begin with `keyring.open_keyring`.
"""
