"""SQL models: their graph, their lineage, how they are built and how a figure is traced back to its rows."""
