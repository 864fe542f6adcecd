"""Fabstir: an open market for LLM inference without a middleman.

Amounts are integers of base units, addresses and ids 0x-hex, hashes and signatures `bytes`. What fails raises
`FabstirError` with a stable `code`. Everything that holds something of the library's is a context manager.
"""

from . import contracts, messages, money, sampling, transcript, wire
from ._native import function as _function
from .errors import Code, FabstirError
from .events import Accepted, Answer, Done, Event, Resumed, Token, Voucher
from .host import AnswerJob, Host, Job, Queue, RenderJob
from .keys import Key, recover, verify
from .messages import Domain, Terms
from .model import Model
from .money import Prices, Split, Usage, format_units, gross_down, parse_units, payable_down, split
from .renter import ChatMessage, Ledger, Offer, Renter, Session

__version__: str = _function("fabstir_version")().decode()

__all__ = [
    "Accepted",
    "Answer",
    "AnswerJob",
    "ChatMessage",
    "Code",
    "Domain",
    "Done",
    "Event",
    "FabstirError",
    "Host",
    "Job",
    "Key",
    "Ledger",
    "Model",
    "Offer",
    "Prices",
    "Queue",
    "RenderJob",
    "Renter",
    "Resumed",
    "Session",
    "Split",
    "Terms",
    "Token",
    "Usage",
    "Voucher",
    "__version__",
    "contracts",
    "format_units",
    "gross_down",
    "messages",
    "money",
    "parse_units",
    "payable_down",
    "recover",
    "sampling",
    "split",
    "transcript",
    "verify",
    "wire",
]
