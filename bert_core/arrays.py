"""The kinds of array that pass between modules, one name for each kind of number in them.

What the model computes is Floats, what is summed or divided from it Doubles.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
