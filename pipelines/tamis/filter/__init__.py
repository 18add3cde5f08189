"""The filter: a pure function of a record batch and a plan, without I/O and without Beam.

    minimize       the front: a batch or a stream in, a batch or a table a release out
    compiled       a plan as steps, worked out once
    execution      the stages, one after the other, on one batch
    opened         stages 1 and 2: match, open           conditions  three-valued tests
                                                         nested      columns down to their leaves
                                                         conform, conformed, parse_text   values
    judge          stage 3: what must not pass
    treat          stage 4: kept leaves                  treatments  generalization
    rebuild        stage 5: released columns
    gate           the second look at what is released
    quarantine     failures, and the schemas of quarantine rows
    tally          counts of what became of records

It imports `arrow`, `documents`, `plan`, `nir` and `keys`; readers, stores and transforms import
it. Begin with `minimize`, then `execution`.
"""
