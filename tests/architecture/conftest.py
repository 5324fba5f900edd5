"""What tests of the whole look at."""

from tests.small_centre import centre as centre
from tests.small_centre import root as root
