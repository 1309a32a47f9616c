"""reluflow: the gradient flow of one-hidden-layer ReLU networks, its plateaus and escapes."""
