"""Many runs and one table: the axes that are varied, the runs, and the rows that are read off them."""
