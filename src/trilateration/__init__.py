"""The helper package of the executable book *Trilateration*."""
