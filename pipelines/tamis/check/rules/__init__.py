"""The rules, each a function from a `Case` to the violations of its rule on that day.

- `permission.py`: item and purpose, the register's entry, direction and partner (rules 1 to 3);
- `identifiers.py`: no NIR under paragraph III, none that can be rebuilt (rules 4 and 5);
- `need.py`: needs, reasons, bases, categories (rules 6 and 7);
- `identity.py`: whom a release names, and whose data it is (rule 8);
- `naming.py`: names, paths, values and treatments (rule 8);
- `consistency.py`: what a schema, the register or the law says by itself (rules 1, 2, 6, 7).

A new rule is a function here, a line in `check/check.py` and a case in `tests/check/cases`.
"""
