"""``python -m trilateration``: train networks, sweep grids, report results; no notebook needed."""

import sys


def _run() -> int:
    try:
        from trilateration._commands import main
    except ModuleNotFoundError as error:
        print(f"python -m trilateration: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return main()


if __name__ == "__main__":
    sys.exit(_run())
