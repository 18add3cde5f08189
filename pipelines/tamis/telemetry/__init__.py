"""What a run tells while it goes on: events for metrics, health, logs and lineage.

`RunListener` is told when a run or a session of a stream begins, is polled, commits and ends; what
it is told are names, reasons, counts and times, never a value. `Metrics` counts it for Prometheus,
`Health` judges whether a stream is ready, `Endpoint` answers over HTTP.

May import `plan`, `filter` and `evidence`, and nothing of Beam; `streams` and `runs` tell the
listeners, `cli` makes them. Begin with `listener`.
"""
