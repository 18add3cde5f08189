"""Runs from the driver's side: what `tamis run` and `tamis dry-run` do once the options are read.

    batch     files and tables through a Beam pipeline, to their receipt; and the dry run
    watch     a watched folder: batch runs one after another
    stream    Kafka and Pub/Sub on this machine, without Beam
    pubsub    Pub/Sub as a job of Dataflow
    kafka     Kafka as a job of Flink or Prism
    errors    how an error comes back from a worker

This room imports all others but `cli`, which imports it. Begin with `batch.run`.
"""
