"""How much of each normal the other normals span, by projection."""

import numpy as np


def spanned_shares(normals):
    """Return |P a_i|², P the projection on the span of all other normals, shape ``(task,)``."""
    shares = []
    for task, own in enumerate(normals):
        others = np.delete(normals, task, axis=0)
        shares.append(own @ np.linalg.pinv(others) @ others @ own)
    return np.array(shares)
