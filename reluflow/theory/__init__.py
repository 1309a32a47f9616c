"""What the papers predict, from a problem alone; nothing here looks at a run except through ``Prediction``."""
