"""The gate: an independent second look at what is released.

    gate      columns of one release to the rows that still hold a NIR
    leaves    a column of any type as flat arrays of values
    lists     the items of lists and maps, one behind the other
    buffers   texts as bytes: where their digits are, and how they are written but for these
    scan      one flat array: hits, and what chance would find
    columns   what a column's long numbers are as a whole, over a run
    values    the long numbers in a column's values, as digits
    sieve     one array of texts down to the few that are to be read closely
    text      these few, read closely
    fold      one text to one byte a character
    labels    where the words stand that name a number
    iban      numbers of bank accounts, known by their check digits
    numbers   where the digits of many texts stand

How it works, in one page. `gate.find_leaks` takes the columns apart into flat arrays (`leaves`).
Whole values of 13 or 15 characters are judged by arithmetic, a column at a time (`scan`). All
other texts go through two looks, each over all of them at once:

1. `sieve`, on the bytes as they come, drops what cannot hold a NIR. It counts the digits of each
   value; short ones that are written alike but for their digits (SIRET, IBAN, moments) are told
   by their shape;
   patterns for RE2 keep those with a dozen digits and nothing but separators between, or digits
   written in a way that the bytes do not show (escapes, markup, other scripts, misread letters). A
   value goes on if a label stands in what is left, or if 13 or 15 digits have a right
   key or INSEE's grouping (`numbers`). Of a million comments with look-alikes in every tenth, some
   two thousand go on.
2. `text`, on what is left, folds each value to one byte a character (`fold`), puts all of them one
   behind the other and finds groups and runs of digits again. Candidates are windows of 13 or 15
   digits from group to group; labels are looked for once (`labels`). Keys, groupings and the
   distance to the last label are arrays; only candidates with a sign are looked at one by one.

Both are linear in the length of a text, whatever it holds.

What makes a NIR of digits in a text:

- a right key, where the digits stand together or are broken where the NIR's parts end, or evenly;
- INSEE's grouping, 1 55 08 75 999 991, with any key or none;
- a strong label (NIR, n° de sécurité sociale) before 12 to 16 digits: the first of their run, or
  13 or 15 within it that could be a person's; or before more digits in which a right key or two
  bodies stand. Only check digits speak against them (an IBAN), and signs that no NIR is written
  with: cents and currencies, the colons of a moment, the country of a telephone. The digits alone
  of dates, epochs and file numbers do not: 1760875999991 is a moment of 2025 and a man's number;
- a weak label (matricule) before 13 or 15 digits that could be a person's, or have a right key.

Whatever parts the digits, it is one class: up to four signs that are no letters and digits, markup
of any name, and all encodings of blanks. A letter or a currency ends a number.

Its modules import `tamis.errors`, `tamis.language` and the table of labels, `tamis.nir.labels`, and
nothing else of Tamis. What they have in common with `tamis.nir` and `tamis.arrow` (types, buffers,
the grammar of a NIR) is written a second time on purpose: code that both looks share would be wrong
in both at once. Do not merge the copies. Begin with `gate.find_leaks`.
"""
