"""What is measured on a state or along a trajectory; nothing here predicts or steers."""
