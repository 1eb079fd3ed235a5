"""Italy's national holidays."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

from optima_kit.public_holidays import italian_holidays


def test_national_holidays_are_known_easter_monday_among_them() -> None:
    assert {
        date(2027, 1, 1), date(2027, 1, 6), date(2027, 3, 29), date(2027, 4, 25), date(2027, 5, 1),
        date(2027, 6, 2), date(2027, 8, 15), date(2027, 11, 1), date(2027, 12, 8), date(2027, 12, 25),
        date(2027, 12, 26),
    } <= italian_holidays(2027)  # fmt: skip
    assert date(2028, 4, 17) in italian_holidays(2028)


def test_no_other_country_is_loaded() -> None:
    """All countries take some 19 MB, in each process of a service."""
    program = """
import sys
from optima_kit.public_holidays import italian_holidays
italian_holidays(2027)
print([name for name in sys.modules if name.startswith("holidays.countries.")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "['holidays.countries.italy']\n"
