"""What a network is trained on and starts from: data sets, held-out points, initial weights, tables."""
