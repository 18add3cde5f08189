"""NIRs: finding them in text, validating them as values, replacing them by pseudonyms.

    find         `redact` and `count_nir` on columns of text, `find_nir` on one text
    identifiers  values that are a NIR as a whole: shape, key, canonical form; NIA, NTT and others
    profile      whether a column carries NIRs, and how sure that is
    pseudonym    keyed pseudonyms of canonical NIRs
    grammar      the rules of one text              candidate  a number, its form and surroundings
    fold         any script to few characters       label      words that name a number
    labels       the table of these words, each with its reason
    vectorized   the same rules on columns of millions of texts

It imports `arrow`, `errors` and `language`. The gate (`tamis.filter.gate`) looks for NIRs a second
time with code of its own; from here it takes the table of labels, which is data. Begin with
`grammar.find_nir`, which defines what is found; `vectorized` explains how columns are read with the
same result.
"""
