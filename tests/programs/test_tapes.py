"""The tapes of both engines, and the printed Python source: run on the same programs, they give the same bits as eager code."""

from __future__ import annotations

import importlib
import random
from typing import Any

import pytest
from programs_oracle import STRANGE, bits, described, drawn, outcome, random_point

import autograd as ag
