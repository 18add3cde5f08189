"""An attack on one's own releases: which records of two tables are the same person's.

- `read` opens a release or any table a partner may hold; `columns` holds it: distinct values and
  their places, and in which forms (days, numbers, text) the values can be compared;
- `pairs` says which columns can tell the same, and at which coarseness;
- `matches` counts unique matches, and how many of them chance makes, with bounds;
- `combinations` joins by values, `keys` by pseudonyms, positions and other unique columns, `order`
  by the order of rows; `attack.link` tries them all and adds them up to a `result.Linkage`.

Values are compared within the process; a result holds names, counts and coarsenesses only. It
imports stores and formats to read, `dry_run` for its hashes, and no Beam. Begin with `attack`.
"""
