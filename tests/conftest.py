"""What pytest leaves alone: benchmarks and fuzzers are programs, run by hand."""

collect_ignore_glob = ["benchmarks/*", "nir/fuzz_*.py"]
