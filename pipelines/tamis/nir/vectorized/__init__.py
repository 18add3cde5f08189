"""The rules of `tamis.nir.grammar` on whole columns: the same spans, found many rows at a time.

Most text holds no NIR, and most NIRs have one of a few shapes. Those shapes are read with NumPy
over all bytes of a column at once; only rows about which they leave a doubt are given to
`find_nir`, one by one. Four steps, with the module of each:

    bytes       the column's data buffer, about 4 MiB of rows at a time             scan
      │         N + 1 offsets are the places of the rows in it
      ▼
    bitmap      one bit a byte: set where the byte is an ASCII digit                bits
      │         64 bits are a word; counting the bits of two neighbouring words
      │         finds where 12 digits stand close together: only there can a
      │         NIR begin, so only those words are looked at further
      ▼
    candidates  numbers of 13 characters, with their key where they have one:       shapes
      │         compact, or in the INSEE grouping. Arrays with one entry a
      │         candidate: row, first byte, end, whether a label decides on it.
      │         The words before it are matched by regular expressions (RE2)
      ▼
    rules       `find_nir` for each row that is in doubt after this: one with       scan
                enough digits outside of the candidates, or with letters that
                OCR puts for digits, digits of other scripts, escapes

    result      N spans in bytes: the row of each, its first byte, its end

Example: of `nom;155087599999193;commande 12345` the bitmap has a run of 15 bits. It is a candidate:
the body's digits and the key 93 are right, and a separator stands on both sides, so that no rule
could decide otherwise. Its bits are cleared. Five digits are left, too few for a NIR, and the row
is done without a regular expression.

A candidate is accepted only where `find_nir` would surely accept the same span; property tests
compare both on random texts. What is doubtful costs time, never a NIR.

It imports `arrow` and the rest of `nir`. Begin with `scan.locate`.
"""
