"""Plans: policy, schema, law and register of one day, compiled to a pure value.

A plan is all that workers get. `plan.py` is the value, `compile.py` makes it of documents that
keep every rule, `explain.py` says why each field has its fate, and `project.py` is the front door:
`load_project(folder).plan(name, on=day)`.

This room imports `documents`, `check`, `errors` and `language`, and Arrow only when a plan is asked
for a schema. Begin with `plan.py`.
"""
