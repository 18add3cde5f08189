"""What readers of a release may rely on: its columns, as Arrow, JSON Schema and Avro name them.

`schema.py` is the one place that says what a released column is and why it is there; tables, topics
and the files that `tamis schema` writes are made of it. `compatibility.py` says what a change of it
means for those who read.

May import `arrow`, `documents` and `plan`. Begin reading at `schema.py`.
"""
