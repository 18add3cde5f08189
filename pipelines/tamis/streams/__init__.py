"""Streams of messages: read, judged by the same filter as files, committed with their positions.

    job          what a stream reads and writes
    messages     messages in micro-batches, and their payloads decoded to columns
    judge        a micro-batch through the filter
    ledger       the counts of a period, which become its receipt
    session      the loop: read, judge, commit, acknowledge
    partitions   ids of streams that share a topic
    from_*       where messages come from: a topic of Kafka, a subscription of Pub/Sub
    into_*       where records go: a folder, a database, topics of Kafka or Pub/Sub
    withdraw     tells the readers of a topic that a period must not be used any more

This room knows no Beam. It imports everything below it, of which `filter`, `evidence` and `stores`
matter, and is imported by `beam` (the graph for Dataflow) and `runs`. Begin with `session`.
"""
