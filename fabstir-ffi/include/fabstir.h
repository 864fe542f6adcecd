/* Fabstir: an open market for LLM inference. Conventions are in the README beside this header's folder.
 *
 * Written by cbindgen from the library's sources: do not edit. `cargo run -p fabstir-ffi --example header` writes it anew.
 * Features are those of the library's build: see fabstir_has_feature().
 */

#ifndef FABSTIR_H
#define FABSTIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The deposit comes from `caller`'s wallet.
 */
#define FABSTIR_FUNDING_WALLET 0

/**
 * The deposit comes from the renter's balance in the market, by an order.
 */
#define FABSTIR_FUNDING_BALANCE 1

/**
 * The deposit comes from the renter's wallet, by an order and a permit or authorization. Tokens only.
 */
#define FABSTIR_FUNDING_SIGNED 2

/**
 * Open.
 */
#define FABSTIR_SESSION_ACTIVE 1

/**
 * Ended by the host, or by both.
 */
#define FABSTIR_SESSION_COMPLETED 2

/**
 * Ended by the clock.
 */
#define FABSTIR_SESSION_TIMED_OUT 3

/**
 * Never opened, and never to be.
 */
#define FABSTIR_SESSION_INVALIDATED 4

/**
 * A voucher for `usage`. VOUCHER_BACKWARDS if it adds nothing.
 */
#define FABSTIR_ESCROW_SETTLE 1

/**
 * The host ends the session, with a voucher or none. UNAUTHORIZED unless by host or host's signer.
 */
#define FABSTIR_ESCROW_COMPLETE 2

/**
 * Both end it: the host signed a close for `usage`. EXPIRED past `deadline`, UNAUTHORIZED from a stranger without a voucher,
 * WRONG_HEAD with one for other counts.
 */
#define FABSTIR_ESCROW_COMPLETE_WITH_CLOSE 3

/**
 * The renter leaves, at `usage`, by itself or by a request signed until `deadline`. UNAUTHORIZED, EXPIRED, ALREADY_CLOSING.
 */
#define FABSTIR_ESCROW_CANCEL 4

/**
 * The renter adds `amount`, `hours` or both. UNAUTHORIZED, EXPIRED, BAD_TERMS.
 */
#define FABSTIR_ESCROW_EXTEND 5

/**
 * Anyone adds `amount`. BAD_TERMS beyond the largest deposit.
 */
#define FABSTIR_ESCROW_TOP_UP 6

/**
 * The clock ends it. NOT_OVER.
 */
#define FABSTIR_ESCROW_TIMEOUT 7

/**
 * The proof system keeps back `amount`. INSUFFICIENT_FUNDS, UNAUTHORIZED.
 */
#define FABSTIR_ESCROW_HOLD 8

/**
 * The proof system pays `amount` of what is held. INSUFFICIENT_FUNDS, UNAUTHORIZED.
 */
#define FABSTIR_ESCROW_PAY_HELD 9

/**
 * The proof system gives back `amount` of what is held. INSUFFICIENT_FUNDS, UNAUTHORIZED.
 */
#define FABSTIR_ESCROW_RELEASE 10

/**
 * Tokens given to the model and not sampled. Billed as input.
 */
#define FABSTIR_LEAF_FED 0

/**
 * Tokens sampled by the model. Billed as output.
 */
#define FABSTIR_LEAF_SAMPLED 1

/**
 * No tokens: the context drops a range. Unbilled.
 */
#define FABSTIR_LEAF_EDIT 2

/**
 * Tokens read again after an eviction. Billed as input; the context stays.
 */
#define FABSTIR_LEAF_REREAD 3

/**
 * Raised with every change that a program built against an older header could notice.
 */
#define FABSTIR_ABI_VERSION 1

/**
 * Frames are JSON text.
 */
#define FABSTIR_FORMAT_JSON 0

/**
 * Frames are deterministic CBOR.
 */
#define FABSTIR_FORMAT_CBOR 1

/**
 * A frame is the client's.
 */
#define FABSTIR_SENDER_CLIENT 0

/**
 * A frame is the host's.
 */
#define FABSTIR_SENDER_HOST 1

/**
 * What a call came to. Below 3 it is no error; 100 and above are the codes that every binding and the wire share.
 * Numbers are append-only.
 */
enum fabstir_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Done.
     */
    FABSTIR_STATUS_OK = 0,
    /**
     * Nothing came within the time given. Not an error: pull again.
     */
    FABSTIR_STATUS_TIMEOUT = 1,
    /**
     * The stream is at its end. Not an error.
     */
    FABSTIR_STATUS_END = 2,
    /**
     * A pointer that must not be NULL was.
     */
    FABSTIR_STATUS_NULL_ARGUMENT = 10,
    /**
     * A handle that was freed, is of another kind, or never was one.
     */
    FABSTIR_STATUS_BAD_HANDLE = 11,
    /**
     * A length that cannot be: beyond what memory can hold, or not the one this value has.
     */
    FABSTIR_STATUS_BAD_LENGTH = 12,
    /**
     * A pointer that is not aligned for what it points to.
     */
    FABSTIR_STATUS_BAD_POINTER = 13,
    /**
     * The caller's buffer is too small; the length needed was written.
     */
    FABSTIR_STATUS_BUFFER_TOO_SMALL = 14,
    /**
     * A text that is not UTF-8.
     */
    FABSTIR_STATUS_INVALID_UTF8 = 15,
    /**
     * A fault of ours, caught before it reached the caller. The handle used may be of no more use.
     */
    FABSTIR_STATUS_PANIC = 16,
    /**
     * An amount or product does not fit its type.
     */
    FABSTIR_STATUS_OVERFLOW = 100,
    /**
     * A number, address or other value cannot be read.
     */
    FABSTIR_STATUS_INVALID_VALUE = 101,
    /**
     * A signature is malformed (length, high s, v) or recovers to nobody.
     */
    FABSTIR_STATUS_BAD_SIGNATURE = 200,
    /**
     * A signature is by another key than the one expected.
     */
    FABSTIR_STATUS_WRONG_SIGNER = 201,
    /**
     * A signed message or the terms are past their deadline.
     */
    FABSTIR_STATUS_EXPIRED = 202,
    /**
     * The chain knows no such session.
     */
    FABSTIR_STATUS_UNKNOWN_SESSION = 300,
    /**
     * The deposit waits for its confirmations.
     */
    FABSTIR_STATUS_UNCONFIRMED_SESSION = 301,
    /**
     * The session has ended or was never opened.
     */
    FABSTIR_STATUS_SESSION_NOT_ACTIVE = 302,
    /**
     * Another chain or market than the one configured.
     */
    FABSTIR_STATUS_WRONG_CHAIN = 303,
    /**
     * The terms name another host or host signer.
     */
    FABSTIR_STATUS_WRONG_HOST = 304,
    /**
     * A price below the host's own.
     */
    FABSTIR_STATUS_PRICE_TOO_LOW = 305,
    /**
     * The host does not serve this model.
     */
    FABSTIR_STATUS_MODEL_NOT_SERVED = 306,
    /**
     * A voucher below one already accepted.
     */
    FABSTIR_STATUS_VOUCHER_BACKWARDS = 307,
    /**
     * A voucher above what was served, or above the deposit.
     */
    FABSTIR_STATUS_VOUCHER_ABOVE_DEPOSIT = 308,
    /**
     * A head or count unlike the one recomputed.
     */
    FABSTIR_STATUS_WRONG_HEAD = 309,
    /**
     * A checkpoint out of sequence.
     */
    FABSTIR_STATUS_WRONG_SEQUENCE = 310,
    /**
     * More is unpaid than the credit window allows.
     */
    FABSTIR_STATUS_CREDIT_EXHAUSTED = 311,
    /**
     * The deposit is used up.
     */
    FABSTIR_STATUS_DEPOSIT_EXHAUSTED = 312,
    /**
     * Another connection uses the session, or another answer is being made in it.
     */
    FABSTIR_STATUS_SESSION_BUSY = 313,
    /**
     * Terms out of their bounds.
     */
    FABSTIR_STATUS_BAD_TERMS = 314,
    /**
     * The caller may not do this.
     */
    FABSTIR_STATUS_UNAUTHORIZED = 315,
    /**
     * The session's time is not over yet.
     */
    FABSTIR_STATUS_NOT_OVER = 316,
    /**
     * A cancellation is pending already.
     */
    FABSTIR_STATUS_ALREADY_CLOSING = 317,
    /**
     * No session can be opened now.
     */
    FABSTIR_STATUS_MARKET_PAUSED = 318,
    /**
     * A frame that cannot be parsed.
     */
    FABSTIR_STATUS_MALFORMED_FRAME = 400,
    /**
     * A frame above the size limit.
     */
    FABSTIR_STATUS_FRAME_TOO_LARGE = 401,
    /**
     * A message type this version does not know.
     */
    FABSTIR_STATUS_UNKNOWN_MESSAGE = 402,
    /**
     * No common protocol version or subprotocol.
     */
    FABSTIR_STATUS_UNSUPPORTED_VERSION = 403,
    /**
     * A message that needs an open session, or comes in the wrong order.
     */
    FABSTIR_STATUS_UNEXPECTED_MESSAGE = 404,
    /**
     * A parameter out of its bounds.
     */
    FABSTIR_STATUS_INVALID_PARAMS = 405,
    /**
     * Messages that do not extend the session's history.
     */
    FABSTIR_STATUS_DIVERGED = 406,
    /**
     * Too many sessions, prompts or connections at once.
     */
    FABSTIR_STATUS_OVERLOADED = 407,
    /**
     * The peer fell silent or closed the connection.
     */
    FABSTIR_STATUS_CONNECTION_LOST = 408,
    /**
     * A feature this host or build does not have.
     */
    FABSTIR_STATUS_UNSUPPORTED = 409,
    /**
     * The model file is missing or cannot be read.
     */
    FABSTIR_STATUS_MODEL_MISSING = 500,
    /**
     * The model file is truncated, corrupted or not a GGUF.
     */
    FABSTIR_STATUS_MODEL_CORRUPT = 501,
    /**
     * The model's architecture, template or vocabulary cannot be used.
     */
    FABSTIR_STATUS_MODEL_UNSUPPORTED = 502,
    /**
     * The processor lacks instructions the build needs.
     */
    FABSTIR_STATUS_CPU_UNSUPPORTED = 503,
    /**
     * The prompt alone does not fit the context.
     */
    FABSTIR_STATUS_PROMPT_TOO_LONG = 504,
    /**
     * The session's history and the prompt do not fit the context.
     */
    FABSTIR_STATUS_CONTEXT_FULL = 505,
    /**
     * The session's KV cache is gone; re-reading its history is billed as input.
     */
    FABSTIR_STATUS_EVICTED = 506,
    /**
     * The chat template refuses these messages.
     */
    FABSTIR_STATUS_TEMPLATE_FAILED = 507,
    /**
     * The backend failed.
     */
    FABSTIR_STATUS_BACKEND_FAILED = 508,
    /**
     * The RPC endpoint cannot be reached.
     */
    FABSTIR_STATUS_RPC_UNAVAILABLE = 600,
    /**
     * The RPC endpoint answers nonsense.
     */
    FABSTIR_STATUS_RPC_INVALID = 601,
    /**
     * The contract refused; the message names its error.
     */
    FABSTIR_STATUS_REVERTED = 602,
    /**
     * No contract of ours at this address.
     */
    FABSTIR_STATUS_NO_CONTRACT = 603,
    /**
     * A transaction was not mined in time.
     */
    FABSTIR_STATUS_TRANSACTION_TIMEOUT = 604,
    /**
     * The account cannot pay.
     */
    FABSTIR_STATUS_INSUFFICIENT_FUNDS = 605,
    /**
     * The journal or store failed.
     */
    FABSTIR_STATUS_STORAGE = 700,
    /**
     * The disk is full.
     */
    FABSTIR_STATUS_DISK_FULL = 701,
    /**
     * The journal cannot be read back, or belongs to another market.
     */
    FABSTIR_STATUS_JOURNAL_CORRUPT = 702,
    /**
     * A setting is missing or wrong.
     */
    FABSTIR_STATUS_INVALID_CONFIG = 800,
    /**
     * The address to listen on is taken.
     */
    FABSTIR_STATUS_PORT_IN_USE = 801,
    /**
     * A keystore is missing, unreadable or its passphrase is wrong.
     */
    FABSTIR_STATUS_KEYSTORE = 802,
    /**
     * A fault of ours.
     */
    FABSTIR_STATUS_INTERNAL = 900,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum fabstir_status fabstir_status;
#else
typedef uint32_t fabstir_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What an event tells.
 */
enum fabstir_event_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Nothing.
     */
    FABSTIR_EVENT_KIND_NONE = 0,
    /**
     * The prompt was accepted; `usage.input` tokens are billed for it.
     */
    FABSTIR_EVENT_KIND_ACCEPTED = 1,
    /**
     * A token: `token` and `text`.
     */
    FABSTIR_EVENT_KIND_TOKEN = 2,
    /**
     * A checkpoint was verified and a voucher for it sent: `usage` and `owed`, both since the session opened.
     */
    FABSTIR_EVENT_KIND_VOUCHER = 3,
    /**
     * The connection had dropped; the session goes on where it was.
     */
    FABSTIR_EVENT_KIND_RESUMED = 4,
    /**
     * The answer is complete: `finish`, and its own tokens in `usage`.
     */
    FABSTIR_EVENT_KIND_DONE = 5,
    /**
     * The host serves the session. This and those below come from a fabstir_renter_session alone.
     */
    FABSTIR_EVENT_KIND_OPENED = 6,
    /**
     * The host dropped the session's cache and did not take the prompt; `usage.input` tokens would be read again and billed.
     */
    FABSTIR_EVENT_KIND_EVICTED = 7,
    /**
     * The host refused, or an answer failed: `code` and `text`.
     */
    FABSTIR_EVENT_KIND_REFUSED = 8,
    /**
     * The host agreed to end the session at `usage`: see fabstir_renter_session_closing().
     */
    FABSTIR_EVENT_KIND_CLOSED = 9,
    /**
     * The host is there.
     */
    FABSTIR_EVENT_KIND_PONG = 10,
    /**
     * The conversation begins anew; what was billed stays billed.
     */
    FABSTIR_EVENT_KIND_CLEARED = 11,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum fabstir_event_kind fabstir_event_kind;
#else
typedef uint32_t fabstir_event_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why an answer ended.
 */
enum fabstir_finish
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It has not ended.
     */
    FABSTIR_FINISH_NONE = 0,
    /**
     * The model came to an end, or a stop text appeared.
     */
    FABSTIR_FINISH_STOP = 1,
    /**
     * The most tokens asked for, or the context's end.
     */
    FABSTIR_FINISH_LENGTH = 2,
    /**
     * It was cancelled.
     */
    FABSTIR_FINISH_CANCELLED = 3,
    /**
     * The deposit or the credit window ended.
     */
    FABSTIR_FINISH_CREDIT = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum fabstir_finish fabstir_finish;
#else
typedef uint32_t fabstir_finish;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A session as the contract keeps it.
 */
typedef struct fabstir_escrow fabstir_escrow;

/**
 * An answer being made.
 */
typedef struct fabstir_generation fabstir_generation;

/**
 * A host: set up, then started, then stopped.
 */
typedef struct fabstir_host fabstir_host;

/**
 * A request to that model: a prompt to read, or an answer to make.
 */
typedef struct fabstir_job fabstir_job;

/**
 * A private key. Its memory is wiped when it is freed.
 */
typedef struct fabstir_key fabstir_key;

/**
 * A model that is being loaded, or has been.
 */
typedef struct fabstir_model fabstir_model;

/**
 * A model that the caller serves.
 */
typedef struct fabstir_queue fabstir_queue;

/**
 * A renter: a wallet on a chain, and the sessions it keeps on disk.
 */
typedef struct fabstir_renter fabstir_renter;

/**
 * A renter's session with a host, without a socket.
 */
typedef struct fabstir_renter_session fabstir_renter_session;

/**
 * A paid session with a host. Made by fabstir_renter_open().
 */
typedef struct fabstir_session fabstir_session;

/**
 * One session's transcript.
 */
typedef struct fabstir_transcript fabstir_transcript;

/**
 * Money in a token's base units (wei for the chain's coin): 32 bytes, big-endian. Prices are in base units per
 * 1,000,000 LLM tokens.
 */
typedef struct fabstir_amount {
    /**
     * The number.
     */
    uint8_t bytes[32];
} fabstir_amount;

/**
 * A UTF-8 text of ours, with a NUL behind it that `len` does not count. Texts can hold NULs of their own.
 */
typedef struct fabstir_string {
    /**
     * The first byte, or the NUL. NULL only once freed.
     */
    char *data;
    /**
     * Bytes before the NUL.
     */
    size_t len;
} fabstir_string;

/**
 * Bytes of ours. An empty one has no memory.
 */
typedef struct fabstir_bytes {
    /**
     * The first byte; NULL if there is none.
     */
    uint8_t *data;
    /**
     * How many bytes there are.
     */
    size_t len;
} fabstir_bytes;

/**
 * A digest, head, salt, secret or session id (then big-endian).
 */
typedef struct fabstir_hash {
    /**
     * As it is hashed and sent.
     */
    uint8_t bytes[32];
} fabstir_hash;

/**
 * An account or contract.
 */
typedef struct fabstir_address {
    /**
     * As the chain has it.
     */
    uint8_t bytes[20];
} fabstir_address;

/**
 * Everything the two parties of a session agree on. Its digest is the session's id.
 */
typedef struct fabstir_terms {
    /**
     * Pays, and is refunded.
     */
    struct fabstir_address renter;
    /**
     * Is paid.
     */
    struct fabstir_address host;
    /**
     * Signs checkpoints, closes and quotes.
     */
    struct fabstir_address host_signer;
    /**
     * The renter's key for this session alone.
     */
    struct fabstir_address voucher_signer;
    /**
     * The payment token; zero is the chain's coin.
     */
    struct fabstir_address token;
    /**
     * See fabstir_model_id().
     */
    struct fabstir_hash model_id;
    /**
     * Base units per 1,000,000 tokens fed; at most 128 bits.
     */
    struct fabstir_amount input_price;
    /**
     * Base units per 1,000,000 tokens sampled; at most 128 bits.
     */
    struct fabstir_amount output_price;
    /**
     * Unix seconds, before extensions.
     */
    uint64_t expires_at;
    /**
     * Seconds for late vouchers.
     */
    uint32_t grace;
    /**
     * The market's fee, in 1/10,000 of what the host is paid.
     */
    uint16_t fee_bps;
    /**
     * Of the unspent deposit, in 1/10,000, to the host if the renter leaves alone early.
     */
    uint16_t cancel_bps;
    /**
     * Most that a proof system may hold back, in base units; at most 128 bits.
     */
    struct fabstir_amount proof_cap;
    /**
     * Makes equal terms different sessions.
     */
    struct fabstir_hash salt;
} fabstir_terms;

/**
 * A session to open.
 */
typedef struct fabstir_opening {
    /**
     * What the parties agree on.
     */
    struct fabstir_terms terms;
    /**
     * Base units to lock.
     */
    struct fabstir_amount deposit;
    /**
     * A FABSTIR_FUNDING.
     */
    uint32_t funding;
    /**
     * Who sends it, from a wallet.
     */
    struct fabstir_address caller;
    /**
     * Last second the order is good for, where there is one.
     */
    uint64_t deadline;
    /**
     * Whether the host signed a quote for these terms: 0 or 1. Price floors do not apply then.
     */
    uint8_t has_quote;
    /**
     * Last second the quote is good for.
     */
    uint64_t quote_valid_until;
} fabstir_opening;

/**
 * The two prices of a session, in base units per 1,000,000 LLM tokens. At most 128 bits each.
 */
typedef struct fabstir_prices {
    /**
     * Of tokens fed to the model.
     */
    struct fabstir_amount input;
    /**
     * Of tokens sampled from it.
     */
    struct fabstir_amount output;
} fabstir_prices;

/**
 * The market's rules for one token, and the registry's word on the host, as they are at the opening.
 */
typedef struct fabstir_market {
    /**
     * Fee of sessions opened now, in 1/10,000.
     */
    uint16_t fee_bps;
    /**
     * Whether openings are stopped: 0 or 1.
     */
    uint8_t paused;
    /**
     * Smallest deposit.
     */
    struct fabstir_amount min_deposit;
    /**
     * Largest deposit; zero: the token is not accepted.
     */
    struct fabstir_amount max_deposit;
    /**
     * Who may hold money back; zero: nobody.
     */
    struct fabstir_address proof_system;
    /**
     * The host's signer; zero: the host is not active.
     */
    struct fabstir_address signer;
    /**
     * The host's price floors; an output price of zero: the model is not offered in the token.
     */
    struct fabstir_prices floors;
} fabstir_market;

/**
 * LLM tokens billed since a session opened.
 */
typedef struct fabstir_usage {
    /**
     * Fed to the model.
     */
    uint64_t input;
    /**
     * Sampled from it.
     */
    uint64_t output;
} fabstir_usage;

/**
 * Something that happens to a session. Fields that its kind does not name are not read.
 */
typedef struct fabstir_escrow_event {
    /**
     * A FABSTIR_ESCROW kind.
     */
    uint32_t kind;
    /**
     * Who sends it.
     */
    struct fabstir_address caller;
    /**
     * Counts of the voucher settled, of the close, or stated by who leaves.
     */
    struct fabstir_usage usage;
    /**
     * Whether a voucher is shown when a session is completed: 0 or 1.
     */
    uint8_t has_voucher;
    /**
     * That voucher's counts.
     */
    struct fabstir_usage voucher;
    /**
     * Whether a signed close request is shown when the renter leaves: 0 or 1.
     */
    uint8_t has_request;
    /**
     * Last second the close or the request is good for (Unix).
     */
    uint64_t deadline;
    /**
     * Base units.
     */
    struct fabstir_amount amount;
    /**
     * Hours added.
     */
    uint16_t hours;
    /**
     * The token's largest deposit now, where money is added.
     */
    struct fabstir_amount max_deposit;
} fabstir_escrow_event;

/**
 * Money that leaves a session.
 */
typedef struct fabstir_effects {
    /**
     * To the host's earnings.
     */
    struct fabstir_amount host;
    /**
     * To the fee beside them.
     */
    struct fabstir_amount fee;
    /**
     * Back to the renter.
     */
    struct fabstir_amount refund;
    /**
     * Whether the refund goes to the renter's balance in the market, not to its wallet: 0 or 1.
     */
    uint8_t refund_to_balance;
} fabstir_effects;

/**
 * One payment, divided.
 */
typedef struct fabstir_split {
    /**
     * To the host.
     */
    struct fabstir_amount host;
    /**
     * To the market.
     */
    struct fabstir_amount fee;
} fabstir_split;

/**
 * A session's books, as the contract keeps them.
 */
typedef struct fabstir_escrow_books {
    /**
     * A FABSTIR_SESSION state.
     */
    uint32_t status;
    /**
     * Locked in all; what was settled once ended.
     */
    struct fabstir_amount deposit;
    /**
     * Paid so far, fee included.
     */
    struct fabstir_amount settled;
    /**
     * The same, divided.
     */
    struct fabstir_split paid;
    /**
     * Deposit that is not settled.
     */
    struct fabstir_amount unspent;
    /**
     * Kept back by the proof system, not in the deposit.
     */
    struct fabstir_amount held;
    /**
     * When a pending cancellation ends it (Unix seconds); 0 without one.
     */
    uint64_t closing_at;
    /**
     * When it expires, extensions included.
     */
    uint64_t expires_at;
    /**
     * From when on anyone may time it out.
     */
    uint64_t timeout_at;
    /**
     * What a timeout now would pay the host because its renter left alone and early.
     */
    struct fabstir_amount cancellation_fee;
} fabstir_escrow_books;

/**
 * One thing that happened while an answer came in. Fields that its kind does not name are zero.
 */
typedef struct fabstir_event {
    /**
     * What it tells.
     */
    fabstir_event_kind kind;
    /**
     * The token's id.
     */
    uint32_t token;
    /**
     * Text that became certain with the token: whole characters, often none. Or the host's words. The caller frees it with
     * fabstir_string_free(), which does nothing for events without a text.
     */
    struct fabstir_string text;
    /**
     * LLM tokens.
     */
    struct fabstir_usage usage;
    /**
     * What the tokens cost, in base units.
     */
    struct fabstir_amount owed;
    /**
     * Why the answer ended.
     */
    fabstir_finish finish;
    /**
     * The number of the host's code.
     */
    uint32_t code;
} fabstir_event;

/**
 * A signature: r, s, v, with v 27 or 28.
 */
typedef struct fabstir_signature {
    /**
     * r, s, v.
     */
    uint8_t bytes[65];
} fabstir_signature;

/**
 * The market that signatures are for: worthless on any other chain or contract.
 */
typedef struct fabstir_domain {
    /**
     * The chain.
     */
    uint64_t chain_id;
    /**
     * The SessionMarket.
     */
    struct fabstir_address market;
} fabstir_domain;

/**
 * Cumulative counts the renter accepts, and the transcript head it recomputed. Signed by the voucher signer.
 */
typedef struct fabstir_voucher {
    /**
     * The session.
     */
    struct fabstir_hash session_id;
    /**
     * Fed and re-read since the session opened.
     */
    uint64_t input_tokens;
    /**
     * Sampled since the session opened.
     */
    uint64_t output_tokens;
    /**
     * The transcript's head at these counts.
     */
    struct fabstir_hash head;
} fabstir_voucher;

/**
 * One prompt, as the renter asks for it. Signed by the voucher signer.
 */
typedef struct fabstir_request {
    /**
     * The session.
     */
    struct fabstir_hash session_id;
    /**
     * The turn, from 0.
     */
    uint64_t turn;
    /**
     * The transcript's context before the turn.
     */
    struct fabstir_hash context;
    /**
     * Digest of the token ids to feed.
     */
    struct fabstir_hash tokens;
    /**
     * Digest of the parameters.
     */
    struct fabstir_hash params;
    /**
     * Most tokens to sample.
     */
    uint64_t max_tokens;
    /**
     * The renter's share of the turn's seed.
     */
    struct fabstir_hash nonce;
    /**
     * The host's share of the turn's seed.
     */
    struct fabstir_hash host_seed;
} fabstir_request;

/**
 * Proof that a connection belongs to the session's renter. Signed by the voucher signer.
 */
typedef struct fabstir_open {
    /**
     * The session.
     */
    struct fabstir_hash session_id;
    /**
     * The host's newest challenge.
     */
    struct fabstir_hash challenge;
    /**
     * The client's key for an encrypted channel; zero for plaintext.
     */
    struct fabstir_hash channel_key;
} fabstir_open;

/**
 * The renter's wish to end the session at these counts. Signed by the renter or the voucher signer.
 */
typedef struct fabstir_close_request {
    /**
     * The session.
     */
    struct fabstir_hash session_id;
    /**
     * Fed and re-read since the session opened.
     */
    uint64_t input_tokens;
    /**
     * Sampled since the session opened.
     */
    uint64_t output_tokens;
    /**
     * Last second it is good for (Unix).
     */
    uint64_t deadline;
} fabstir_close_request;

/**
 * Cumulative counts and transcript head as the host has them. Signed by the host's signer, once for each sequence.
 */
typedef struct fabstir_checkpoint {
    /**
     * The session.
     */
    struct fabstir_hash session_id;
    /**
     * From 1.
     */
    uint64_t sequence;
    /**
     * Fed and re-read since the session opened.
     */
    uint64_t input_tokens;
    /**
     * Sampled since the session opened.
     */
    uint64_t output_tokens;
    /**
     * The transcript's head.
     */
    struct fabstir_hash head;
} fabstir_checkpoint;

/**
 * The host's consent to end the session at these counts. Signed by the host's signer.
 */
typedef struct fabstir_close {
    /**
     * The session.
     */
    struct fabstir_hash session_id;
    /**
     * Fed and re-read since the session opened.
     */
    uint64_t input_tokens;
    /**
     * Sampled since the session opened.
     */
    uint64_t output_tokens;
    /**
     * Last second it is good for (Unix).
     */
    uint64_t deadline;
} fabstir_close;

/**
 * The host's consent to the session's terms, whatever its published prices. Signed by the host's signer.
 */
typedef struct fabstir_quote {
    /**
     * The session.
     */
    struct fabstir_hash session_id;
    /**
     * Last second it is good for (Unix).
     */
    uint64_t valid_until;
} fabstir_quote;

/**
 * Proof that a connection ends at the host. Signed by the host's signer.
 */
typedef struct fabstir_hello {
    /**
     * The client's challenge.
     */
    struct fabstir_hash challenge;
    /**
     * The host's key for an encrypted channel; zero for plaintext.
     */
    struct fabstir_hash channel_key;
} fabstir_hello;

/**
 * The renter's consent to an opening that somebody else sends. Signed by the renter or a delegate.
 */
typedef struct fabstir_order {
    /**
     * The terms.
     */
    struct fabstir_terms terms;
    /**
     * Base units to lock.
     */
    struct fabstir_amount deposit;
    /**
     * Last second it is good for (Unix).
     */
    uint64_t deadline;
} fabstir_order;

/**
 * Everything that decides which tokens come out of a prompt and a seed.
 */
typedef struct fabstir_profile {
    /**
     * See fabstir_model_id().
     */
    struct fabstir_hash model_id;
    /**
     * ggml type of the K cache.
     */
    uint8_t kv_type_k;
    /**
     * ggml type of the V cache.
     */
    uint8_t kv_type_v;
    /**
     * Whether flash attention is on: 0 or 1.
     */
    uint8_t flash_attention;
    /**
     * Longest sequence, in tokens.
     */
    uint32_t context_length;
    /**
     * Number of token ids.
     */
    uint32_t vocabulary;
    /**
     * Digest of the runtime's name and version.
     */
    struct fabstir_hash runtime;
    /**
     * Digest of the sampler's name.
     */
    struct fabstir_hash sampler;
} fabstir_profile;

/**
 * How tokens are chosen. Fractions are integers in thousandths.
 */
typedef struct fabstir_sampling {
    /**
     * 0 to 2000; 0 takes the likeliest always.
     */
    uint32_t temperature;
    /**
     * 1 to 256 candidates; 0 means 256.
     */
    uint32_t top_k;
    /**
     * 1 to 1000 of the probability; 1000 keeps all.
     */
    uint32_t top_p;
    /**
     * 0 to 1000 of the best candidate's probability; 0 keeps all.
     */
    uint32_t min_p;
} fabstir_sampling;

/**
 * A session's books.
 */
typedef struct fabstir_ledger {
    /**
     * Tokens received and recomputed here.
     */
    struct fabstir_usage usage;
    /**
     * Locked in all, in base units.
     */
    struct fabstir_amount deposit;
    /**
     * What the tokens cost, computed here.
     */
    struct fabstir_amount owed;
    /**
     * What the chain says was paid, fee included; zero before the session has ended.
     */
    struct fabstir_amount paid;
    /**
     * What the chain returned to the renter; zero before the session has ended.
     */
    struct fabstir_amount refund;
} fabstir_ledger;

/**
 * A closed leaf: a run of tokens of one kind in one turn.
 */
typedef struct fabstir_leaf {
    /**
     * Binds it to session and profile.
     */
    struct fabstir_hash salt;
    /**
     * Its number in the session, from 0.
     */
    uint64_t index;
    /**
     * Its turn, from 0.
     */
    uint64_t turn;
    /**
     * Tokens fed or sampled before it in the session.
     */
    uint64_t position;
    /**
     * How many tokens it has.
     */
    uint32_t count;
    /**
     * A FABSTIR_LEAF kind.
     */
    uint8_t kind;
    /**
     * The context before it.
     */
    struct fabstir_hash context;
    /**
     * See fabstir_tokens_digest() and fabstir_edit_digest().
     */
    struct fabstir_hash tokens;
    /**
     * Request digest (fed) or activation fingerprint (sampled); zero without one.
     */
    struct fabstir_hash fingerprint;
    /**
     * Keeps an unrevealed leaf from being guessed.
     */
    struct fabstir_hash blind;
} fabstir_leaf;

/**
 * A closed checkpoint.
 */
typedef struct fabstir_checkpoint_root {
    /**
     * From 1.
     */
    uint64_t sequence;
    /**
     * Tokens billed since the session opened.
     */
    struct fabstir_usage usage;
    /**
     * Commits everything up to here.
     */
    struct fabstir_hash head;
    /**
     * Commits the leaves.
     */
    struct fabstir_hash root;
    /**
     * Context after the last leaf.
     */
    struct fabstir_hash context;
} fabstir_checkpoint_root;

/**
 * Where a transcript stands.
 */
typedef struct fabstir_transcript_standing {
    /**
     * Head of the last checkpoint; the salt if there is none.
     */
    struct fabstir_hash head;
    /**
     * Digest of everything the model has read and said so far.
     */
    struct fabstir_hash context;
    /**
     * What binds every digest to session and profile.
     */
    struct fabstir_hash salt;
    /**
     * Sequence of the last checkpoint; 0 if there is none.
     */
    uint64_t sequence;
    /**
     * Turns begun.
     */
    uint64_t turns;
    /**
     * Tokens fed or sampled; those read again do not count twice.
     */
    uint64_t position;
    /**
     * Tokens billed.
     */
    struct fabstir_usage usage;
    /**
     * Sampled leaves that the next checkpoint will close.
     */
    size_t sampled_leaves;
} fabstir_transcript_standing;

/**
 * A node of the tree: what its leaves bill, and its hash.
 */
typedef struct fabstir_node {
    /**
     * Tokens billed below it.
     */
    struct fabstir_usage usage;
    /**
     * Its hash; a leaf's own at the bottom.
     */
    struct fabstir_hash hash;
} fabstir_node;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * An amount of so many base units.
 */
fabstir_status fabstir_amount_from_u64(uint64_t units, struct fabstir_amount *amount);

/**
 * The base units as a number. OVERFLOW above 64 bits.
 */
fabstir_status fabstir_amount_to_u64(const struct fabstir_amount *amount, uint64_t *units);

/**
 * Reads an amount as people write it: "1.5" of a token with `decimals` decimals. Exact: nothing is rounded.
 * INVALID_VALUE unless it is digits with at most one point and at most `decimals` digits behind it; OVERFLOW above 256
 * bits.
 */
fabstir_status fabstir_amount_parse(const char *units, size_t len, uint8_t decimals, struct fabstir_amount *amount);

/**
 * Writes an amount of a token with `decimals` decimals as people do, "1.5", without trailing zeros, and a NUL. `*len`
 * becomes the length without the NUL, also if the buffer is too small for it (BUFFER_TOO_SMALL); 336 bytes always do.
 */
fabstir_status fabstir_amount_format(const struct fabstir_amount *amount,
                                     uint8_t decimals,
                                     char *buffer,
                                     size_t capacity,
                                     size_t *len);

/**
 * The sum. OVERFLOW above 256 bits.
 */
fabstir_status fabstir_amount_add(const struct fabstir_amount *a,
                                  const struct fabstir_amount *b,
                                  struct fabstir_amount *sum);

/**
 * The difference `a - b`. OVERFLOW if `b` is larger.
 */
fabstir_status fabstir_amount_sub(const struct fabstir_amount *a,
                                  const struct fabstir_amount *b,
                                  struct fabstir_amount *difference);

/**
 * How two amounts compare: `*order` becomes -1, 0 or 1 as `a` is less than, equal to or more than `b`.
 */
fabstir_status fabstir_amount_compare(const struct fabstir_amount *a, const struct fabstir_amount *b, int32_t *order);

/**
 * What the last failed call on this thread had to say, for people; empty if none has failed. A call that succeeds
 * leaves it as it is.
 *
 * Writes the text and a NUL into `buffer`, and its length without the NUL into `*len`. Too small a buffer is
 * BUFFER_TOO_SMALL: `*len` is written, the buffer is not. `buffer` may be NULL if `capacity` is 0.
 */
fabstir_status fabstir_last_error(char *buffer, size_t capacity, size_t *len);

/**
 * As `fabstir_last_error`, into memory of ours.
 * Memory: the caller frees `*out` with fabstir_string_free().
 */
fabstir_status fabstir_last_error_string(struct fabstir_string *out);

/**
 * Frees bytes that a function of ours has written, and empties them: a second call does nothing. NULL is a no-op.
 */
void fabstir_bytes_free(struct fabstir_bytes *bytes);

/**
 * Frees a text that a function of ours has written, and empties it: a second call does nothing. NULL is a no-op.
 */
void fabstir_string_free(struct fabstir_string *string);

/**
 * The calldata of a call. `contract` is "SessionMarket", "NodeRegistry" or "FabToken" (also for any ERC-20), `function` a
 * name or, where several share it, a signature; `arguments` is JSON: a list in order, or an object by name. Numbers are
 * decimal strings (small ones may be plain), bytes and addresses 0x-hex, structs objects by their fields. INVALID_VALUE if
 * there is no such function or its arguments are others.
 * Memory: the caller frees `*calldata` with fabstir_bytes_free().
 */
fabstir_status fabstir_abi_encode_call(const char *contract,
                                       size_t contract_len,
                                       const char *function,
                                       size_t function_len,
                                       const char *arguments,
                                       size_t arguments_len,
                                       struct fabstir_bytes *calldata);

/**
 * What a call returned, as a JSON object by the names of the values, "0", "1"... for those without. INVALID_VALUE if the
 * bytes are not what the function returns.
 * Memory: the caller frees `*values` with fabstir_string_free().
 */
fabstir_status fabstir_abi_decode_return(const char *contract,
                                         size_t contract_len,
                                         const char *function,
                                         size_t function_len,
                                         const uint8_t *returned,
                                         size_t returned_len,
                                         struct fabstir_string *values);

/**
 * An event, as JSON: {"event": name, "values": {...}}. `topics` and `data` are those of the log. END if the contract has no
 * such event: other contracts' logs are passed over so. INVALID_VALUE if the rest does not fit.
 * Memory: the caller frees `*event` with fabstir_string_free().
 */
fabstir_status fabstir_abi_decode_event(const char *contract,
                                        size_t contract_len,
                                        const struct fabstir_hash *topics,
                                        size_t topic_count,
                                        const uint8_t *data,
                                        size_t data_len,
                                        struct fabstir_string *event);

/**
 * Why a call was reverted, as JSON: {"error": name, "values": {...}}. END if the contract has no such error.
 * INVALID_VALUE if the rest does not fit.
 * Memory: the caller frees `*error` with fabstir_string_free().
 */
fabstir_status fabstir_abi_decode_error(const char *contract,
                                        size_t contract_len,
                                        const uint8_t *reverted,
                                        size_t reverted_len,
                                        struct fabstir_string *error);

/**
 * The messages to keep, by index and in order, so that their tokens stay within the budget: every system message, the last
 * turn, and as many whole turns before it, newest first, as fit. `messages` is JSON, [{"role", "content"}]; `costs` are
 * their tokens, one a message, template included.
 *
 * PROMPT_TOO_LONG if system messages and last turn alone are over the budget; INVALID_PARAMS without a user message or with
 * another number of costs; BUFFER_TOO_SMALL if more than `capacity` are kept: `*kept_count` says how many.
 */
fabstir_status fabstir_context_fit(const char *messages,
                                   size_t messages_len,
                                   const uint32_t *costs,
                                   size_t costs_count,
                                   uint32_t budget,
                                   size_t *kept,
                                   size_t capacity,
                                   size_t *kept_count);

/**
 * Opens a session at `now` (Unix seconds), if the contract would: MARKET_PAUSED, UNAUTHORIZED, EXPIRED, WRONG_HOST,
 * PRICE_TOO_LOW, BAD_TERMS. INVALID_VALUE for a funding or a flag that is none.
 * Memory: the caller frees `*escrow` with fabstir_escrow_free().
 */
fabstir_status fabstir_escrow_open(const struct fabstir_opening *opening,
                                   const struct fabstir_market *market,
                                   uint64_t now,
                                   struct fabstir_escrow **escrow);

/**
 * Lets something happen to a session at `now` (Unix seconds). If it is refused nothing has changed: SESSION_NOT_ACTIVE once
 * it has ended, else what the kind of event names. INVALID_VALUE for a kind or a flag that is none.
 */
fabstir_status fabstir_escrow_apply(struct fabstir_escrow *escrow,
                                    const struct fabstir_escrow_event *event,
                                    uint64_t now,
                                    struct fabstir_effects *effects);

/**
 * A session's books as they are now.
 */
fabstir_status fabstir_escrow_state(const struct fabstir_escrow *escrow, struct fabstir_escrow_books *state);

/**
 * Frees a session's books. NULL, or one freed before, is a no-op.
 */
void fabstir_escrow_free(struct fabstir_escrow *escrow);

/**
 * Begins an answer; it is made in the background, beside others, and pulled with fabstir_generation_next(). `request` is
 * JSON; one of messages and tokens is needed, fractions are integers in thousandths:
 *
 * ```text
 * {"messages": [{"role", "content"}], "tokens": [ids], "temperature": 0 to 2000, "top_k": 0 to 256,
 *  "top_p": 1 to 1000, "min_p": 0 to 1000, "seed": 0x-hex of 32 bytes, "max_tokens": number, "stop": [texts],
 *  "sequence": a number of the caller's below 2^63 for the conversation, kept for a later request,
 *  "known": how many of the tokens are in that conversation's cache, "reread": whether to read them again if not}
 * ```
 *
 * The same tokens, seed and sampling give the same answer. INVALID_PARAMS, TEMPLATE_FAILED, PROMPT_TOO_LONG, CONTEXT_FULL,
 * EVICTED, OVERLOADED if no place is free.
 * Feature: llama.
 * Memory: the caller frees `*generation` with fabstir_generation_free().
 */
fabstir_status fabstir_generation_new(const struct fabstir_model *model,
                                      const char *request,
                                      size_t len,
                                      struct fabstir_generation **generation);

/**
 * The next event of an answer: TOKEN or, once, DONE with the tokens of prompt and answer. TIMEOUT if nothing came in time,
 * END after DONE. Any other status is the end of the answer: BACKEND_FAILED.
 * Feature: llama.
 * Memory: the caller frees `event->text` with fabstir_string_free().
 */
fabstir_status fabstir_generation_next(const struct fabstir_generation *generation,
                                       uint32_t timeout_ms,
                                       struct fabstir_event *event);

/**
 * Stops an answer after the token under way; from any thread, any number of times. It still ends in DONE.
 * Feature: llama.
 */
fabstir_status fabstir_generation_cancel(const struct fabstir_generation *generation);

/**
 * Frees an answer, and stops it if it is not at its end. NULL, or one freed before, is a no-op.
 * Feature: llama.
 */
void fabstir_generation_free(struct fabstir_generation *generation);

/**
 * How many handles of all kinds are open. For tests that look for leaks: handles are out of a leak checker's sight.
 */
size_t fabstir_handles_open(void);

/**
 * Sets a host up from settings in JSON; nothing runs yet.
 *
 * - `rpc`: JSON-RPC endpoint. `market`: the SessionMarket's address. `journal`: the file of its journal. All else may be
 *   left out.
 * - `chain_id`: the chain that the endpoint must serve.
 * - `account`: the account that is paid, if its key is not given here.
 * - `listen`: where, `"127.0.0.1:0"`. `url`: what renters connect to, if that is another. `name`: what they see.
 * - `credit_tokens`, `checkpoint_tokens`, `confirmations`, `retention_seconds`, `voucher_patience_seconds`,
 *   `max_sessions`, `max_connections`, `max_output_tokens`, `max_prompt_bytes`.
 * - `allow_plaintext`: serve other machines without encryption too; only behind something that encrypts.
 *
 * `key` is the hot key, which signs and settles. `account_key` is that of the account which stakes and is paid; it may be
 * NULL: then the account is the hot key's, or named in the settings and registered elsewhere.
 *
 * INVALID_CONFIG if the settings cannot be read.
 * Feature: host.
 * Memory: the caller frees `*host` with fabstir_host_free(), and may free the keys before.
 */
fabstir_status fabstir_host_new(const char *settings,
                                size_t settings_len,
                                const struct fabstir_key *key,
                                const struct fabstir_key *account_key,
                                struct fabstir_host **host);

/**
 * Has the host serve a model that the caller answers for. `prices` is JSON: a list of objects with `input` and `output`,
 * base units per 1,000,000 tokens as decimal strings, and `token`, without which they are in the chain's coin.
 * UNEXPECTED_MESSAGE once the host is started. The queue stays the caller's.
 * Feature: host.
 */
fabstir_status fabstir_host_serve_queue(const struct fabstir_host *host,
                                        const struct fabstir_queue *queue,
                                        const char *prices,
                                        size_t prices_len);

/**
 * Has the host serve a model that is loaded. See fabstir_host_serve_queue(). The model may be freed before the host.
 * Feature: host, llama.
 */
fabstir_status fabstir_host_serve_model(const struct fabstir_host *host,
                                        const struct fabstir_model *model,
                                        const char *prices,
                                        size_t prices_len);

/**
 * Starts the host: from here on it listens, and settles what an earlier run left in its journal. INVALID_CONFIG, PORT_IN_USE,
 * those of the chain and of the journal; it can be tried again then.
 * Feature: host.
 */
fabstir_status fabstir_host_start(const struct fabstir_host *host);

/**
 * Joins the market with the minimum stake, or brings what the registry says of this host to what it serves. Needs the key of
 * the account. Writes the transactions it took, a JSON list of hashes. INSUFFICIENT_FUNDS without the stake in FAB.
 * Feature: host.
 * Memory: the caller frees `*transactions` with fabstir_string_free().
 */
fabstir_status fabstir_host_register(const struct fabstir_host *host,
                                     struct fabstir_string *transactions);

/**
 * What a running host is and does, as JSON: `url`, `account`, `signer`, `models` (`id`, `name`, `context_length`,
 * `prices`), `sessions` held, those `connected`, and those `settling`.
 * Feature: host.
 * Memory: the caller frees `*json` with fabstir_string_free().
 */
fabstir_status fabstir_host_state(const struct fabstir_host *host, struct fabstir_string *json);

/**
 * Stops the host: every session closed and settled, within about a minute. One that was not started, or was stopped before,
 * is stopped already.
 * Feature: host.
 */
fabstir_status fabstir_host_stop(const struct fabstir_host *host);

/**
 * Stops the host if it runs, and frees it. NULL, or one freed before, is a no-op.
 * Feature: host.
 */
void fabstir_host_free(struct fabstir_host *host);

/**
 * A key from its 32 bytes; the caller wipes its own copy. INVALID_VALUE if they are zero or not below the curve's order.
 * Memory: the caller frees `*key` with fabstir_key_free().
 */
fabstir_status fabstir_key_new(const struct fabstir_hash *secret,
                               struct fabstir_key **key);

/**
 * A new key from the system's randomness. INTERNAL if there is none.
 * Memory: the caller frees `*key` with fabstir_key_free().
 */
fabstir_status fabstir_key_generate(struct fabstir_key **key);

/**
 * The address that the key's signatures recover to.
 */
fabstir_status fabstir_key_address(const struct fabstir_key *key, struct fabstir_address *address);

/**
 * The secret itself, for a keystore.
 */
fabstir_status fabstir_key_secret(const struct fabstir_key *key, struct fabstir_hash *secret);

/**
 * Signs a digest: deterministic (RFC 6979), low s.
 */
fabstir_status fabstir_key_sign(const struct fabstir_key *key,
                                const struct fabstir_hash *digest,
                                struct fabstir_signature *signature);

/**
 * Frees a key. NULL, or one freed before, is a no-op.
 */
void fabstir_key_free(struct fabstir_key *key);

/**
 * The hash of a market's EIP-712 domain, mixed into every digest.
 */
fabstir_status fabstir_domain_separator(const struct fabstir_domain *domain, struct fabstir_hash *separator);

/**
 * The id of the session with these terms: their digest, known before anything is sent. OVERFLOW if a price or the proof
 * cap has more than 128 bits.
 */
fabstir_status fabstir_terms_session_id(const struct fabstir_domain *domain,
                                        const struct fabstir_terms *terms,
                                        struct fabstir_hash *id);

/**
 * The digest of a voucher.
 */
fabstir_status fabstir_voucher_digest(const struct fabstir_domain *domain,
                                      const struct fabstir_voucher *voucher,
                                      struct fabstir_hash *digest);

/**
 * The digest of a request.
 */
fabstir_status fabstir_request_digest(const struct fabstir_domain *domain,
                                      const struct fabstir_request *request,
                                      struct fabstir_hash *digest);

/**
 * The digest of a open.
 */
fabstir_status fabstir_open_digest(const struct fabstir_domain *domain,
                                   const struct fabstir_open *open,
                                   struct fabstir_hash *digest);

/**
 * The digest of a close request.
 */
fabstir_status fabstir_close_request_digest(const struct fabstir_domain *domain,
                                            const struct fabstir_close_request *close_request,
                                            struct fabstir_hash *digest);

/**
 * The digest of a checkpoint.
 */
fabstir_status fabstir_checkpoint_digest(const struct fabstir_domain *domain,
                                         const struct fabstir_checkpoint *checkpoint,
                                         struct fabstir_hash *digest);

/**
 * The digest of a close.
 */
fabstir_status fabstir_close_digest(const struct fabstir_domain *domain,
                                    const struct fabstir_close *close,
                                    struct fabstir_hash *digest);

/**
 * The digest of a quote.
 */
fabstir_status fabstir_quote_digest(const struct fabstir_domain *domain,
                                    const struct fabstir_quote *quote,
                                    struct fabstir_hash *digest);

/**
 * The digest of a hello.
 */
fabstir_status fabstir_hello_digest(const struct fabstir_domain *domain,
                                    const struct fabstir_hello *hello,
                                    struct fabstir_hash *digest);

/**
 * The digest of an order. OVERFLOW as fabstir_terms_session_id().
 */
fabstir_status fabstir_order_digest(const struct fabstir_domain *domain,
                                    const struct fabstir_order *order,
                                    struct fabstir_hash *digest);

/**
 * Begins to load a GGUF, in a thread of ours; see fabstir_model_wait(). Every other function waits for it too. `config` is
 * JSON, of which the path is needed:
 *
 * ```text
 * {"path": the GGUF, "context_length": tokens, "sequences": conversations held at once, 1 to 256, "prefill": 1 to 64,
 *  "threads": number, "gpu_layers": number, "flash_attention": bool, "kv_type_k", "kv_type_v": "f32", "f16", "bf16"
 *  or "q8_0", "chat_template": Jinja, "read_ahead": tokens}
 * ```
 *
 * Feature: llama.
 * Memory: the caller frees `*model` with fabstir_model_free().
 */
fabstir_status fabstir_model_new(const char *config,
                                 size_t len,
                                 struct fabstir_model **model);

/**
 * Waits until the model is loaded. TIMEOUT if it is not yet. `*progress`, from 0 to 1, is written in both cases; it may be
 * NULL. MODEL_MISSING, MODEL_CORRUPT, MODEL_UNSUPPORTED, CPU_UNSUPPORTED or INVALID_CONFIG if it cannot be.
 * Feature: llama.
 */
fabstir_status fabstir_model_wait(const struct fabstir_model *model,
                                  uint32_t timeout_ms,
                                  float *progress);

/**
 * What the model is, as JSON:
 *
 * ```text
 * {"name", "model_id", "blake3", "size", "context_length", "template_overhead", "profile", "profile_hash", "runtime"}
 * ```
 *
 * Feature: llama.
 * Memory: the caller frees `*info` with fabstir_string_free().
 */
fabstir_status fabstir_model_info(const struct fabstir_model *model, struct fabstir_string *info);

/**
 * The tokens that a conversation becomes: the chat template around the messages, a text without special tokens. `messages`
 * is JSON, [{"role", "content"}], of which the first `committed` are left out; after some are, the tokens begin where the
 * model's last answer ended. BUFFER_TOO_SMALL if there are more than `capacity`; `*count` says how many.
 * TEMPLATE_FAILED, PROMPT_TOO_LONG.
 * Feature: llama.
 */
fabstir_status fabstir_model_render(const struct fabstir_model *model,
                                    const char *messages,
                                    size_t len,
                                    size_t committed,
                                    uint32_t *tokens,
                                    size_t capacity,
                                    size_t *count);

/**
 * The text of tokens, special ones left out; bytes that are no UTF-8 become U+FFFD. INVALID_PARAMS for a token that the
 * vocabulary does not have.
 * Feature: llama.
 * Memory: the caller frees `*found` with fabstir_string_free().
 */
fabstir_status fabstir_model_detokenize(const struct fabstir_model *model,
                                        const uint32_t *tokens,
                                        size_t count,
                                        struct fabstir_string *found);

/**
 * Frees a model. Its answers under way, and hosts that serve it, keep it for as long as they need it. NULL, or one freed
 * before, is a no-op.
 * Feature: llama.
 */
void fabstir_model_free(struct fabstir_model *model);

/**
 * The id of a model file, from its BLAKE3 and its size in bytes: what terms, registry and profile name.
 */
fabstir_status fabstir_model_id(const struct fabstir_hash *blake3, uint64_t size, struct fabstir_hash *model_id);

/**
 * The profile's digest. INVALID_VALUE if `flash_attention` is neither 0 nor 1.
 */
fabstir_status fabstir_profile_hash(const struct fabstir_profile *profile, struct fabstir_hash *hash);

/**
 * What binds a transcript to its session and profile; `profile` is fabstir_profile_hash().
 */
fabstir_status fabstir_session_salt(const struct fabstir_hash *session_id,
                                    const struct fabstir_hash *profile,
                                    struct fabstir_hash *salt);

/**
 * Link `k` of a host's seed chain of `length` links above the commitment, which is link 0; `root`, the last, is the host's
 * secret. INVALID_VALUE past the chain's end, or for a chain of more than 1,048,576 links.
 */
fabstir_status fabstir_seed_link(const struct fabstir_hash *root,
                                 uint32_t length,
                                 uint32_t k,
                                 struct fabstir_hash *link);

/**
 * A queue for a model that the caller serves, from settings in JSON:
 *
 * - `name`: what renters see. All else may be left out.
 * - `weights_blake3`, `weights_bytes`: digest and size of the weights; without them the model is named by its name.
 * - `runtime`, `sampler`: names of what computes and chooses, committed in every transcript.
 * - `context_length`: longest conversation in tokens, 32768.
 * - `vocabulary`, `template_overhead`: the caller makes the tokens, and is asked to render each prompt; the overhead is
 *   the most tokens that it adds around a message. Without them the queue deals in text, and a token is a byte.
 * - `patience_ms`: longest wait for the caller, 60000. `waiting`: requests that may wait, 64. `ahead`: tokens made ahead
 *   of what was sent, 64.
 *
 * INVALID_VALUE if they cannot be read, INVALID_CONFIG if they cannot work.
 * Feature: host.
 * Memory: the caller frees `*queue` with fabstir_queue_free().
 */
fabstir_status fabstir_queue_new(const char *settings,
                                 size_t settings_len,
                                 struct fabstir_queue **queue);

/**
 * What terms and registry call the model.
 * Feature: host.
 */
fabstir_status fabstir_queue_model_id(const struct fabstir_queue *queue, struct fabstir_hash *model_id);

/**
 * The next request. Any number of threads may pull; each request goes to one of them. TIMEOUT if none came in time, END
 * once the queue is closed.
 * Feature: host.
 * Memory: the caller frees `*job` with fabstir_job_free(); freed unanswered, it ends in an error that the renter reads.
 */
fabstir_status fabstir_queue_next(const struct fabstir_queue *queue, uint32_t timeout_ms, struct fabstir_job **job);

/**
 * Takes no more requests: those that wait fail, whoever pulls gets END. Answers under way may be finished.
 * Feature: host.
 */
fabstir_status fabstir_queue_close(const struct fabstir_queue *queue);

/**
 * Closes and frees a queue. NULL, or one freed before, is a no-op.
 * Feature: host.
 */
void fabstir_queue_free(struct fabstir_queue *queue);

/**
 * What is asked, as JSON. `kind` is `"render"`, with `messages`, how many of them are `committed` in the session's tokens,
 * and the `last_token` of those or null; or `"answer"`, with `sequence` (names the conversation), `tokens` (all of them),
 * `messages` (where the queue deals in text), `max_tokens`, `temperature`, `top_k`, `top_p`, `min_p` (thousandths, and a
 * count), `turn_seed`, `stop`, and `ended`: conversations whose caches can go.
 * Feature: host.
 * Memory: the caller frees `*json` with fabstir_string_free().
 */
fabstir_status fabstir_job_json(const struct fabstir_job *job,
                                struct fabstir_string *json);

/**
 * Answers a `"render"`: the tokens that continue the session, which are the new messages and the beginning of an answer.
 * INVALID_VALUE if something else was asked.
 * Feature: host.
 */
fabstir_status fabstir_job_render(const struct fabstir_job *job,
                                  const uint32_t *tokens,
                                  size_t len);

/**
 * Adds a token and the bytes it stands for to an answer, whole characters or not. Waits for room: TIMEOUT if there was
 * none in time, END once nothing more is wanted (cancelled, long enough, stopped, not paid).
 * Feature: host.
 */
fabstir_status fabstir_job_push(const struct fabstir_job *job,
                                uint32_t token,
                                const uint8_t *bytes,
                                size_t len,
                                uint32_t timeout_ms);

/**
 * Adds text to an answer, where the queue deals in text: a token for each byte. Waits for room: TIMEOUT if some of it
 * found none in time, END once nothing more is wanted. The text is UTF-8, and may begin or end inside a character, as what
 * is left of another does. `*written` is what was taken, with OK and TIMEOUT alike: offer the
 * rest again.
 * Feature: host.
 */
fabstir_status fabstir_job_write(const struct fabstir_job *job,
                                 const uint8_t *text,
                                 size_t len,
                                 uint32_t timeout_ms,
                                 size_t *written);

/**
 * Whether nothing more is wanted, waited for until the timeout: written as 1 or 0.
 * Feature: host.
 */
fabstir_status fabstir_job_cancelled(const struct fabstir_job *job, uint32_t timeout_ms, bool *cancelled);

/**
 * Ends an answer; `finish` is a fabstir_finish: STOP where the model came to its end, LENGTH where it was cut. INVALID_VALUE
 * for any other, or if something else was asked.
 * Feature: host.
 */
fabstir_status fabstir_job_finish(const struct fabstir_job *job,
                                  uint32_t finish);

/**
 * Refuses what is asked, in words that the renter reads. What was sent of an answer is paid.
 * Feature: host.
 */
fabstir_status fabstir_job_fail(const struct fabstir_job *job, const char *message, size_t len);

/**
 * Frees a job. One that was not answered ends in an error. NULL, or one freed before, is a no-op.
 * Feature: host.
 */
void fabstir_job_free(struct fabstir_job *job);

/**
 * A renter that pays with this key. `config` is JSON:
 *
 * ```text
 * {"rpc": URL, "market": address, "store": path of the file that keeps its sessions (and their keys),
 *  "chain_id": number, "confirmations": number, "json": speak JSON with hosts instead of CBOR,
 *  "allow_plaintext": talk to hosts on other machines without encryption}
 * ```
 *
 * The first three are needed. Asks the chain; INVALID_VALUE, INVALID_CONFIG, RPC_UNAVAILABLE, NO_CONTRACT, STORAGE...
 * Feature: client.
 * Memory: the caller frees `*renter` with fabstir_renter_free(), and may free the key before.
 */
fabstir_status fabstir_renter_new(const char *config,
                                  size_t len,
                                  const struct fabstir_key *key,
                                  struct fabstir_renter **renter);

/**
 * Offers in the registry, cheapest output first, as JSON:
 *
 * ```text
 * [{"host", "signer", "url", "metadata", "model_id", "token", "input_price", "output_price"}]
 * ```
 *
 * prices in base units per 1,000,000 LLM tokens. `filter` is JSON, possibly empty: {"host", "model_id", "token"}; the zero
 * token is the chain's coin. Asks the chain.
 * Feature: client.
 * Memory: the caller frees `*found` with fabstir_string_free().
 */
fabstir_status fabstir_renter_offers(const struct fabstir_renter *renter,
                                     const char *filter,
                                     size_t len,
                                     struct fabstir_string *found);

/**
 * Locks a deposit and opens a session at the cheapest host that fits. `options` is JSON:
 *
 * ```text
 * {"deposit": base units as a decimal string, "token": address, zero or left out: the chain's coin,
 *  "host": address, "model_id": 0x-hex, "duration_seconds": number, "grace_seconds": number}
 * ```
 *
 * Sends a transaction. MODEL_NOT_SERVED if no host fits; INVALID_PARAMS for a deposit outside the market's limits;
 * INSUFFICIENT_FUNDS; those of chain and host.
 * Feature: client.
 * Memory: the caller frees `*session` with fabstir_session_free().
 */
fabstir_status fabstir_renter_open(const struct fabstir_renter *renter,
                                   const char *options,
                                   size_t len,
                                   struct fabstir_session **session);

/**
 * The sessions that the renter keeps, as JSON:
 *
 * ```text
 * [{"session_id", "standing": "opening", "open" or "ended", "terms", "deposit", "url", "input_tokens",
 *   "output_tokens", "head"}]
 * ```
 *
 * Feature: client.
 * Memory: the caller frees `*kept` with fabstir_string_free().
 */
fabstir_status fabstir_renter_sessions(const struct fabstir_renter *renter, struct fabstir_string *kept);

/**
 * The renter's account.
 * Feature: client.
 */
fabstir_status fabstir_renter_address(const struct fabstir_renter *renter, struct fabstir_address *address);

/**
 * What the renter has of a token, in base units; the zero token is the chain's coin. Asks the chain.
 * Feature: client.
 */
fabstir_status fabstir_renter_balance(const struct fabstir_renter *renter,
                                      const struct fabstir_address *token,
                                      struct fabstir_amount *balance);

/**
 * Leaves a session without its host, at the counts signed for: vouchers settle for a grace period, then
 * fabstir_renter_time_out() returns the rest. Sends a transaction.
 * Feature: client.
 */
fabstir_status fabstir_renter_cancel(const struct fabstir_renter *renter, const struct fabstir_hash *session_id);

/**
 * Ends a session whose time, or whose grace after fabstir_renter_cancel(), is over, and takes the rest back. Sends a
 * transaction; REVERTED if it is too early.
 * Feature: client.
 */
fabstir_status fabstir_renter_time_out(const struct fabstir_renter *renter, const struct fabstir_hash *session_id);

/**
 * Frees a renter. Its sessions stay usable. NULL, or one freed before, is a no-op.
 * Feature: client.
 */
void fabstir_renter_free(struct fabstir_renter *renter);

/**
 * A session whose deposit is on chain, not yet opened at its host. `voucher_key` is the key that the terms name,
 * `secret` 32 random bytes that blind the transcript's leaves; `format` a FABSTIR_FORMAT. OVERFLOW as
 * fabstir_terms_session_id(), WRONG_SIGNER if the key is another.
 * Memory: the caller frees `*session` with fabstir_renter_session_free(), and may free the key before.
 */
fabstir_status fabstir_renter_session_new(const struct fabstir_domain *domain,
                                          const struct fabstir_terms *terms,
                                          const struct fabstir_amount *deposit,
                                          const struct fabstir_key *voucher_key,
                                          const struct fabstir_hash *secret,
                                          uint32_t frames,
                                          struct fabstir_renter_session **session);

/**
 * A session as fabstir_renter_session_snapshot() has kept it. Connect it again. MALFORMED_FRAME if it is no snapshot,
 * WRONG_CHAIN if it is of another market.
 * Memory: the caller frees `*session` with fabstir_renter_session_free().
 */
fabstir_status fabstir_renter_session_restore(const struct fabstir_domain *domain,
                                              const uint8_t *snapshot,
                                              size_t len,
                                              uint32_t frames,
                                              struct fabstir_renter_session **session);

/**
 * Begins a connection, the first or another after one that dropped: what waits to be sent is the first frame of it.
 */
fabstir_status fabstir_renter_session_connect(struct fabstir_renter_session *session);

/**
 * The next frame to send to the host. END if none waits: then the host's next frame is due.
 * Memory: the caller frees `*frame` with fabstir_bytes_free().
 */
fabstir_status fabstir_renter_session_send(struct fabstir_renter_session *session, struct fabstir_bytes *frame);

/**
 * Takes a frame from the host and tells what it means: `event->kind` is 0 if nothing worth telling. Afterwards, in this
 * order: if `*record` is 1, the counts of fabstir_renter_session_voucher(), or a snapshot, must be on the disk; then send
 * what waits; then take the next frame.
 *
 * Any status but 0 means that the host breaks the protocol (MISBEHAVIOUR, WRONG_HEAD, BAD_SIGNATURE...): drop the connection;
 * nothing was signed. UNEXPECTED_MESSAGE also while frames wait to be sent.
 * Memory: the caller frees `event->text` with fabstir_string_free().
 */
fabstir_status fabstir_renter_session_receive(struct fabstir_renter_session *session,
                                              const uint8_t *frame,
                                              size_t len,
                                              uint8_t *record,
                                              struct fabstir_event *event);

/**
 * Asks the next question: what waits to be sent has it. `options` as fabstir_session_prompt(). SESSION_BUSY while an answer
 * is coming in, UNEXPECTED_MESSAGE unless the session is open, INVALID_PARAMS.
 */
fabstir_status fabstir_renter_session_prompt(struct fabstir_renter_session *session,
                                             const char *prompt,
                                             size_t prompt_len,
                                             const char *options,
                                             size_t options_len);

/**
 * As fabstir_renter_session_prompt(), with several messages, the last of them the user's: [{"role", "content"}].
 */
fabstir_status fabstir_renter_session_prompt_messages(struct fabstir_renter_session *session,
                                                      const char *messages,
                                                      size_t messages_len,
                                                      const char *options,
                                                      size_t options_len);

/**
 * Asks the host to stop the answer coming in, if there is one.
 */
fabstir_status fabstir_renter_session_cancel(struct fabstir_renter_session *session);

/**
 * Asks the host to forget the conversation: the next prompt is the first of a new one. What was billed stays billed.
 * SESSION_BUSY while an answer is coming in, UNEXPECTED_MESSAGE unless the session is open.
 */
fabstir_status fabstir_renter_session_clear(struct fabstir_renter_session *session);

/**
 * Asks for the end of the session. SESSION_BUSY while an answer is coming in, UNEXPECTED_MESSAGE unless it is open.
 */
fabstir_status fabstir_renter_session_close(struct fabstir_renter_session *session);

/**
 * Takes note that the deposit is now `deposit` in all. A smaller one is older news.
 */
fabstir_status fabstir_renter_session_deposit_raised(struct fabstir_renter_session *session,
                                                     const struct fabstir_amount *deposit);

/**
 * Everything needed to come back later, the voucher key included: keep it private.
 * Memory: the caller frees `*snapshot` with fabstir_bytes_free().
 */
fabstir_status fabstir_renter_session_snapshot(const struct fabstir_renter_session *session,
                                               struct fabstir_bytes *snapshot);

/**
 * Tokens recomputed so far, and what they cost.
 */
fabstir_status fabstir_renter_session_owed(const struct fabstir_renter_session *session,
                                           struct fabstir_usage *usage,
                                           struct fabstir_amount *owed);

/**
 * The newest voucher and its signature. END if nothing was signed for.
 */
fabstir_status fabstir_renter_session_voucher(const struct fabstir_renter_session *session,
                                              struct fabstir_voucher *voucher,
                                              struct fabstir_signature *signature);

/**
 * The host's consent to end the session, with which anyone can complete it on chain. END before it was given.
 */
fabstir_status fabstir_renter_session_closing(const struct fabstir_renter_session *session,
                                              struct fabstir_close *close,
                                              struct fabstir_signature *signature);

/**
 * The conversation so far, as JSON: [{"role", "content"}].
 * Memory: the caller frees `*messages` with fabstir_string_free().
 */
fabstir_status fabstir_renter_session_messages(const struct fabstir_renter_session *session,
                                               struct fabstir_string *messages);

/**
 * Frees a session. NULL, or one freed before, is a no-op.
 */
void fabstir_renter_session_free(struct fabstir_renter_session *session);

/**
 * The token that these logits give, one logit a token of the vocabulary: the same everywhere. `turn_seed` is
 * fabstir_turn_seed(), `position` the number of tokens before it. INVALID_PARAMS for sampling out of its bounds, no logits,
 * or logits of which none can be chosen.
 */
fabstir_status fabstir_sample(const float *logits,
                              size_t count,
                              const struct fabstir_sampling *sampling,
                              const struct fabstir_hash *turn_seed,
                              uint64_t position,
                              uint32_t *token);

/**
 * The seed of a turn's noise, from the renter's nonce and the host's seed: neither can grind it alone.
 */
fabstir_status fabstir_turn_seed(const struct fabstir_hash *nonce,
                                 const struct fabstir_hash *host_seed,
                                 struct fabstir_hash *seed);

/**
 * Asks the next question of the conversation; the answer is pulled with fabstir_session_next(). `options` is JSON,
 * possibly empty; fractions are integers in thousandths:
 *
 * ```text
 * {"temperature": 0 to 2000, "top_k": 0 to 256, "top_p": 1 to 1000, "min_p": 0 to 1000, "max_tokens": number,
 *  "stop": [texts], "nonce": 0x-hex of 32 bytes, "reread": whether to pay for reading an evicted history again}
 * ```
 *
 * SESSION_BUSY while an answer is coming in; INVALID_PARAMS; SESSION_NOT_ACTIVE once closed.
 * Feature: client.
 */
fabstir_status fabstir_session_prompt(const struct fabstir_session *session,
                                      const char *prompt,
                                      size_t prompt_len,
                                      const char *options,
                                      size_t options_len);

/**
 * As fabstir_session_prompt(), with several messages, the last of them the user's: `messages` is JSON,
 * [{"role": "system", "user" or "assistant", "content": text}].
 * Feature: client.
 */
fabstir_status fabstir_session_prompt_messages(const struct fabstir_session *session,
                                               const char *messages,
                                               size_t messages_len,
                                               const char *options,
                                               size_t options_len);

/**
 * The next event of the answer coming in. TIMEOUT if nothing came in time, END after the answer's end (and if none was
 * asked for). Vouchers are signed as it is pulled: an answer that is not pulled stops at the end of the credit window.
 * Any other status is the end of the answer: what the host refuses, EVICTED, CONNECTION_LOST; nothing is signed for what
 * does not fit.
 * Feature: client.
 * Memory: the caller frees `event->text` with fabstir_string_free().
 */
fabstir_status fabstir_session_next(const struct fabstir_session *session,
                                    uint32_t timeout_ms,
                                    struct fabstir_event *event);

/**
 * Asks the host to stop the answer coming in, if there is one; from any thread, any number of times. The answer still ends
 * in a DONE event; what arrived is owed.
 * Feature: client.
 */
fabstir_status fabstir_session_cancel(const struct fabstir_session *session);

/**
 * Begins the conversation anew in the same session: the model forgets what was said; what was billed stays billed.
 * SESSION_BUSY while an answer is coming in, UNSUPPORTED from a host that cannot.
 * Feature: client.
 */
fabstir_status fabstir_session_clear(const struct fabstir_session *session);

/**
 * Adds to the deposit. Sends a transaction; SESSION_BUSY while an answer is coming in.
 * Feature: client.
 */
fabstir_status fabstir_session_top_up(const struct fabstir_session *session, const struct fabstir_amount *amount);

/**
 * Ends the session: the host signs the final counts and settles, and the rest of the deposit comes back. If the host does
 * not settle in 20 seconds the renter does. SESSION_BUSY while an answer is coming in; CONNECTION_LOST if the host cannot
 * be reached: fabstir_renter_cancel() ends the session without it. The handle is freed as always.
 * Feature: client.
 */
fabstir_status fabstir_session_close(const struct fabstir_session *session,
                                     struct fabstir_ledger *ledger);

/**
 * The session's books as they are now.
 * Feature: client.
 */
fabstir_status fabstir_session_ledger(const struct fabstir_session *session, struct fabstir_ledger *ledger);

/**
 * What was agreed.
 * Feature: client.
 */
fabstir_status fabstir_session_terms(const struct fabstir_session *session, struct fabstir_terms *terms);

/**
 * The session's id on chain.
 * Feature: client.
 */
fabstir_status fabstir_session_id(const struct fabstir_session *session, struct fabstir_hash *id);

/**
 * The conversation so far, as JSON: [{"role", "content"}]. An answer joins it when it is complete.
 * Feature: client.
 * Memory: the caller frees `*messages` with fabstir_string_free().
 */
fabstir_status fabstir_session_messages(const struct fabstir_session *session, struct fabstir_string *messages);

/**
 * What the host said when it opened the session, as JSON: {"session_id", "profile", "deposit", "settled",
 * "credit_tokens", "checkpoint_tokens", "context", "retention_seconds", "overhead", "seed_commitment"}.
 * Feature: client.
 * Memory: the caller frees `*opened` with fabstir_string_free().
 */
fabstir_status fabstir_session_opened(const struct fabstir_session *session, struct fabstir_string *opened);

/**
 * Frees a session's handle. The session itself goes on on chain unless it was closed: fabstir_renter_cancel() ends it.
 * A call that another thread is in ends with END or SESSION_NOT_ACTIVE. NULL, or one freed before, is a no-op.
 * Feature: client.
 */
void fabstir_session_free(struct fabstir_session *session);

/**
 * Payment for the tokens at these prices, rounded down (in the renter's favour). OVERFLOW if a price has more than 128
 * bits.
 */
fabstir_status fabstir_settlement_gross_down(const struct fabstir_usage *usage,
                                             const struct fabstir_prices *prices,
                                             struct fabstir_amount *gross);

/**
 * What a session with this deposit pays for the tokens, rounded down: the gross, but never more than the deposit.
 * OVERFLOW as fabstir_settlement_gross_down().
 */
fabstir_status fabstir_settlement_payable_down(const struct fabstir_usage *usage,
                                               const struct fabstir_prices *prices,
                                               const struct fabstir_amount *deposit,
                                               struct fabstir_amount *paid);

/**
 * The market's fee in everything paid over a session's life, rounded down (in the host's favour); `fee_bps` in 1/10,000.
 */
fabstir_status fabstir_settlement_fee_down(const struct fabstir_amount *paid,
                                           uint16_t fee_bps,
                                           struct fabstir_amount *fee);

/**
 * What the host gets of the unspent deposit if the renter left alone, rounded down (in the renter's favour);
 * `cancel_bps` in 1/10,000.
 */
fabstir_status fabstir_settlement_cancellation_fee_down(const struct fabstir_amount *unspent,
                                                        uint16_t cancel_bps,
                                                        struct fabstir_amount *fee);

/**
 * Divides everything paid over a session's life between host and market.
 */
fabstir_status fabstir_settlement_split(const struct fabstir_amount *paid,
                                        uint16_t fee_bps,
                                        struct fabstir_split *split);

/**
 * What one settlement credits when everything paid rises from `before` to `after`. VOUCHER_BACKWARDS if it falls.
 */
fabstir_status fabstir_settlement_increment(const struct fabstir_amount *before,
                                            const struct fabstir_amount *after,
                                            uint16_t fee_bps,
                                            struct fabstir_split *split);

/**
 * Who signed the digest. BAD_SIGNATURE for v other than 27 or 28, s above half the curve's order, or one that recovers
 * to nobody.
 */
fabstir_status fabstir_signature_recover(const struct fabstir_hash *digest,
                                         const struct fabstir_signature *signature,
                                         struct fabstir_address *signer);

/**
 * Checks that `expected` signed the digest. BAD_SIGNATURE as fabstir_signature_recover(); WRONG_SIGNER if somebody else
 * did.
 */
fabstir_status fabstir_signature_verify(const struct fabstir_hash *digest,
                                        const struct fabstir_signature *signature,
                                        const struct fabstir_address *expected);

/**
 * The name of a status, as the wire and every binding write it: `"overflow"`. NULL for a number that is none.
 * Memory: static, never freed.
 */
const char *fabstir_status_name(uint32_t status);

/**
 * Whether the same call can succeed later without being changed. False for a number that is no status.
 */
bool fabstir_status_is_retryable(uint32_t status);

/**
 * An empty transcript. `profile` is fabstir_profile_hash(); `secret` are the 32 bytes the client chose at opening.
 * Memory: the caller frees `*transcript` with fabstir_transcript_free().
 */
fabstir_status fabstir_transcript_new(const struct fabstir_hash *session_id,
                                      const struct fabstir_hash *profile,
                                      const struct fabstir_hash *secret,
                                      struct fabstir_transcript **transcript);

/**
 * Begins the next turn; `*turn`, which may be NULL, becomes its number, from 0.
 */
fabstir_status fabstir_transcript_begin_turn(struct fabstir_transcript *transcript, uint64_t *turn);

/**
 * Commits tokens given to the model and not sampled. `fingerprint` is the digest of the turn's request, the same
 * throughout a turn; NULL for none.
 */
fabstir_status fabstir_transcript_feed(struct fabstir_transcript *transcript,
                                       const uint32_t *tokens,
                                       size_t count,
                                       const struct fabstir_hash *fingerprint);

/**
 * Commits one sampled token.
 */
fabstir_status fabstir_transcript_sample(struct fabstir_transcript *transcript, uint32_t token);

/**
 * Commits tokens that the model read again after an eviction: billed as input, the context unchanged.
 */
fabstir_status fabstir_transcript_reread(struct fabstir_transcript *transcript, const uint32_t *tokens, size_t count);

/**
 * Commits that the context drops positions from `start` up to `end`. Unbilled.
 */
fabstir_status fabstir_transcript_edit(struct fabstir_transcript *transcript, uint64_t start, uint64_t end);

/**
 * Closes a checkpoint over the leaves since the one before. `fingerprints` are the activation fingerprints of the sampled
 * leaves among them, in order; those left out are zero.
 *
 * The leaves are written to `leaves` if it is not NULL, and how many there are to `*leaf_count` if that is not NULL. If
 * anything is refused nothing has changed: BUFFER_TOO_SMALL if there are more leaves than `capacity` (`*leaf_count` is
 * written), INVALID_VALUE with more fingerprints than sampled leaves.
 */
fabstir_status fabstir_transcript_checkpoint(struct fabstir_transcript *transcript,
                                             const struct fabstir_hash *fingerprints,
                                             size_t fingerprint_count,
                                             struct fabstir_leaf *leaves,
                                             size_t capacity,
                                             size_t *leaf_count,
                                             struct fabstir_checkpoint_root *checkpoint);

/**
 * Where the transcript stands.
 */
fabstir_status fabstir_transcript_state(const struct fabstir_transcript *transcript,
                                        struct fabstir_transcript_standing *state);

/**
 * Frees a transcript. NULL, or one freed before, is a no-op.
 */
void fabstir_transcript_free(struct fabstir_transcript *transcript);

/**
 * The digest of token ids, as leaves and requests have it.
 */
fabstir_status fabstir_tokens_digest(const uint32_t *tokens, size_t count, struct fabstir_hash *digest);

/**
 * What a leaf of kind EDIT has in place of tokens.
 */
fabstir_status fabstir_edit_digest(uint64_t start, uint64_t end, struct fabstir_hash *digest);

/**
 * The context after a leaf of this kind with so many tokens, of this digest. INVALID_VALUE for a number that is no kind.
 */
fabstir_status fabstir_context_after(const struct fabstir_hash *context,
                                     uint8_t leaf_kind,
                                     uint32_t count,
                                     const struct fabstir_hash *tokens,
                                     struct fabstir_hash *after);

/**
 * A leaf's hash. INVALID_VALUE if its kind is none.
 */
fabstir_status fabstir_leaf_hash(const struct fabstir_leaf *leaf, struct fabstir_hash *hash);

/**
 * The root over a checkpoint's leaves. INVALID_VALUE if the kind of one is none.
 */
fabstir_status fabstir_leaves_root(const struct fabstir_leaf *leaves, size_t count, struct fabstir_hash *root);

/**
 * The parent of two nodes.
 */
fabstir_status fabstir_node_parent(const struct fabstir_node *left,
                                   const struct fabstir_node *right,
                                   struct fabstir_node *parent);

/**
 * The ABI of the library in use. A program checks that it is the FABSTIR_ABI_VERSION of its header.
 */
uint32_t fabstir_abi_version(void);

/**
 * The library's version, as its package has it.
 * Memory: static, never freed.
 */
const char *fabstir_version(void);

/**
 * Whether the library was built with a feature: "llama", "client" or "host". The functions of one that it lacks are not
 * in it.
 */
fabstir_status fabstir_has_feature(const char *name, size_t len, bool *has);

/**
 * Reads a frame and writes it again, in the other format or, normalised, in the same: decimal strings and 0x-hex in JSON,
 * sorted and shortest in CBOR, unknown fields dropped. `sender` is a FABSTIR_SENDER, the formats are FABSTIR_FORMATs.
 * MALFORMED_FRAME, FRAME_TOO_LARGE, UNKNOWN_MESSAGE, INVALID_VALUE for a number that is no sender or format.
 * Memory: the caller frees `*converted` with fabstir_bytes_free().
 */
fabstir_status fabstir_wire_convert(uint32_t sender,
                                    uint32_t from,
                                    const uint8_t *frame,
                                    size_t len,
                                    uint32_t to,
                                    struct fabstir_bytes *converted);

/**
 * The record of a turn as it is stored, deterministic CBOR, and the BLAKE3 it is stored under. `record` is JSON:
 *
 * ```text
 * {"role", "tokens": [ids], "text", "params": {"temperature", "top_k", "top_p", "min_p"},
 *  "finish_reason": "stop", "length", "cancelled" or "credit"}
 * ```
 *
 * `id` and `stored` may each be NULL if it is not wanted.
 * Memory: the caller frees `*stored` with fabstir_bytes_free().
 */
fabstir_status fabstir_record_encode(const char *record,
                                     size_t len,
                                     struct fabstir_hash *id,
                                     struct fabstir_bytes *stored);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* FABSTIR_H */
