"""Where released records are kept: folders of Parquet files, tables of a PostgreSQL database.

`protocol` says what every store can do: hold a run, take its rows from many workers, commit it by
its receipt, recover what was interrupted, give receipts and rows back to be verified. Begin reading
there. `FolderStore` (`folder_store`, over the files of `folder`, written as `parquet_part` says)
and `TableStore` (`tables`, over `database` and `table_layout`) do it; `open_store` tells by
the address which of them is meant. `quarantine_reader` reads quarantined rows back.

Imports only what stands below: addresses, plans, formats, the filter's schemas, receipts. No Beam,
but for the file systems of remote folders.
"""
