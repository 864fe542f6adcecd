// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title ISessionMarket
/// @notice Escrow for paid LLM inference sessions. A renter locks a deposit, a host streams tokens, the renter signs
/// vouchers for what arrived, and the market pays for exactly that and refunds the rest.
/// @dev A session is its `Terms`: they travel in calldata and in the opening event, and the session's id is their
/// EIP-712 digest in the domain {name: "Fabstir", version: "1", chainId, verifyingContract}. The chain stores one slot a
/// session. Amounts are token base units; prices are token base units per 1,000,000 LLM tokens; times are Unix seconds.
interface ISessionMarket {
    /* TYPES */

    /// @notice Everything the two parties agree on. Its EIP-712 digest is the session's id.
    struct Terms {
        address renter; // pays, and is refunded
        address host; // is paid (cold key)
        address hostSigner; // signs checkpoints, closes and quotes (hot key), as registered when the session opens
        address voucherSigner; // the renter's key for this session alone
        address token; // zero: the chain's coin
        bytes32 modelId; // keccak256(abi.encode(blake3 of the GGUF, its size))
        uint128 inputPrice; // per 1,000,000 tokens fed
        uint128 outputPrice; // per 1,000,000 tokens sampled; above zero
        uint64 expiresAt; // before extensions
        uint32 grace; // seconds for late vouchers after expiry or a one-sided cancellation
        uint16 feeBps; // of the host's gross; must equal the market's fee when the session opens
        uint16 cancelBps; // of the unspent deposit, to the host, if the renter leaves alone early
        uint128 proofCap; // most that a proof system may hold back; zero: none
        uint256 salt; // makes equal terms different sessions
    }

    /// @notice Cumulative counts the renter accepted, signed by `terms.voucherSigner` over
    /// `Voucher(uint256 sessionId,uint64 inputTokens,uint64 outputTokens,bytes32 head)`.
    /// An empty `signature` means that no voucher is given, where one is optional.
    struct SignedVoucher {
        uint64 inputTokens;
        uint64 outputTokens;
        bytes32 head; // transcript head the renter recomputed
        bytes signature; // 65 bytes r, s, v; low s; v 27 or 28
    }

    /// @notice Final counts, signed by `terms.hostSigner` over
    /// `Close(uint256 sessionId,uint64 inputTokens,uint64 outputTokens,uint64 deadline)`.
    struct SignedClose {
        uint64 inputTokens;
        uint64 outputTokens;
        uint64 deadline; // last second it is good for
        bytes signature;
    }

    /// @notice The renter's wish to end the session, signed by `terms.renter` or `terms.voucherSigner` over
    /// `CloseRequest(uint256 sessionId,uint64 inputTokens,uint64 outputTokens,uint64 deadline)`.
    /// When the renter itself calls, `deadline` and `signature` are not read.
    struct SignedCloseRequest {
        uint64 inputTokens;
        uint64 outputTokens;
        uint64 deadline;
        bytes signature;
    }

    /// @notice The host's consent to these very terms, whatever its published floors, signed by the registered signer
    /// over `Quote(uint256 sessionId,uint64 validUntil)`. An empty `signature` means none: the floors apply.
    struct SignedQuote {
        uint64 validUntil;
        bytes signature;
    }

    /// @notice Where the deposit of `createSessionJobFor` comes from.
    enum Funding {
        Balance, // the renter's prefunded balance, with an Order
        Permit, // the renter's wallet, by EIP-2612 permit (or an allowance already there), with an Order
        Authorization // the renter's wallet, by ERC-3009 whose nonce is the Order's digest
    }

    /// @notice The renter's consent to an opening that somebody else sends. The Order is
    /// `Order(Terms terms,uint256 deposit,uint64 deadline)` with `Terms` nested.
    struct Authorization {
        Funding funding;
        uint64 deadline; // of the Order
        bytes orderSignature; // by renter (or, for Balance, a delegate); unused for Authorization
        uint256 validAfter; // ERC-3009 only
        uint256 validBefore; // ERC-3009 `validBefore`, EIP-2612 `deadline`
        bytes fundingSignature; // EIP-2612 or ERC-3009 signature by the renter
        SignedQuote quote;
    }

    /// @notice One item of `settleBatch`.
    struct Settlement {
        Terms terms;
        SignedVoucher voucher;
    }

    /// @notice What a session is doing. `None` for ids never seen.
    enum Status {
        None,
        Active,
        Completed,
        TimedOut,
        Invalidated
    }

    /// @notice The stored slot of a session, unpacked.
    struct SessionDetails {
        Status status;
        uint96 deposit; // locked in all; equals `settled` once ended
        uint96 settled; // paid to host and fee so far
        uint40 closingAt; // zero unless a cancellation is pending
        uint16 extensionHours; // added to `terms.expiresAt`
        bool fromBalance; // refunds go to the renter's balance
        uint96 held; // kept back by the proof system, not in `deposit`
    }

    /// @notice Derived figures of a session.
    struct SessionMetrics {
        uint256 sessionId;
        Status status;
        uint256 hostPaid; // net of fee
        uint256 feePaid;
        uint256 unspent; // deposit not settled
        uint64 expiresAt; // with extensions
        uint64 timeoutAt; // when `triggerSessionTimeout` opens
        uint256 cancellationFee; // what a timeout now would pay for leaving early
    }

    /// @notice Limits a new session must keep.
    struct SessionRequirements {
        bool accepted; // the token can be used
        bool paused; // no openings now
        uint96 minDeposit;
        uint96 maxDeposit;
        uint16 feeBps;
        uint64 maxDuration; // seconds from now to `expiresAt`
        uint32 minGrace;
        uint32 maxGrace;
        uint16 maxCancelBps;
    }

    /// @notice Why an item of a batch was not settled, or whether a session can be opened.
    enum Reason {
        Ok,
        NotActive,
        BadSignature,
        NothingNew,
        HostInactive,
        WrongSigner,
        PriceBelowFloor,
        TokenNotAccepted,
        WrongFee,
        BadTimes,
        BadTerms,
        IdUsed,
        Paused
    }

    /* EVENTS */

    /// @notice A session was opened.
    event SessionJobCreated(
        uint256 indexed sessionId, address indexed renter, address indexed host, uint256 deposit, Terms terms
    );
    /// @notice Counts were settled; `paid` is the gross added by this settlement, fee included.
    event SessionSettled(
        uint256 indexed sessionId, uint64 inputTokens, uint64 outputTokens, bytes32 head, uint256 paid
    );
    /// @notice The session ended by agreement; `settled` is everything paid over its life, fee included.
    event SessionJobCompleted(uint256 indexed sessionId, uint256 settled, uint256 refund);
    /// @notice The session ended by the clock.
    event SessionJobTimedOut(uint256 indexed sessionId, uint256 settled, uint256 refund, uint256 cancellationFee);
    /// @notice The renter asked to end the session; vouchers settle at least until `closingAt`.
    event SessionJobCancelled(uint256 indexed sessionId, uint64 closingAt);
    /// @notice The renter added money or time; a pending cancellation is void.
    event SessionExtended(uint256 indexed sessionId, uint256 deposit, uint16 extensionHours);
    /// @notice Somebody gave the session money.
    event SessionToppedUp(uint256 indexed sessionId, address indexed from, uint256 amount);
    /// @notice An item of a batch was left out.
    event SettlementSkipped(uint256 indexed sessionId, uint256 index, Reason reason);
    /// @notice The renter made the id unusable.
    event SessionInvalidated(uint256 indexed sessionId);

    /// @notice A renter's prefunded balance grew.
    event BalanceDeposited(address indexed renter, address indexed token, uint256 amount);
    /// @notice A renter took from its prefunded balance.
    event BalanceWithdrawn(address indexed renter, address indexed token, address to, uint256 amount);
    /// @notice A key may open sessions from the renter's balance, up to `cap` gross, until `expiry`. Cap zero revokes.
    event DelegateAuthorized(
        address indexed renter, address indexed delegate, address indexed token, uint96 cap, uint64 expiry
    );
    /// @notice Earnings or a bounced refund were paid out.
    event Withdrawn(address indexed account, address indexed token, address to, uint256 amount);
    /// @notice Fees went to the fee recipient.
    event FeesSwept(address indexed token, address indexed recipient, uint256 amount);
    /// @notice A refund was refused by its recipient and waits in its withdrawable earnings.
    event RefundBounced(uint256 indexed sessionId, address indexed renter, uint256 amount);

    /// @notice The proof system kept back part of the deposit.
    event Held(uint256 indexed sessionId, uint256 amount);
    /// @notice Held money was paid to the host.
    event HeldPaid(uint256 indexed sessionId, uint256 amount);
    /// @notice Held money went back to the deposit, or to the renter if the session had ended.
    event HeldReleased(uint256 indexed sessionId, uint256 amount);

    /// @notice Openings are stopped.
    event Paused();
    /// @notice Openings go on.
    event Unpaused();
    /// @notice A token's limits changed; `maxDeposit` zero means it is not accepted for new money.
    event TokenLimitsSet(address indexed token, uint96 minDeposit, uint96 maxDeposit);
    /// @notice The fee for sessions opened from now on.
    event FeeSet(uint16 feeBps);
    /// @notice Where swept fees go.
    event FeeRecipientSet(address indexed recipient);

    /* ERRORS */

    /// @notice Openings are paused.
    error SessionMarket_Paused();
    /// @notice The id was opened or invalidated before.
    error SessionMarket_IdUsed(uint256 id);
    /// @notice The session is not active: never opened, or ended.
    error SessionMarket_NotActive(uint256 id, Status status);
    /// @notice The caller may not do this.
    error SessionMarket_Unauthorized(address caller);
    /// @notice The signature is malformed, or by another key than the one expected.
    error SessionMarket_BadSignature();
    /// @notice The signed message is past its deadline.
    error SessionMarket_Expired(uint256 deadline);
    /// @notice The voucher adds nothing to what was settled.
    error SessionMarket_NothingToSettle(uint256 id, uint256 gross, uint256 settled);
    /// @notice A term is out of its bounds or the opening is not allowed.
    error SessionMarket_Refused(Reason reason);
    /// @notice The deposit is outside the token's limits.
    error SessionMarket_DepositOutOfRange(uint256 deposit, uint256 min, uint256 max);
    /// @notice The coin sent does not match the amount, or coin was sent to a token call.
    error SessionMarket_WrongValue(uint256 sent, uint256 expected);
    /// @notice The token did not deliver exactly the amount (fee on transfer, false return, ...).
    error SessionMarket_TokenShortfall(uint256 received, uint256 expected);
    /// @notice The amount does not fit its place.
    error SessionMarket_AmountTooLarge(uint256 amount);
    /// @notice Not enough in the balance, delegate cap, earnings, unspent deposit or hold.
    error SessionMarket_Insufficient(uint256 available, uint256 requested);
    /// @notice The delegate key is unknown, expired or not for this token.
    error SessionMarket_DelegateNotAuthorized(address delegate);
    /// @notice A cancellation is already pending.
    error SessionMarket_AlreadyClosing(uint256 closingAt);
    /// @notice Too early to time out.
    error SessionMarket_NotOver(uint256 timeoutAt);
    /// @notice Too late: the session can only be settled, completed or timed out.
    error SessionMarket_Over(uint256 timeoutAt);
    /// @notice The voucher's counts are not those of the close.
    error SessionMarket_CountsDiffer();
    /// @notice The coin or token transfer failed.
    error SessionMarket_TransferFailed(address token, address to);
    /// @notice An address that must be set is zero.
    error SessionMarket_ZeroAddress();
    /// @notice A fee above its cap.
    error SessionMarket_FeeTooHigh(uint256 feeBps);

    /* OPENING */

    /// @notice Opens a session from the caller's wallet: coin sent along, or an allowance.
    /// @param terms `terms.renter` must be the caller.
    /// @param deposit Base units to lock; equals `msg.value` for the coin.
    /// @param quote The host's consent to prices below its floors; empty signature for none.
    /// @return sessionId The digest of `terms`.
    function createSessionJob(Terms calldata terms, uint256 deposit, SignedQuote calldata quote)
        external
        payable
        returns (uint256 sessionId);

    /// @notice Opens a session for a renter who signed for it; anyone may send it.
    /// @return sessionId The digest of `terms`.
    function createSessionJobFor(Terms calldata terms, uint256 deposit, Authorization calldata authorization)
        external
        returns (uint256 sessionId);

    /// @notice Makes the id of these terms unusable, which revokes every Order for it. Caller: the renter.
    function invalidate(Terms calldata terms) external;

    /* BALANCES */

    /// @notice Adds to the caller's prefunded balance.
    function deposit(address token, uint256 amount) external payable;

    /// @notice Takes from the caller's prefunded balance.
    function withdrawBalance(address token, uint256 amount, address to) external;

    /// @notice Lets `delegate` open sessions from the caller's balance. `cap` counts gross openings and is not restored
    /// by refunds; calling again replaces it.
    function authorizeDelegate(address delegate, address token, uint96 cap, uint64 expiry) external;

    /* SETTLING */

    /// @notice Pays up to the voucher what was not paid before. Anyone may send it.
    function settle(Terms calldata terms, SignedVoucher calldata voucher) external;

    /// @notice Settles many; a bad item is skipped and reported by `SettlementSkipped`.
    /// @return reasons One per item, `Ok` where it was settled.
    function settleBatch(Settlement[] calldata items) external returns (Reason[] memory reasons);

    /* ENDING */

    /// @notice Ends the session at once. Caller: host or its signer. A voucher at or below what is settled is ignored.
    function completeSession(Terms calldata terms, SignedVoucher calldata voucher) external;

    /// @notice Ends the session at once with the host's consent. Caller: the renter; or anyone, with a voucher for
    /// exactly the counts of the close.
    function completeSessionWithClose(Terms calldata terms, SignedVoucher calldata voucher, SignedClose calldata close)
        external;

    /// @notice The renter leaves: settles the counts stated and starts the grace period.
    /// Caller: the renter, or anyone with a request signed by the renter or the voucher signer.
    function cancelSession(Terms calldata terms, SignedCloseRequest calldata request) external;

    /// @notice Adds money and/or time, and ends a pending cancellation. Caller: the renter.
    function extendSession(Terms calldata terms, uint256 amount, uint16 extensionHours) external payable;

    /// @notice Adds money to anyone's session. Touches no clock.
    function topUp(Terms calldata terms, uint256 amount) external payable;

    /// @notice Ends a session whose time is over: pays the cancellation fee if one is due, refunds the rest.
    function triggerSessionTimeout(Terms calldata terms) external;

    /* PAYMENTS */

    /// @notice Pays the caller's earnings, or refund that bounced, to `to`.
    function withdraw(address token, address to) external;

    /// @notice Sends the fees in these hosts' earnings to the fee recipient. Anyone.
    function sweepFees(address[] calldata hosts, address token) external;

    /* PROOF SYSTEM */

    /// @notice Keeps back part of the unspent deposit, at most `terms.proofCap` at a time. Caller: the proof system.
    function hold(Terms calldata terms, uint96 amount) external;

    /// @notice Pays held money to the host, fee taken as for any settlement; also after the session's end.
    function payHeld(Terms calldata terms, uint96 amount) external;

    /// @notice Gives held money back to the deposit, or to the renter if the session has ended.
    function release(Terms calldata terms, uint96 amount) external;

    /* GOVERNANCE: no power over money already in */

    /// @notice Stops openings and nothing else.
    function pause() external;

    /// @notice Lets openings go on.
    function unpause() external;

    /// @notice Limits for new deposits of a token; `maxDeposit` zero stops accepting it.
    function setTokenLimits(address token, uint96 minDeposit, uint96 maxDeposit) external;

    /// @notice Fee of sessions opened from now on.
    function setFee(uint16 feeBps) external;

    /// @notice Where fees are swept to.
    function setFeeRecipient(address recipient) external;

    /* VIEWS */

    /// @notice The id of these terms: their EIP-712 digest.
    function sessionIdOf(Terms calldata terms) external view returns (uint256);

    /// @notice The session's stored slot.
    function getSessionDetails(uint256 id) external view returns (SessionDetails memory);

    /// @notice Derived figures; needs the terms, since the chain keeps only their digest.
    function getSessionMetrics(Terms calldata terms) external view returns (SessionMetrics memory);

    /// @notice Whether a session with these terms could be opened now, without a quote; deposit limits aside.
    function canHostProcessSession(Terms calldata terms) external view returns (Reason);

    /// @notice Limits for a new session paid in `token`.
    function getSessionRequirements(address token) external view returns (SessionRequirements memory);

    /// @notice A renter's prefunded balance.
    function balanceOf(address renter, address token) external view returns (uint256);

    /// @notice What `account` can withdraw, and the fee waiting beside it.
    function earningsOf(address account, address token) external view returns (uint256 net, uint256 fee);

    /// @notice A delegate's remaining cap and its expiry.
    function delegateOf(address renter, address delegate, address token)
        external
        view
        returns (uint96 cap, uint64 expiry);

    /// @notice The registry read at opening.
    function registry() external view returns (address);

    /// @notice The proof system that may hold, or zero.
    function proofSystem() external view returns (address);

    /// @notice Where fees are swept to.
    function feeRecipient() external view returns (address);
}
