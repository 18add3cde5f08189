"""OpenLineage: what a run reads and writes, column by column, told to whoever keeps the lineage.

    datasets   inputs and outputs by OpenLineage's names
    columns    schema and column lineage of a release, as its plan has them
    events     START, RUNNING, COMPLETE and FAIL of a run, of these and of counts; of a removal
    listener   is told what a run does (`tamis.telemetry`), and sends the events
    pipeline   the same for a pipeline of one's own
    sender     sends them, and stops no run
    target     where to: `--lineage`, or the environment

Events hold names, types, reasons of policies, legal tags and counts, never a value of a record.
They are made and sent by `openlineage-python`, the extra `openlineage`; nothing of it is imported
before somebody asks for lineage. May import all of `telemetry`, `stores` and `streams`; `cli` makes
the listener. Begin with `listener`.
"""
