# Imports numpy and scipy and computes a little with both.
import numpy
import scipy
from scipy import integrate, linalg, optimize, sparse, stats

matrix = numpy.random.default_rng(1).random((200, 200))
assert numpy.allclose(matrix @ linalg.inv(matrix), numpy.eye(200))
assert abs(integrate.quad(numpy.sin, 0, numpy.pi)[0] - 2) < 1e-9
assert abs(optimize.brentq(numpy.cos, 0, 3) - numpy.pi / 2) < 1e-9
assert sparse.csr_matrix(matrix).nnz == matrix.size and abs(stats.norm.cdf(0) - 0.5) < 1e-9
