"""What a picture shows of a graph, and how it says it: boxes, steps, formulas, words. No coordinates."""
