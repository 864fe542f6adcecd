"""What the C header declares. Made by tools/declare.py."""

from ctypes import (
    POINTER,
    Structure,
    c_bool,
    c_char_p,
    c_float,
    c_int32,
    c_size_t,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)
from enum import IntEnum
from typing import Any

FABSTIR_FUNDING_WALLET = 0
FABSTIR_FUNDING_BALANCE = 1
FABSTIR_FUNDING_SIGNED = 2
FABSTIR_SESSION_ACTIVE = 1
FABSTIR_SESSION_COMPLETED = 2
FABSTIR_SESSION_TIMED_OUT = 3
FABSTIR_SESSION_INVALIDATED = 4
FABSTIR_ESCROW_SETTLE = 1
FABSTIR_ESCROW_COMPLETE = 2
FABSTIR_ESCROW_COMPLETE_WITH_CLOSE = 3
FABSTIR_ESCROW_CANCEL = 4
FABSTIR_ESCROW_EXTEND = 5
FABSTIR_ESCROW_TOP_UP = 6
FABSTIR_ESCROW_TIMEOUT = 7
FABSTIR_ESCROW_HOLD = 8
FABSTIR_ESCROW_PAY_HELD = 9
FABSTIR_ESCROW_RELEASE = 10
FABSTIR_LEAF_FED = 0
FABSTIR_LEAF_SAMPLED = 1
FABSTIR_LEAF_EDIT = 2
FABSTIR_LEAF_REREAD = 3
FABSTIR_ABI_VERSION = 1
FABSTIR_FORMAT_JSON = 0
FABSTIR_FORMAT_CBOR = 1
FABSTIR_SENDER_CLIENT = 0
FABSTIR_SENDER_HOST = 1


class Status(IntEnum):
    """fabstir_status."""

    OK = 0
    TIMEOUT = 1
    END = 2
    NULL_ARGUMENT = 10
    BAD_HANDLE = 11
    BAD_LENGTH = 12
    BAD_POINTER = 13
    BUFFER_TOO_SMALL = 14
    INVALID_UTF8 = 15
    PANIC = 16
    OVERFLOW = 100
    INVALID_VALUE = 101
    BAD_SIGNATURE = 200
    WRONG_SIGNER = 201
    EXPIRED = 202
    UNKNOWN_SESSION = 300
    UNCONFIRMED_SESSION = 301
    SESSION_NOT_ACTIVE = 302
    WRONG_CHAIN = 303
    WRONG_HOST = 304
    PRICE_TOO_LOW = 305
    MODEL_NOT_SERVED = 306
    VOUCHER_BACKWARDS = 307
    VOUCHER_ABOVE_DEPOSIT = 308
    WRONG_HEAD = 309
    WRONG_SEQUENCE = 310
    CREDIT_EXHAUSTED = 311
    DEPOSIT_EXHAUSTED = 312
    SESSION_BUSY = 313
    BAD_TERMS = 314
    UNAUTHORIZED = 315
    NOT_OVER = 316
    ALREADY_CLOSING = 317
    MARKET_PAUSED = 318
    MALFORMED_FRAME = 400
    FRAME_TOO_LARGE = 401
    UNKNOWN_MESSAGE = 402
    UNSUPPORTED_VERSION = 403
    UNEXPECTED_MESSAGE = 404
    INVALID_PARAMS = 405
    DIVERGED = 406
    OVERLOADED = 407
    CONNECTION_LOST = 408
    UNSUPPORTED = 409
    MODEL_MISSING = 500
    MODEL_CORRUPT = 501
    MODEL_UNSUPPORTED = 502
    CPU_UNSUPPORTED = 503
    PROMPT_TOO_LONG = 504
    CONTEXT_FULL = 505
    EVICTED = 506
    TEMPLATE_FAILED = 507
    BACKEND_FAILED = 508
    RPC_UNAVAILABLE = 600
    RPC_INVALID = 601
    REVERTED = 602
    NO_CONTRACT = 603
    TRANSACTION_TIMEOUT = 604
    INSUFFICIENT_FUNDS = 605
    STORAGE = 700
    DISK_FULL = 701
    JOURNAL_CORRUPT = 702
    INVALID_CONFIG = 800
    PORT_IN_USE = 801
    KEYSTORE = 802
    INTERNAL = 900


class EventKind(IntEnum):
    """fabstir_event_kind."""

    NONE = 0
    ACCEPTED = 1
    TOKEN = 2
    VOUCHER = 3
    RESUMED = 4
    DONE = 5
    OPENED = 6
    EVICTED = 7
    REFUSED = 8
    CLOSED = 9
    PONG = 10
    CLEARED = 11


class Finish(IntEnum):
    """fabstir_finish."""

    NONE = 0
    STOP = 1
    LENGTH = 2
    CANCELLED = 3
    CREDIT = 4


class fabstir_amount(Structure):
    _fields_ = [
        ("bytes", c_uint8 * 32),
    ]


class fabstir_string(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("len", c_size_t),
    ]


class fabstir_bytes(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("len", c_size_t),
    ]


class fabstir_hash(Structure):
    _fields_ = [
        ("bytes", c_uint8 * 32),
    ]


class fabstir_address(Structure):
    _fields_ = [
        ("bytes", c_uint8 * 20),
    ]


class fabstir_terms(Structure):
    _fields_ = [
        ("renter", fabstir_address),
        ("host", fabstir_address),
        ("host_signer", fabstir_address),
        ("voucher_signer", fabstir_address),
        ("token", fabstir_address),
        ("model_id", fabstir_hash),
        ("input_price", fabstir_amount),
        ("output_price", fabstir_amount),
        ("expires_at", c_uint64),
        ("grace", c_uint32),
        ("fee_bps", c_uint16),
        ("cancel_bps", c_uint16),
        ("proof_cap", fabstir_amount),
        ("salt", fabstir_hash),
    ]


class fabstir_opening(Structure):
    _fields_ = [
        ("terms", fabstir_terms),
        ("deposit", fabstir_amount),
        ("funding", c_uint32),
        ("caller", fabstir_address),
        ("deadline", c_uint64),
        ("has_quote", c_uint8),
        ("quote_valid_until", c_uint64),
    ]


class fabstir_prices(Structure):
    _fields_ = [
        ("input", fabstir_amount),
        ("output", fabstir_amount),
    ]


class fabstir_market(Structure):
    _fields_ = [
        ("fee_bps", c_uint16),
        ("paused", c_uint8),
        ("min_deposit", fabstir_amount),
        ("max_deposit", fabstir_amount),
        ("proof_system", fabstir_address),
        ("signer", fabstir_address),
        ("floors", fabstir_prices),
    ]


class fabstir_usage(Structure):
    _fields_ = [
        ("input", c_uint64),
        ("output", c_uint64),
    ]


class fabstir_escrow_event(Structure):
    _fields_ = [
        ("kind", c_uint32),
        ("caller", fabstir_address),
        ("usage", fabstir_usage),
        ("has_voucher", c_uint8),
        ("voucher", fabstir_usage),
        ("has_request", c_uint8),
        ("deadline", c_uint64),
        ("amount", fabstir_amount),
        ("hours", c_uint16),
        ("max_deposit", fabstir_amount),
    ]


class fabstir_effects(Structure):
    _fields_ = [
        ("host", fabstir_amount),
        ("fee", fabstir_amount),
        ("refund", fabstir_amount),
        ("refund_to_balance", c_uint8),
    ]


class fabstir_split(Structure):
    _fields_ = [
        ("host", fabstir_amount),
        ("fee", fabstir_amount),
    ]


class fabstir_escrow_books(Structure):
    _fields_ = [
        ("status", c_uint32),
        ("deposit", fabstir_amount),
        ("settled", fabstir_amount),
        ("paid", fabstir_split),
        ("unspent", fabstir_amount),
        ("held", fabstir_amount),
        ("closing_at", c_uint64),
        ("expires_at", c_uint64),
        ("timeout_at", c_uint64),
        ("cancellation_fee", fabstir_amount),
    ]


class fabstir_event(Structure):
    _fields_ = [
        ("kind", c_uint32),
        ("token", c_uint32),
        ("text", fabstir_string),
        ("usage", fabstir_usage),
        ("owed", fabstir_amount),
        ("finish", c_uint32),
        ("code", c_uint32),
    ]


class fabstir_signature(Structure):
    _fields_ = [
        ("bytes", c_uint8 * 65),
    ]


class fabstir_domain(Structure):
    _fields_ = [
        ("chain_id", c_uint64),
        ("market", fabstir_address),
    ]


class fabstir_voucher(Structure):
    _fields_ = [
        ("session_id", fabstir_hash),
        ("input_tokens", c_uint64),
        ("output_tokens", c_uint64),
        ("head", fabstir_hash),
    ]


class fabstir_request(Structure):
    _fields_ = [
        ("session_id", fabstir_hash),
        ("turn", c_uint64),
        ("context", fabstir_hash),
        ("tokens", fabstir_hash),
        ("params", fabstir_hash),
        ("max_tokens", c_uint64),
        ("nonce", fabstir_hash),
        ("host_seed", fabstir_hash),
    ]


class fabstir_open(Structure):
    _fields_ = [
        ("session_id", fabstir_hash),
        ("challenge", fabstir_hash),
        ("channel_key", fabstir_hash),
    ]


class fabstir_close_request(Structure):
    _fields_ = [
        ("session_id", fabstir_hash),
        ("input_tokens", c_uint64),
        ("output_tokens", c_uint64),
        ("deadline", c_uint64),
    ]


class fabstir_checkpoint(Structure):
    _fields_ = [
        ("session_id", fabstir_hash),
        ("sequence", c_uint64),
        ("input_tokens", c_uint64),
        ("output_tokens", c_uint64),
        ("head", fabstir_hash),
    ]


class fabstir_close(Structure):
    _fields_ = [
        ("session_id", fabstir_hash),
        ("input_tokens", c_uint64),
        ("output_tokens", c_uint64),
        ("deadline", c_uint64),
    ]


class fabstir_quote(Structure):
    _fields_ = [
        ("session_id", fabstir_hash),
        ("valid_until", c_uint64),
    ]


class fabstir_hello(Structure):
    _fields_ = [
        ("challenge", fabstir_hash),
        ("channel_key", fabstir_hash),
    ]


class fabstir_order(Structure):
    _fields_ = [
        ("terms", fabstir_terms),
        ("deposit", fabstir_amount),
        ("deadline", c_uint64),
    ]


class fabstir_profile(Structure):
    _fields_ = [
        ("model_id", fabstir_hash),
        ("kv_type_k", c_uint8),
        ("kv_type_v", c_uint8),
        ("flash_attention", c_uint8),
        ("context_length", c_uint32),
        ("vocabulary", c_uint32),
        ("runtime", fabstir_hash),
        ("sampler", fabstir_hash),
    ]


class fabstir_sampling(Structure):
    _fields_ = [
        ("temperature", c_uint32),
        ("top_k", c_uint32),
        ("top_p", c_uint32),
        ("min_p", c_uint32),
    ]


class fabstir_ledger(Structure):
    _fields_ = [
        ("usage", fabstir_usage),
        ("deposit", fabstir_amount),
        ("owed", fabstir_amount),
        ("paid", fabstir_amount),
        ("refund", fabstir_amount),
    ]


class fabstir_leaf(Structure):
    _fields_ = [
        ("salt", fabstir_hash),
        ("index", c_uint64),
        ("turn", c_uint64),
        ("position", c_uint64),
        ("count", c_uint32),
        ("kind", c_uint8),
        ("context", fabstir_hash),
        ("tokens", fabstir_hash),
        ("fingerprint", fabstir_hash),
        ("blind", fabstir_hash),
    ]


class fabstir_checkpoint_root(Structure):
    _fields_ = [
        ("sequence", c_uint64),
        ("usage", fabstir_usage),
        ("head", fabstir_hash),
        ("root", fabstir_hash),
        ("context", fabstir_hash),
    ]


class fabstir_transcript_standing(Structure):
    _fields_ = [
        ("head", fabstir_hash),
        ("context", fabstir_hash),
        ("salt", fabstir_hash),
        ("sequence", c_uint64),
        ("turns", c_uint64),
        ("position", c_uint64),
        ("usage", fabstir_usage),
        ("sampled_leaves", c_size_t),
    ]


class fabstir_node(Structure):
    _fields_ = [
        ("usage", fabstir_usage),
        ("hash", fabstir_hash),
    ]


PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "fabstir_amount_from_u64": (c_uint32, [c_uint64, POINTER(fabstir_amount)]),
    "fabstir_amount_to_u64": (c_uint32, [POINTER(fabstir_amount), POINTER(c_uint64)]),
    "fabstir_amount_parse": (c_uint32, [c_char_p, c_size_t, c_uint8, POINTER(fabstir_amount)]),
    "fabstir_amount_format": (c_uint32, [POINTER(fabstir_amount), c_uint8, c_void_p, c_size_t, POINTER(c_size_t)]),
    "fabstir_amount_add": (c_uint32, [POINTER(fabstir_amount), POINTER(fabstir_amount), POINTER(fabstir_amount)]),
    "fabstir_amount_sub": (c_uint32, [POINTER(fabstir_amount), POINTER(fabstir_amount), POINTER(fabstir_amount)]),
    "fabstir_amount_compare": (c_uint32, [POINTER(fabstir_amount), POINTER(fabstir_amount), POINTER(c_int32)]),
    "fabstir_last_error": (c_uint32, [c_void_p, c_size_t, POINTER(c_size_t)]),
    "fabstir_last_error_string": (c_uint32, [POINTER(fabstir_string)]),
    "fabstir_bytes_free": (None, [POINTER(fabstir_bytes)]),
    "fabstir_string_free": (None, [POINTER(fabstir_string)]),
    "fabstir_abi_encode_call": (c_uint32, [c_char_p, c_size_t, c_char_p, c_size_t, c_char_p, c_size_t, POINTER(fabstir_bytes)]),
    "fabstir_abi_decode_return": (c_uint32, [c_char_p, c_size_t, c_char_p, c_size_t, c_char_p, c_size_t, POINTER(fabstir_string)]),
    "fabstir_abi_decode_event": (c_uint32, [c_char_p, c_size_t, POINTER(fabstir_hash), c_size_t, c_char_p, c_size_t, POINTER(fabstir_string)]),
    "fabstir_abi_decode_error": (c_uint32, [c_char_p, c_size_t, c_char_p, c_size_t, POINTER(fabstir_string)]),
    "fabstir_context_fit": (c_uint32, [c_char_p, c_size_t, POINTER(c_uint32), c_size_t, c_uint32, POINTER(c_size_t), c_size_t, POINTER(c_size_t)]),
    "fabstir_escrow_open": (c_uint32, [POINTER(fabstir_opening), POINTER(fabstir_market), c_uint64, POINTER(c_void_p)]),
    "fabstir_escrow_apply": (c_uint32, [c_void_p, POINTER(fabstir_escrow_event), c_uint64, POINTER(fabstir_effects)]),
    "fabstir_escrow_state": (c_uint32, [c_void_p, POINTER(fabstir_escrow_books)]),
    "fabstir_escrow_free": (None, [c_void_p]),
    "fabstir_generation_new": (c_uint32, [c_void_p, c_char_p, c_size_t, POINTER(c_void_p)]),
    "fabstir_generation_next": (c_uint32, [c_void_p, c_uint32, POINTER(fabstir_event)]),
    "fabstir_generation_cancel": (c_uint32, [c_void_p]),
    "fabstir_generation_free": (None, [c_void_p]),
    "fabstir_handles_open": (c_size_t, []),
    "fabstir_host_new": (c_uint32, [c_char_p, c_size_t, c_void_p, c_void_p, POINTER(c_void_p)]),
    "fabstir_host_serve_queue": (c_uint32, [c_void_p, c_void_p, c_char_p, c_size_t]),
    "fabstir_host_serve_model": (c_uint32, [c_void_p, c_void_p, c_char_p, c_size_t]),
    "fabstir_host_start": (c_uint32, [c_void_p]),
    "fabstir_host_register": (c_uint32, [c_void_p, POINTER(fabstir_string)]),
    "fabstir_host_state": (c_uint32, [c_void_p, POINTER(fabstir_string)]),
    "fabstir_host_stop": (c_uint32, [c_void_p]),
    "fabstir_host_free": (None, [c_void_p]),
    "fabstir_key_new": (c_uint32, [POINTER(fabstir_hash), POINTER(c_void_p)]),
    "fabstir_key_generate": (c_uint32, [POINTER(c_void_p)]),
    "fabstir_key_address": (c_uint32, [c_void_p, POINTER(fabstir_address)]),
    "fabstir_key_secret": (c_uint32, [c_void_p, POINTER(fabstir_hash)]),
    "fabstir_key_sign": (c_uint32, [c_void_p, POINTER(fabstir_hash), POINTER(fabstir_signature)]),
    "fabstir_key_free": (None, [c_void_p]),
    "fabstir_domain_separator": (c_uint32, [POINTER(fabstir_domain), POINTER(fabstir_hash)]),
    "fabstir_terms_session_id": (c_uint32, [POINTER(fabstir_domain), POINTER(fabstir_terms), POINTER(fabstir_hash)]),
    "fabstir_voucher_digest": (c_uint32, [POINTER(fabstir_domain), POINTER(fabstir_voucher), POINTER(fabstir_hash)]),
    "fabstir_request_digest": (c_uint32, [POINTER(fabstir_domain), POINTER(fabstir_request), POINTER(fabstir_hash)]),
    "fabstir_open_digest": (c_uint32, [POINTER(fabstir_domain), POINTER(fabstir_open), POINTER(fabstir_hash)]),
    "fabstir_close_request_digest": (c_uint32, [POINTER(fabstir_domain), POINTER(fabstir_close_request), POINTER(fabstir_hash)]),
    "fabstir_checkpoint_digest": (c_uint32, [POINTER(fabstir_domain), POINTER(fabstir_checkpoint), POINTER(fabstir_hash)]),
    "fabstir_close_digest": (c_uint32, [POINTER(fabstir_domain), POINTER(fabstir_close), POINTER(fabstir_hash)]),
    "fabstir_quote_digest": (c_uint32, [POINTER(fabstir_domain), POINTER(fabstir_quote), POINTER(fabstir_hash)]),
    "fabstir_hello_digest": (c_uint32, [POINTER(fabstir_domain), POINTER(fabstir_hello), POINTER(fabstir_hash)]),
    "fabstir_order_digest": (c_uint32, [POINTER(fabstir_domain), POINTER(fabstir_order), POINTER(fabstir_hash)]),
    "fabstir_model_new": (c_uint32, [c_char_p, c_size_t, POINTER(c_void_p)]),
    "fabstir_model_wait": (c_uint32, [c_void_p, c_uint32, POINTER(c_float)]),
    "fabstir_model_info": (c_uint32, [c_void_p, POINTER(fabstir_string)]),
    "fabstir_model_render": (c_uint32, [c_void_p, c_char_p, c_size_t, c_size_t, POINTER(c_uint32), c_size_t, POINTER(c_size_t)]),
    "fabstir_model_detokenize": (c_uint32, [c_void_p, POINTER(c_uint32), c_size_t, POINTER(fabstir_string)]),
    "fabstir_model_free": (None, [c_void_p]),
    "fabstir_model_id": (c_uint32, [POINTER(fabstir_hash), c_uint64, POINTER(fabstir_hash)]),
    "fabstir_profile_hash": (c_uint32, [POINTER(fabstir_profile), POINTER(fabstir_hash)]),
    "fabstir_session_salt": (c_uint32, [POINTER(fabstir_hash), POINTER(fabstir_hash), POINTER(fabstir_hash)]),
    "fabstir_seed_link": (c_uint32, [POINTER(fabstir_hash), c_uint32, c_uint32, POINTER(fabstir_hash)]),
    "fabstir_queue_new": (c_uint32, [c_char_p, c_size_t, POINTER(c_void_p)]),
    "fabstir_queue_model_id": (c_uint32, [c_void_p, POINTER(fabstir_hash)]),
    "fabstir_queue_next": (c_uint32, [c_void_p, c_uint32, POINTER(c_void_p)]),
    "fabstir_queue_close": (c_uint32, [c_void_p]),
    "fabstir_queue_free": (None, [c_void_p]),
    "fabstir_job_json": (c_uint32, [c_void_p, POINTER(fabstir_string)]),
    "fabstir_job_render": (c_uint32, [c_void_p, POINTER(c_uint32), c_size_t]),
    "fabstir_job_push": (c_uint32, [c_void_p, c_uint32, c_char_p, c_size_t, c_uint32]),
    "fabstir_job_write": (c_uint32, [c_void_p, c_char_p, c_size_t, c_uint32, POINTER(c_size_t)]),
    "fabstir_job_cancelled": (c_uint32, [c_void_p, c_uint32, POINTER(c_bool)]),
    "fabstir_job_finish": (c_uint32, [c_void_p, c_uint32]),
    "fabstir_job_fail": (c_uint32, [c_void_p, c_char_p, c_size_t]),
    "fabstir_job_free": (None, [c_void_p]),
    "fabstir_renter_new": (c_uint32, [c_char_p, c_size_t, c_void_p, POINTER(c_void_p)]),
    "fabstir_renter_offers": (c_uint32, [c_void_p, c_char_p, c_size_t, POINTER(fabstir_string)]),
    "fabstir_renter_open": (c_uint32, [c_void_p, c_char_p, c_size_t, POINTER(c_void_p)]),
    "fabstir_renter_sessions": (c_uint32, [c_void_p, POINTER(fabstir_string)]),
    "fabstir_renter_address": (c_uint32, [c_void_p, POINTER(fabstir_address)]),
    "fabstir_renter_balance": (c_uint32, [c_void_p, POINTER(fabstir_address), POINTER(fabstir_amount)]),
    "fabstir_renter_cancel": (c_uint32, [c_void_p, POINTER(fabstir_hash)]),
    "fabstir_renter_time_out": (c_uint32, [c_void_p, POINTER(fabstir_hash)]),
    "fabstir_renter_free": (None, [c_void_p]),
    "fabstir_renter_session_new": (c_uint32, [POINTER(fabstir_domain), POINTER(fabstir_terms), POINTER(fabstir_amount), c_void_p, POINTER(fabstir_hash), c_uint32, POINTER(c_void_p)]),
    "fabstir_renter_session_restore": (c_uint32, [POINTER(fabstir_domain), c_char_p, c_size_t, c_uint32, POINTER(c_void_p)]),
    "fabstir_renter_session_connect": (c_uint32, [c_void_p]),
    "fabstir_renter_session_send": (c_uint32, [c_void_p, POINTER(fabstir_bytes)]),
    "fabstir_renter_session_receive": (c_uint32, [c_void_p, c_char_p, c_size_t, c_void_p, POINTER(fabstir_event)]),
    "fabstir_renter_session_prompt": (c_uint32, [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t]),
    "fabstir_renter_session_prompt_messages": (c_uint32, [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t]),
    "fabstir_renter_session_cancel": (c_uint32, [c_void_p]),
    "fabstir_renter_session_clear": (c_uint32, [c_void_p]),
    "fabstir_renter_session_close": (c_uint32, [c_void_p]),
    "fabstir_renter_session_deposit_raised": (c_uint32, [c_void_p, POINTER(fabstir_amount)]),
    "fabstir_renter_session_snapshot": (c_uint32, [c_void_p, POINTER(fabstir_bytes)]),
    "fabstir_renter_session_owed": (c_uint32, [c_void_p, POINTER(fabstir_usage), POINTER(fabstir_amount)]),
    "fabstir_renter_session_voucher": (c_uint32, [c_void_p, POINTER(fabstir_voucher), POINTER(fabstir_signature)]),
    "fabstir_renter_session_closing": (c_uint32, [c_void_p, POINTER(fabstir_close), POINTER(fabstir_signature)]),
    "fabstir_renter_session_messages": (c_uint32, [c_void_p, POINTER(fabstir_string)]),
    "fabstir_renter_session_free": (None, [c_void_p]),
    "fabstir_sample": (c_uint32, [POINTER(c_float), c_size_t, POINTER(fabstir_sampling), POINTER(fabstir_hash), c_uint64, POINTER(c_uint32)]),
    "fabstir_turn_seed": (c_uint32, [POINTER(fabstir_hash), POINTER(fabstir_hash), POINTER(fabstir_hash)]),
    "fabstir_session_prompt": (c_uint32, [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t]),
    "fabstir_session_prompt_messages": (c_uint32, [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t]),
    "fabstir_session_next": (c_uint32, [c_void_p, c_uint32, POINTER(fabstir_event)]),
    "fabstir_session_cancel": (c_uint32, [c_void_p]),
    "fabstir_session_clear": (c_uint32, [c_void_p]),
    "fabstir_session_top_up": (c_uint32, [c_void_p, POINTER(fabstir_amount)]),
    "fabstir_session_close": (c_uint32, [c_void_p, POINTER(fabstir_ledger)]),
    "fabstir_session_ledger": (c_uint32, [c_void_p, POINTER(fabstir_ledger)]),
    "fabstir_session_terms": (c_uint32, [c_void_p, POINTER(fabstir_terms)]),
    "fabstir_session_id": (c_uint32, [c_void_p, POINTER(fabstir_hash)]),
    "fabstir_session_messages": (c_uint32, [c_void_p, POINTER(fabstir_string)]),
    "fabstir_session_opened": (c_uint32, [c_void_p, POINTER(fabstir_string)]),
    "fabstir_session_free": (None, [c_void_p]),
    "fabstir_settlement_gross_down": (c_uint32, [POINTER(fabstir_usage), POINTER(fabstir_prices), POINTER(fabstir_amount)]),
    "fabstir_settlement_payable_down": (c_uint32, [POINTER(fabstir_usage), POINTER(fabstir_prices), POINTER(fabstir_amount), POINTER(fabstir_amount)]),
    "fabstir_settlement_fee_down": (c_uint32, [POINTER(fabstir_amount), c_uint16, POINTER(fabstir_amount)]),
    "fabstir_settlement_cancellation_fee_down": (c_uint32, [POINTER(fabstir_amount), c_uint16, POINTER(fabstir_amount)]),
    "fabstir_settlement_split": (c_uint32, [POINTER(fabstir_amount), c_uint16, POINTER(fabstir_split)]),
    "fabstir_settlement_increment": (c_uint32, [POINTER(fabstir_amount), POINTER(fabstir_amount), c_uint16, POINTER(fabstir_split)]),
    "fabstir_signature_recover": (c_uint32, [POINTER(fabstir_hash), POINTER(fabstir_signature), POINTER(fabstir_address)]),
    "fabstir_signature_verify": (c_uint32, [POINTER(fabstir_hash), POINTER(fabstir_signature), POINTER(fabstir_address)]),
    "fabstir_status_name": (c_char_p, [c_uint32]),
    "fabstir_status_is_retryable": (c_bool, [c_uint32]),
    "fabstir_transcript_new": (c_uint32, [POINTER(fabstir_hash), POINTER(fabstir_hash), POINTER(fabstir_hash), POINTER(c_void_p)]),
    "fabstir_transcript_begin_turn": (c_uint32, [c_void_p, POINTER(c_uint64)]),
    "fabstir_transcript_feed": (c_uint32, [c_void_p, POINTER(c_uint32), c_size_t, POINTER(fabstir_hash)]),
    "fabstir_transcript_sample": (c_uint32, [c_void_p, c_uint32]),
    "fabstir_transcript_reread": (c_uint32, [c_void_p, POINTER(c_uint32), c_size_t]),
    "fabstir_transcript_edit": (c_uint32, [c_void_p, c_uint64, c_uint64]),
    "fabstir_transcript_checkpoint": (c_uint32, [c_void_p, POINTER(fabstir_hash), c_size_t, POINTER(fabstir_leaf), c_size_t, POINTER(c_size_t), POINTER(fabstir_checkpoint_root)]),
    "fabstir_transcript_state": (c_uint32, [c_void_p, POINTER(fabstir_transcript_standing)]),
    "fabstir_transcript_free": (None, [c_void_p]),
    "fabstir_tokens_digest": (c_uint32, [POINTER(c_uint32), c_size_t, POINTER(fabstir_hash)]),
    "fabstir_edit_digest": (c_uint32, [c_uint64, c_uint64, POINTER(fabstir_hash)]),
    "fabstir_context_after": (c_uint32, [POINTER(fabstir_hash), c_uint8, c_uint32, POINTER(fabstir_hash), POINTER(fabstir_hash)]),
    "fabstir_leaf_hash": (c_uint32, [POINTER(fabstir_leaf), POINTER(fabstir_hash)]),
    "fabstir_leaves_root": (c_uint32, [POINTER(fabstir_leaf), c_size_t, POINTER(fabstir_hash)]),
    "fabstir_node_parent": (c_uint32, [POINTER(fabstir_node), POINTER(fabstir_node), POINTER(fabstir_node)]),
    "fabstir_abi_version": (c_uint32, []),
    "fabstir_version": (c_char_p, []),
    "fabstir_has_feature": (c_uint32, [c_char_p, c_size_t, POINTER(c_bool)]),
    "fabstir_wire_convert": (c_uint32, [c_uint32, c_uint32, c_char_p, c_size_t, c_uint32, POINTER(fabstir_bytes)]),
    "fabstir_record_encode": (c_uint32, [c_char_p, c_size_t, POINTER(fabstir_hash), POINTER(fabstir_bytes)]),
}
