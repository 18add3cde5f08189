"""The rules of `tamis.nir.grammar` on whole columns: the same spans, found many rows at a time.

Most text holds no NIR, and most NIRs have one of a few shapes. Those shapes are read with NumPy
over all bytes of a column at once, and so are the numbers that are none; only rows about which a
doubt is left are given to `find_nir`, one by one. Five steps, with the module of each:

    bytes       the column's data buffer, about 4 MiB of rows at a time             scan
      │         N + 1 offsets are the places of the rows in it
      ▼
    bitmap      one bit a byte: set where the byte is an ASCII digit                bits
      │         64 bits are a word; a row of fewer than nine is done, the others
      │         are put together and read again
      ▼
    candidates  numbers of 13 characters, with their key where they have one:       shapes
      │         compact, or in the INSEE grouping. Arrays with one entry a
      │         candidate: row, first byte, end, whether a label decides on it.
      │         The words before it are matched by regular expressions (RE2).
      │         What is surely a NIR is accepted, and its bits are cleared
      ▼
    chains      what is left: tokens, which are runs of digits, and chains of       chains
      │         tokens, between which nothing stands that a NIR could not hold: a
      │         second bitmap marks such bytes, a third one signs of escapes.
      │         Arrays with one entry a token: first byte, end, digits so far.
      │         A chain of twelve digits is in doubt if some of its tokens have
      │         a NIR's right key or grouping, or if the row has a label of a
      │         NIR (RE2) and some tokens add up to 12 to 16 digits
      ▼
    rules       `find_nir` for each row that is in doubt after this, or has         scan
                letters that OCR puts for digits, digits of other scripts, escapes

    result      N spans in bytes: the row of each, its first byte, its end

Example: of `nom;155087599999193;commande 1234567890123` the bitmap has runs of 15 and 13 bits. The
first is a candidate: the body's digits and the key 93 are right, and a separator stands on both
sides, so that no rule could decide otherwise. Its bits are cleared. The second is a chain of one
token, with no key behind it; the row has no label of a NIR, and so is done.

A candidate is accepted only where `find_nir` would surely accept the same span, and a chain left
only where it would surely accept none; property tests compare both on random texts. What is
doubtful costs time, never a NIR.

It imports `arrow` and the rest of `nir`. Begin with `scan.locate`.
"""
