"""Check digits: which numbers are what they look like."""

from __future__ import annotations


def luhn(digits: str) -> bool:
    """Whether the digits carry a valid check digit of ISO/IEC 7812-1 (Luhn)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ord(digit) - 48
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def iban(code: str) -> bool:
    """Whether the code, without spaces, has an IBAN's length and check digits (ISO 13616, mod 97)."""
    if not 15 <= len(code) <= 34 or not code.isascii():
        return False
    turned = (code[4:] + code[:4]).upper()
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def cpf(digits: str) -> bool:
    """Whether eleven digits are a Brazilian taxpayer's number: two check digits, mod 11."""
    if len(digits) != 11 or len(set(digits)) == 1:
        return False
    numbers = [int(digit) for digit in digits]
    return all(
        numbers[size] == sum(number * (size + 1 - at) for at, number in enumerate(numbers[:size])) * 10 % 11 % 10
        for size in (9, 10)
    )


def us_social_security(area: int, group: int, serial: int) -> bool:
    """Whether the three parts can be a US social security number (SSA's rules of what is never given out)."""
    return 0 < area < 900 and area != 666 and group > 0 and serial > 0
