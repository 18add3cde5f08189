"""Columns of long numbers, made at random: NIRs in any form, and references of other kinds.

Run by hand for many: `python -m tests.filter.column_kinds 2000 1000`.
"""

import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

Chance = random.Random
Kind = Callable[[Chance, int], list[str]]

_PLACES = [f"{place:02}" for place in range(1, 96) if place != 20] + ["2A", "2B"]
_OFTEN = ("75", "59", "13", "69", "93", "62", "33", "92", "31", "44", "34")
_WEIGHTS = [6 if place in _OFTEN else 1 for place in _PLACES]


def body(chance: Chance, sex: str = "", year: int | None = None) -> str:
    """A NIR without key, of a commune or an order that may not exist."""
    place = f"{chance.choices(_PLACES, _WEIGHTS)[0]}{chance.randint(1, 600):03}"
    place = chance.choice([place] * 17 + [f"99{chance.randint(100, 420)}"] * 2 + ["97499"])
    year = int(chance.triangular(40, 108, 80)) % 100 if year is None else year
    month = chance.choice([*range(1, 13)] * 8 + [20, 42])
    return f"{sex or chance.choice('12')}{year:02}{month:02}{place}{chance.randint(990, 999)}"


def key(number: str) -> str:
    """The key of a body."""
    digits = number.upper().replace("2A", "19").replace("2B", "18")
    return f"{97 - int(digits) % 97:02}"


def _wrong(chance: Chance, number: str) -> str:
    return f"{(int(key(number)) + chance.randint(1, 96)) % 97:02}"


def _groups(number: str, *ends: int) -> str:
    starts = (0, *ends)
    return " ".join(number[a:b] for a, b in zip(starts, (*ends, None), strict=True))


_WIDE = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}

FORMS: dict[str, Callable[[Chance, str], str]] = {
    "13": lambda _c, n: n,
    "15": lambda _c, n: n + key(n),
    "wrong key": lambda c, n: n + _wrong(c, n),
    "key of zeros": lambda _c, n: n + "00",
    "half a key": lambda _c, n: n + key(n)[0],
    "blanks behind": lambda _c, n: n + "  ",
    "blank before": lambda _c, n: " " + n,
    "no-break space": lambda _c, n: n + "\u00a0",
    "NUL": lambda _c, n: n + "\0",
    "line end": lambda _c, n: n + "\r\n",
    "apostrophe": lambda _c, n: "'" + n,
    "formula": lambda _c, n: f'="{n}"',
    "quoted": lambda _c, n: f'"{n}"',
    "decimals": lambda _c, n: n + ".0",
    "key as decimals": lambda _c, n: f"{n}.{key(n)}0",
    "separator": lambda _c, n: n + ";",
    "file": lambda _c, n: n + ".pdf",
    "address": lambda _c, n: n + "@x.example",
    "name before": lambda c, n: c.choice(["DUPONT ", "MARTIN ", "LE GALL "]) + n,
    "name behind": lambda c, n: n + c.choice(["-DUPONT", "-MARTIN"]),
    "letters before": lambda _c, n: "FR" + n,
    "affix": lambda _c, n: "DOS-2026/" + n,
    "zero-filled to 14": lambda _c, n: n.zfill(14),
    "zero-filled to 15": lambda _c, n: n.zfill(15),
    "zero-filled to 16": lambda _c, n: n.zfill(16),
    "zero-filled to 20": lambda _c, n: n.zfill(20),
    "zero before 15": lambda _c, n: "0" + n + key(n),
    "1+12": lambda _c, n: _groups(n, 1),
    "7+6": lambda _c, n: _groups(n, 7),
    "4+4+5": lambda _c, n: _groups(n, 4, 8),
    "single digits": lambda _c, n: " ".join(n),
    "odd groups": lambda _c, n: _groups(n, 2, 6, 11),
    "INSEE": lambda _c, n: _groups(n, 1, 3, 5, 7, 10),
    "affix, INSEE": lambda _c, n: "2026- " + _groups(n, 1, 3, 5, 7, 10),
    "JSON": lambda _c, n: f'{{"v":"{n}"}}',
    "JSON list of groups": lambda _c, n: f'["{n[:5]}","{n[5:10]}","{n[10:]}"]',
    "full width": lambda _c, n: n.translate(_WIDE),
    "negative": lambda _c, n: "-" + n,
    "year before 15": lambda _c, n: "2026" + n + key(n),
    "year before 13": lambda _c, n: "2026" + n,
    "9 before 13": lambda _c, n: "9" + n,
    "1 behind 15": lambda _c, n: n + key(n) + "1",
    "IBAN of it": lambda c, n: "FR76" + n + key(n) + _digits(c, 8),
    "IBAN of it, alike": lambda _c, n: "FR7630001007" + n + key(n),
    "digits before 15": lambda c, n: str(c.randrange(1, 10 ** c.randint(1, 6))) + n + key(n),
    "counter before 15": lambda c, n: f"{c.randrange(10**6):06}" + n + key(n),
    "counter before 13": lambda c, n: f"{c.randrange(10**6):06}" + n,
    "digits before 13": lambda c, n: str(c.randrange(1, 10**6)) + n,
    "digits behind 15": lambda c, n: n + key(n) + str(c.randrange(1, 10**6)),
    "counter behind 15": lambda c, n: n + key(n) + f"{c.randrange(10**5):05}",
    "counter behind 13": lambda c, n: n + f"{c.randrange(10**5):05}",
    "day before 15": lambda c, n: f"2026{c.randint(1, 12):02}{c.randint(1, 28):02}" + n + key(n),
    "two of 13": lambda c, n: n + body(c),
    "two of 15": lambda c, n: n + key(n) + (other := body(c)) + key(other),
    "two with a bar": lambda c, n: f"{n}|{body(c)}",
    "ten times": lambda _c, n: n + "0",
    "thousand times 15": lambda _c, n: n + key(n) + "000",
    "thousand times": lambda _c, n: n + "000",
    "fraction of 15": lambda _c, n: "0." + n + key(n),
    "fraction of 13": lambda _c, n: "0." + n,
    "fraction": lambda _c, n: f"{n[:4]}.{n[4:]}",
    "exponent 12": lambda _c, n: f"{n[0]}.{n[1:]}E+12",
    "exponent 14": lambda _c, n: f"{n[0]},{n[1:]}{key(n)}e14",
}
"""Ways to write a NIR of 13 characters in a column."""


def nirs(
    chance: Chance, count: int, *, cohort: bool = False, places: Sequence[str] = ()
) -> list[str]:
    """Bodies of `count` persons, of any age or of one sex and year of birth; some are sorted."""
    sex, year = (chance.choice("12"), chance.randrange(100)) if cohort else ("", None)
    made = [body(chance, sex, year) for _ in range(count)]
    if places:
        born = [chance.choice(places) for _ in made]
        made = [
            f"{number[:5]}{place}{number[5 + len(place) :]}"
            for number, place in zip(made, born, strict=True)
        ]
    return sorted(made) if chance.random() < 0.3 else made


PLACES = {
    "Corsica": ("2A", "2B"),
    "Corsica in lower case": ("2a",),
    "Corsica before 1976": ("20",),
    "Corrèze": ("19",),
    "Bouches-du-Rhône": ("13",),
    "two départements": ("06", "13"),
    "one commune": ("75056",),
    "overseas": ("97104", "97220", "97302", "97411", "97608"),
    "one island": ("97411", "97416", "97422"),
    "Pacific": ("98735", "98818"),
    "abroad": ("99350", "99351", "99352", "99109", "99139"),
    "one country": ("99352",),
}
"""Where persons are born, who come from one place or a few."""

FIRST_DIGITS = ("34", "7", "78", "8")
"""What numbers of other kinds that are built like NIRs begin with."""


def _digits(chance: Chance, count: int) -> str:
    return "".join(chance.choices("0123456789", k=count))


def _checked(number: str) -> str:
    """`number` with Luhn's check digit."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(number))]
    return number + str(-sum(value - 9 * (value > 9) for value in doubled) % 10)


def _random(width: int) -> Kind:
    return lambda chance, count: [
        str(chance.randrange(10 ** (width - 1), 10**width)) for _ in range(count)
    ]


def _siret(chance: Chance, count: int) -> list[str]:
    sirens = [_checked(chance.choice("3456789") + _digits(chance, 7)) for _ in range(count)]
    sirens = sirens[: chance.choice([1, 5, 30, count])]
    return [_checked(f"{chance.choice(sirens)}{chance.randint(1, 999):04}") for _ in range(count)]


def _iban(chance: Chance, count: int) -> list[str]:
    return [f"FR76{_digits(chance, 23)}" for _ in range(count)]


def _iban_in_groups(chance: Chance, count: int) -> list[str]:
    return [_groups(iban, 4, 8, 12, 16, 20, 24) for iban in _iban(chance, count)]


def _counter(chance: Chance, count: int) -> list[str]:
    width, widest = chance.choice([13, 14, 15]), 10 ** chance.randint(0, 7)
    number, even, numbers = chance.randrange(10 ** (width - 1), 8 * 10 ** (width - 1)), 0, []
    even = chance.choice([0, 1, 2, 10, 97, 1000, widest])
    for _ in range(count):
        number += even or chance.randint(1, widest)
        numbers.append(str(number))
    if chance.random() < 0.4:
        chance.shuffle(numbers)
    return numbers


_DAYS = ("%y%m%d", "%Y%m%d", "%d%m%Y", "%d%m%y", "%y%m", "%Y%m", "%y", "%Y", "%m%Y", "%y%j")


def _dated(chance: Chance, count: int) -> list[str]:
    first = date(2018, 1, 1) + timedelta(chance.randrange(3_300))
    days = sorted(chance.choices(range(chance.choice([1, 7, 30, 92, 365, 1500])), k=count))
    pattern = chance.choice(
        ["%y%m%d", "%Y%m%d", "%d%m%Y", "%d%m%y", "%y%m", "%Y%m", "%y", "%Y", "%m%Y", "%y%j"]
    )
    before = chance.choice(["", "", "", chance.choice("123456789"), _digits(chance, 2)])
    width, is_counted, numbers = chance.choice([13, 14, 15]), chance.random() < 0.5, []
    for place, day in enumerate(days):
        start = before + (first + timedelta(day)).strftime(pattern)
        left = width - len(start)
        numbers.append(start + (f"{place:0{left}}" if is_counted else _digits(chance, left)))
    if chance.random() < 0.4:
        chance.shuffle(numbers)
    return numbers


def _constant(chance: Chance, count: int) -> list[str]:
    values = [_digits(chance, chance.choice([13, 15])) for _ in range(chance.randint(1, 9))]
    return chance.choices([*values, body(chance)][-chance.randint(1, 9) :], k=count)


def _epoch(chance: Chance, count: int) -> list[str]:
    start, span = chance.uniform(1.4e9, 1.83e9), 86_400 * 10 ** chance.uniform(-3, 3)
    unit = chance.choice([1, 1000, 1000, 1000, 10**6])
    moments = [int((start + chance.random() * span) * unit) for _ in range(count)]
    return list(map(str, sorted(moments) if chance.random() < 0.6 else moments))


def _timestamp(chance: Chance, count: int) -> list[str]:
    first, span = datetime(2020, 1, 1), chance.choice([1, 30, 365, 2000])
    first += timedelta(chance.randrange(2_500))
    pattern = chance.choice(
        ["%Y%m%d%H%M%S", "%y%m%d%H%M%S0", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%Y%m%d%H%M0"]
    )
    moments = [first + timedelta(chance.random() * span) for _ in range(count)]
    return [moment.strftime(pattern) for moment in moments]


def _barcode(chance: Chance, count: int) -> list[str]:
    makers = [
        chance.choice("23345678") + _digits(chance, 6)
        for _ in range(chance.choice([1, 3, 20, 300]))
    ]
    return [_checked(chance.choice(makers) + _digits(chance, 5)) for _ in range(count)]


def _agency(chance: Chance, count: int) -> list[str]:
    width = chance.choice([13, 14, 15])
    agencies = [_digits(chance, 3) for _ in range(chance.choice([1, 5, 100]))]
    return [chance.choice(agencies) + _digits(chance, width - 3) for _ in range(count)]


def _device(chance: Chance, count: int) -> list[str]:
    return [_checked(f"35{_digits(chance, 12)}") for _ in range(count)]


def _telephone(chance: Chance, count: int) -> list[str]:
    return [f"0033{chance.choice('67')}{_digits(chance, 8)}" for _ in range(count)]


def _tax(chance: Chance, count: int) -> list[str]:
    return [chance.choice("0123") + _digits(chance, 12) for _ in range(count)]


def _uuid(chance: Chance, count: int) -> list[str]:
    return [f"{chance.getrandbits(128):032x}" for _ in range(count)]


def _uuid_digits(chance: Chance, count: int) -> list[str]:
    return [str(chance.getrandbits(chance.choice([48, 64, 96]))) for _ in range(count)]


def _gtin(chance: Chance, count: int) -> list[str]:
    return [chance.choice("01") + code for code in _barcode(chance, count)]


def _rib(chance: Chance, count: int) -> list[str]:
    """Bank, branch, account and key, in groups or not."""
    banks = [_digits(chance, 10) for _ in range(chance.choice([1, 5, 100]))]
    is_grouped, made = chance.random() < 0.5, []
    for _ in range(count):
        bank, account = chance.choice(banks), _digits(chance, 11)
        weighed = 89 * int(bank[:5]) + 15 * int(bank[5:]) + 3 * int(account)
        number = f"{bank}{account}{97 - weighed % 97:02}"
        made.append(_groups(number, 5, 10, 21) if is_grouped else number)
    return made


def _bban(chance: Chance, count: int) -> list[str]:
    return [f"FR76 {number}" for number in _rib(chance, count)]


def _ine(chance: Chance, count: int) -> list[str]:
    return [_digits(chance, 10) + chance.choice("ABCDEFGHJK") for _ in range(count)]


def _extension(chance: Chance, count: int) -> list[str]:
    before = chance.choice(["0", "33", "+33 ", "0033"])
    between = chance.choice(["", " ", "-", " p. "])
    towns = [f"{chance.randint(1, 9)}{_digits(chance, 4)}" for _ in range(chance.choice([1, 20]))]
    return [
        f"{before}{chance.choice(towns)}{_digits(chance, 4)}{between}{_digits(chance, 4)}"
        for _ in range(count)
    ]


def _two_codes(chance: Chance, count: int) -> list[str]:
    """Postal code, INSEE's code of the commune, and a number in the street."""
    communes = [
        f"{place}{chance.randrange(1000):03}{place}{chance.randint(1, 600):03}"
        for place in chance.choices(
            [f"{n:02}" for n in range(1, 96)], k=chance.choice([1, 30, 900])
        )
    ]
    return [chance.choice(communes) + f"{chance.randint(1, 9999):04}" for _ in range(count)]


def _clock_and_counter(chance: Chance, count: int) -> list[str]:
    is_before, width = chance.random() < 0.5, chance.choice([1, 2, 3, 4, 6])
    made = []
    for place, moment in enumerate(_timestamp(chance, count)):
        counter, digits = f"{place % 10**width:0{width}}", "".join(filter(str.isdigit, moment))
        made.append(counter + digits if is_before else digits + counter)
    return made


def _epoch_and_counter(chance: Chance, count: int) -> list[str]:
    return [f"{moment}{chance.randrange(10**4):04}" for moment in _epoch(chance, count)]


def _degrees(chance: Chance, count: int) -> list[str]:
    middle = chance.choice([(48.85, 2.35), (43.3, 5.37), (45.76, 4.83), (-20.88, 55.45)])
    spread, places = 10 ** chance.uniform(-4, 0), chance.choice([6, 11, 12, 13, 15])
    return [
        f"{chance.choice([middle[0]]) + chance.gauss(0, spread):.{places}f}" for _ in range(count)
    ]


def _prices(chance: Chance, count: int) -> list[str]:
    places, most = chance.choice([2, 4, 9, 10, 11, 12]), 10 ** chance.randint(1, 6)
    return [f"{chance.randint(1, 100 * most) / 100:.{places}f}" for _ in range(count)]


def _checked_97(chance: Chance, count: int) -> list[str]:
    """Thirteen digits and the rest of 97 behind them, which is no key of a NIR."""
    return [f"{n}{int(n) % 97:02}" for n in _random(13)(chance, count)]


def _two_kinds(chance: Chance, count: int) -> list[str]:
    first, second = (chance.choice(list(KINDS.values()))(chance, count) for _ in "12")
    return [chance.choice(pair) for pair in zip(first, second, strict=True)]


KINDS: dict[str, Kind] = {
    "SIRET": _siret,
    "IBAN": _iban,
    "IBAN in groups": _iban_in_groups,
    "13 digits": _random(13),
    "14 digits": _random(14),
    "15 digits": _random(15),
    "counter": _counter,
    "dated": _dated,
    "constant": _constant,
    "epoch": _epoch,
    "timestamp": _timestamp,
    "barcode": _barcode,
    "agency": _agency,
    "device": _device,
    "telephone": _telephone,
    "tax": _tax,
    "UUID": _uuid,
    "UUID digits": _uuid_digits,
    "GTIN": _gtin,
    "RIB": _rib,
    "BBAN": _bban,
    "INE": _ine,
    "extension": _extension,
    "two codes": _two_codes,
    "clock and counter": _clock_and_counter,
    "epoch and counter": _epoch_and_counter,
    "degrees": _degrees,
    "prices": _prices,
    "16 to 24 digits": lambda chance, count: _random(chance.randint(16, 24))(chance, count),
    "checked modulo 97": _checked_97,
    "two kinds": _two_kinds,
}
"""References of other kinds."""


def main(columns: int, rows: int) -> None:
    """Judge many columns of both sorts, and print how often that went wrong."""
    import pyarrow as pa

    from tamis.filter.gate.gate import GateColumn, find_leaks

    chance = random.Random(2611)
    lost: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for number in range(columns):
        name = chance.choice(list(KINDS))
        array = pa.array(KINDS[name](chance, rows))
        for not_nir in (False, True):
            leaks = find_leaks([GateColumn("reference", array, not_nir)], b"salt")
            bad = int((leaks.rows >= 0).sum())
            lost[name] += not_nir and bad > 0
            hits[name] += 0 if not_nir else bad
            refused[name] += any(sketch.evidence for sketch in leaks.sketches.values())
        form = chance.choice(list(FORMS))
        places = chance.choice(list(PLACES.values())) if number % 6 == 3 else ()
        bodies = nirs(chance, rows, cohort=number % 6 == 0, places=places)
        values = pa.array([FORMS[form](chance, each) for each in bodies])
        for not_nir in (False, True):
            leaks = find_leaks([GateColumn("reference", values, not_nir)])
            left[form] += int((leaks.rows < 0).sum())
    print(
        f"references: {columns} columns, evidence in {+refused}, rows lost if declared in {+lost}"
    )
    print(f"rows lost where not declared: {+hits} of {columns * rows}")
    print(f"NIRs: {columns} columns twice, rows left in {+left}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
