"""The gate: an independent second look at what leaves under paragraph III.

    gate      columns of one release to the rows that still hold a NIR
    leaves    a column of any type as flat arrays of values
    scan      one flat array: hits, and what chance would find
    columns   what a column's long numbers are as a whole, over a run
    values    the long numbers in a column's values, as digits
    sieve     one array of texts down to the few that are to be read closely
    text      these few, read closely
    fold      one text to one byte a character
    labels    the words that name a number
    iban      numbers of bank accounts, known by their check digits
    numbers   where the digits of many texts stand

How it works, in one page. `gate.find_leaks` takes the columns apart into flat arrays (`leaves`).
Whole values of 13 or 15 characters are judged by arithmetic, a column at a time (`scan`). All
other texts go through two looks, each over all of them at once:

1. `sieve`, on the bytes as they come, drops what cannot hold a NIR. It counts the digits of each
   value; patterns for RE2 keep those with a dozen digits and nothing but separators between, or
   digits written in a way that the bytes do not show (escapes, other scripts, misread letters).
   In what is left it finds groups of digits and runs of groups (`numbers`). A value goes on if 13
   or 15 digits have a right key or INSEE's grouping, or if a label stands in it. Of a million
   comments with look-alikes in every tenth, one to three thousand go on.
2. `text`, on what is left, folds each value to one byte a character (`fold`), puts all of them one
   behind the other and finds groups and runs again. Candidates are windows of 13 or 15 digits from
   group to group; labels are looked for once (`labels`). Keys, groupings and the distance to the
   last label are arrays; only candidates with a sign are looked at one by one, for the separators
   between their digits and for what they may be a part of.

Both are linear in the length of a text, whatever it holds.

Its modules import `tamis.errors` and `tamis.language` and nothing else of Tamis. What they have in
common with `tamis.nir` and `tamis.arrow` (types, buffers, the grammar of a NIR) is written a
second time on purpose: code that both looks share would be wrong in both at once. Do not merge
the copies. Begin with `gate.find_leaks`.
"""
