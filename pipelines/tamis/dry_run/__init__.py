"""What a dry run measures and how it is shown: figures, types and names, never a value.

- `retyped`, `undeclared`, `comparison`, `k_anonymity`: one kind of finding each, as a class that
  counts (`add`), adds up the counts of several workers (`merge`) and gives the result (`extract`);
  plain functions on Arrow, which `tamis.beam.measure` spreads over workers;
- `models`: the results of these; `stated`: what the documents say and somebody signs; `compose`
  joins both to a `result.DryRun`;
- `terminal` and `html` show a `DryRun`; `published/dry-run.schema.json` is the schema of its JSON.

It imports the filter, formats, plan and documents, and no Beam. Begin with `result`.
"""
