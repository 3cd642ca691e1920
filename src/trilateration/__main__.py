"""``python -m trilateration``: train networks, sweep grids, report results; no notebook needed."""

import sys

if __name__ == "__main__":
    try:
        from trilateration._commands import main
    except ModuleNotFoundError as error:
        print(f"python -m trilateration: {error}", file=sys.stderr)
        sys.exit(2)
    sys.exit(main())
