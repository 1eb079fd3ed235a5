"""Updates the lists of services in pyproject.toml, because import-linter and mypy cannot read them from
elsewhere."""

import re
from collections.abc import Sequence

from .entries import ServiceEntry

MARK = "# deploy/services.toml"
_MARKED = re.compile(rf"^( *).*{re.escape(MARK)}$", re.MULTILINE)
_MYPY_PATH = re.compile(r"(mypy_path = \"\"\"\n).*?(\"\"\"\n)", re.DOTALL)


def with_lists(text: str, services: Sequence[ServiceEntry]) -> str:
    """Return the text of pyproject.toml with these services in its marked lines and in mypy's path."""
    names = ", ".join(f'"{service.module}"' for service in services)
    text = _MARKED.sub(lambda line: f"{line[1]}{names}, {MARK}", text)
    folders = ["shared/contracts/src", "shared/kit/src", "deploy/local/src", "benchmarks/pair"]
    folders += [f"services/{service.name}/src" for service in services]
    path = ",\n".join(f"    $MYPY_CONFIG_FILE_DIR/{folder}" for folder in folders)
    return _MYPY_PATH.sub(lambda block: f"{block[1]}{path}{block[2]}", text)
