"""How likely chance alone makes so many: tails of the distributions that the detectors test against."""

from __future__ import annotations

import math


def negative_binomial_tail(count: int, mean: float, dispersion: float) -> float:
    """P(X ≥ count) of a negative binomial with this mean and variance = dispersion × mean; Poisson at dispersion 1.

    >>> round(negative_binomial_tail(3, 1.0, 1.0), 4)  # 1 - P(0) - P(1) - P(2) of Poisson(1)
    0.0803
    >>> negative_binomial_tail(0, 1.0, 2.0)
    1.0
    """
    if count <= 0:
        return 1.0
    # Neither way takes the complement of what lies below: it would lose the small probabilities that matter.
    if dispersion <= 1.001:
        return rounded(_poisson_tail(count, mean))
    # The tail is the regularised incomplete beta function I_x(count, size) (NIST DLMF 8.17.24).
    x, size = 1.0 - 1.0 / dispersion, mean / (dispersion - 1.0)
    if count > mean:
        return rounded(incomplete_beta(x, 1.0 / dispersion, count, size))
    return rounded(1.0 - incomplete_beta(1.0 / dispersion, x, size, count))


def rounded(chance: float) -> float:
    """The probability to four digits: more would differ from machine to machine."""
    return min(1.0, float(f"{chance:.4g}"))


def _poisson_tail(count: int, mean: float) -> float:
    term = math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
    total, k = 0.0, count
    while term > total * 1e-12 and k < count + 100_000:
        total += term
        k += 1
        term *= mean / k
    return total


def incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """I_x(a, b) by its continued fraction (NIST DLMF 8.17.22, modified Lentz); fast for x < a / (a + b).

    Args:
        rest: 1 - x, given since the difference would lose digits.
    """
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest))
    tiny = 1e-300
    c, d = 1.0, 1.0 / ((1.0 - (a + b) * x / (a + 1.0)) or tiny)
    fraction = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 / ((1.0 + even * d) or tiny)
        c = (1.0 + even / c) or tiny
        fraction *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 / ((1.0 + odd * d) or tiny)
        c = (1.0 + odd / c) or tiny
        step = c * d
        fraction *= step
        if abs(step - 1.0) < 1e-10:
            break
    return front * fraction / a


def binomial_tail(count: float, total: float, share: float) -> float:
    """P(X ≥ count) of a binomial with so many trials; neither has to be whole (NIST DLMF 8.17.5).

    >>> binomial_tail(2, 2, 0.1)
    0.01
    >>> binomial_tail(1, 4, 0.25)
    1.0

    Args:
        count: More than ``share`` of the total; what is less surprises nobody and has probability 1.
    """
    if count <= share * total:
        return 1.0
    return rounded(incomplete_beta(share, 1.0 - share, count, total - count + 1.0))


def normal_tail(deviation: float) -> float:
    """P(X ≥ deviation) of the standard normal distribution.

    >>> normal_tail(1.645)
    0.04998
    """
    return rounded(0.5 * math.erfc(deviation / math.sqrt(2.0)))
