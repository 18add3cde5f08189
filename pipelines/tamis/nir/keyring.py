"""The keyring: root keys by epoch, in one file that only its owner reads.

    {"keyring": "tamis/v1",
     "wrap": {"by": "passphrase", "salt": "…", "n": 131072, "r": 8, "p": 1},
     "epochs": [{"epoch": 1, "created": "2026-11-23T08:00:00+00:00", "key_id": "9f3c…", "root": null},
                {"epoch": 2, "created": "2027-01-04T08:00:00+00:00", "key_id": "41ab…", "root": "…"}]}

The last epoch is the current one; a root that is null was destroyed, and with it the means to make
that epoch's pseudonyms again. `root` is encrypted (AES-256-GCM) under one key, which scrypt makes
of a passphrase or a KMS wraps; with `"by": "none"` it lies in the open, guarded by the file's mode
alone. A key id is random: it names an epoch's root and tells nothing of it.

Keys reach a worker in one of three ways, none of them through the job: a file on the worker, a
secret mounted in its environment (`env:NAME`, the file in base64), or either of them wrapped by a
KMS that the worker's own identity may ask. Only the reference travels.
"""

import stat
from typing import Final

PASSPHRASE_VARIABLE: Final = "TAMIS_KEYS_PASSPHRASE"

_NONCE_BYTES: Final = 12
_LARGEST_FILE: Final = 1 << 20  # bytes
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
