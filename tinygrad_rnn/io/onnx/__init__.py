"""Two ways to ONNX: the unrolled graph, or ONNX's own recurrent operators."""
