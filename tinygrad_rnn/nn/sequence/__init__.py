"""From a cell to a sequence: unrolled, stacked, both ways, on a grid."""
