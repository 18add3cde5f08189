"""XML: records at one path of a file, each field at a path of its own.

layout    the paths of a schema as a tree of steps
fill      what is read of one element, and what no schema names
read      `read_xml`: the file as chunks, one record in memory
tags      tags that are too long, before a parser makes their attributes
texts     any XML as texts by their paths, for `scan`
"""
