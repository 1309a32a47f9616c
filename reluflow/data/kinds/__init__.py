"""Kinds of data, one a file; ``reluflow.data.DATA_KINDS`` names them.

P1 = Boursier, Pillaud-Vivien, Flammarion 2022 (arXiv 2206.00939);
P2 = Chistikov, Englert, Lazic 2023 (arXiv 2306.06479).
Every kind that draws takes a seed and uses one named stream for each thing drawn: the first samples of
a larger set are those of a smaller one, and the same seed gives the same bits on every machine.
"""
