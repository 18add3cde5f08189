"""The list of limited persons: those whose records leave under no release but one that feeds.

    list_file  the file: keyed pseudonyms of persons, authenticated under the list's own key
    persons    the list as the filter asks it: whose records are held back

Legal source: RGPD, art. 18; Code du travail, art. R. 6323-38, III.
`tamis help limited` is the page. It imports `nir` and `keys`; the filter, the transforms and
streams import it. Begin with `persons`.
"""
