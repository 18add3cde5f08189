"""Arrow arrays below the level of compute functions: types, buffers, leaves and scrubbing.

    types     which Arrow types are text, bytes or lists, and what an encoding stands for
    buffers   validity, offsets and bytes of arrays, and arrays made from them
    layouts   arrays in plain layouts: without views, runs and extension types
    bits      one bit a byte: where bytes of some classes stand
    leaves    a column of any nesting as its flat arrays of values
    scrub     arrays rebuilt so that no buffer holds more than the values do

The ground room: it imports nothing of Tamis but `tamis.errors` and `tamis.language`, and every
other package may import it, except the gate, which keeps copies of its own (`tamis.filter.gate`).
Begin with `scrub`: it states what a clean buffer is, which is a promise of the product.
"""
