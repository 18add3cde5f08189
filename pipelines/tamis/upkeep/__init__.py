"""What is done with a store after its runs: looked over, withdrawn from, purged.

    runs       what the runs of a store are, and what became of them
    releases   what a store holds of each release: columns, reasons, rows
    withdraw   take all that a run put into the store out of it again
    purge      remove quarantine, sealed originals and dead attempts past their term
    redrive    which quarantined records of a run are judged again, under which id

Stores are read and changed by `tamis.stores.protocol` alone: a removal is written first, then what
it names is removed (`RunStore.remove`). The run that judges again is in `tamis.runs.redrive`.
Imports receipts and stores; no Beam.
"""
