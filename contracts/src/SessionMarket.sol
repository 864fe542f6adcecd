// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {ISessionMarket} from "./interfaces/ISessionMarket.sol";
import {FundingLib} from "./libraries/FundingLib.sol";
import {MessageLib} from "./libraries/MessageLib.sol";
import {SettlementLib} from "./libraries/SettlementLib.sol";
import {SignatureLib} from "./libraries/SignatureLib.sol";
import {Slot, SlotLib} from "./libraries/SlotLib.sol";
import {MarketGovernance} from "./market/MarketGovernance.sol";
import {SessionLedger} from "./market/SessionLedger.sol";

/// @title SessionMarket
/// @notice Escrow for paid LLM inference sessions; `ISessionMarket` says what each call does and for whom.
/// @dev Not upgradeable. A session that is active can always be ended: by its host at once, by its renter with one grace
/// period, by anyone when its time is over. No switch, signer, token or recipient can prevent that.
///
/// Greatest losses: a host loses what it served past the last voucher it holds; a renter who vanishes loses nothing it did
/// not sign for, save the cancellation fee if it asked to leave; when both vanish anyone may refund the renter after expiry
/// and grace. The market can tell neither whether work was done nor by which model: vouchers settle money, no more.
contract SessionMarket is SessionLedger {
    /// @dev Longest time from now to a session's expiry, in seconds.
    uint64 private constant MAX_DURATION = 365 days;

    /// @dev Bounds of `terms.grace`, in seconds.
    uint32 private constant MIN_GRACE = 15 minutes;
    uint32 private constant MAX_GRACE = 7 days;

    /// @dev Highest cancellation fee, in basis points of the unspent deposit.
    uint16 private constant MAX_CANCEL_BPS = 500;

    /// @inheritdoc ISessionMarket
    address public immutable registry;

    /// @inheritdoc ISessionMarket
    address public immutable proofSystem;

    /// @param owner_ Governs the fee, the limits and the pause of sessions to come.
    /// @param registry_ Read once at each opening.
    /// @param proofSystem_ May hold up to each session's `proofCap`; zero for none, for ever.
    /// @param feeRecipient_ Where fees are swept to.
    /// @param feeBps Fee of new sessions, in basis points.
    constructor(address owner_, address registry_, address proofSystem_, address feeRecipient_, uint16 feeBps)
        MarketGovernance(owner_, feeRecipient_, feeBps)
    {
        if (registry_ == address(0)) revert SessionMarket_ZeroAddress();
        registry = registry_;
        proofSystem = proofSystem_;
    }

    modifier onlyProofSystem() {
        if (msg.sender != proofSystem) revert SessionMarket_Unauthorized(msg.sender);
        _;
    }

    /* OPENING */

    /// @inheritdoc ISessionMarket
    function createSessionJob(Terms calldata terms, uint256 amount, SignedQuote calldata quote)
        external
        payable
        nonReentrant
        returns (uint256 sessionId)
    {
        if (msg.sender != terms.renter) revert SessionMarket_Unauthorized(msg.sender);
        sessionId = _open(terms, MessageLib.hashTerms(terms), amount, quote, false);
        _collect(terms.token, amount);
    }

    /// @inheritdoc ISessionMarket
    function createSessionJobFor(Terms calldata terms, uint256 amount, Authorization calldata authorization)
        external
        nonReentrant
        returns (uint256 sessionId)
    {
        _checkDeadline(authorization.deadline);
        bool fromBalance = authorization.funding == Funding.Balance;
        if (!fromBalance && terms.token == address(0)) revert SessionMarket_Refused(Reason.TokenNotAccepted);
        bytes32 termsHash = MessageLib.hashTerms(terms);
        sessionId = _open(terms, termsHash, amount, authorization.quote, fromBalance);

        bytes32 order = _hashTypedDataV4(MessageLib.hashOrder(termsHash, amount, authorization.deadline));
        if (fromBalance) {
            _checkSpender(terms.renter, terms.token, amount, order, authorization.orderSignature);
            _debitBalance(terms.renter, terms.token, amount);
        } else if (authorization.funding == Funding.Permit) {
            _checkRenter(terms.renter, order, authorization.orderSignature);
            FundingLib.pullWithPermit(
                terms.token, terms.renter, amount, authorization.validBefore, authorization.fundingSignature
            );
        } else {
            FundingLib.pullWithAuthorization(
                terms.token,
                terms.renter,
                amount,
                authorization.validAfter,
                authorization.validBefore,
                order,
                authorization.fundingSignature
            );
        }
    }

    /// @inheritdoc ISessionMarket
    function invalidate(Terms calldata terms) external {
        if (msg.sender != terms.renter) revert SessionMarket_Unauthorized(msg.sender);
        uint256 id = sessionIdOf(terms);
        if (_sessions[id].isUsed()) revert SessionMarket_IdUsed(id);
        _sessions[id] = SlotLib.invalidated();
        emit SessionInvalidated(id);
    }

    /* SETTLING */

    /// @inheritdoc ISessionMarket
    function settle(Terms calldata terms, SignedVoucher calldata voucher) external {
        (uint256 id, Slot slot) = _active(terms);
        _checkVoucher(id, terms, voucher);
        Slot paid = _settle(id, slot, terms, voucher.inputTokens, voucher.outputTokens, voucher.head);
        if (paid.settled() == slot.settled()) {
            uint256 gross = _gross(terms, voucher.inputTokens, voucher.outputTokens);
            revert SessionMarket_NothingToSettle(id, gross, slot.settled());
        }
        _sessions[id] = paid;
    }

    /// @inheritdoc ISessionMarket
    function settleBatch(Settlement[] calldata items) external returns (Reason[] memory reasons) {
        reasons = new Reason[](items.length);
        for (uint256 i; i < items.length; ++i) {
            Settlement calldata item = items[i];
            uint256 id = sessionIdOf(item.terms);
            Reason reason = _trySettle(id, item.terms, item.voucher);
            if (reason != Reason.Ok) {
                reasons[i] = reason;
                emit SettlementSkipped(id, i, reason);
            }
        }
    }

    /* ENDING */

    /// @inheritdoc ISessionMarket
    function completeSession(Terms calldata terms, SignedVoucher calldata voucher) external nonReentrant {
        (uint256 id, Slot slot) = _active(terms);
        if (msg.sender != terms.host && msg.sender != terms.hostSigner) revert SessionMarket_Unauthorized(msg.sender);
        if (voucher.signature.length != 0) {
            _checkVoucher(id, terms, voucher);
            slot = _settle(id, slot, terms, voucher.inputTokens, voucher.outputTokens, voucher.head);
        }
        _complete(id, slot, terms);
    }

    /// @inheritdoc ISessionMarket
    /// @dev A renter agrees to the counts of the close by sending it; a stranger shows the renter's voucher for them.
    function completeSessionWithClose(Terms calldata terms, SignedVoucher calldata voucher, SignedClose calldata close)
        external
        nonReentrant
    {
        (uint256 id, Slot slot) = _active(terms);
        _checkDeadline(close.deadline);
        _checkSigner(
            MessageLib.hashClose(id, close.inputTokens, close.outputTokens, close.deadline),
            close.signature,
            terms.hostSigner
        );
        bytes32 head;
        if (msg.sender != terms.renter || voucher.signature.length != 0) {
            if (voucher.inputTokens != close.inputTokens || voucher.outputTokens != close.outputTokens) {
                revert SessionMarket_CountsDiffer();
            }
            _checkVoucher(id, terms, voucher);
            head = voucher.head;
        }
        slot = _settle(id, slot, terms, close.inputTokens, close.outputTokens, head);
        _complete(id, slot, terms);
    }

    /// @inheritdoc ISessionMarket
    /// @dev The session still ends no later than it would have without the cancellation. Counts at or below what is
    /// settled add nothing, as everywhere. A signed request counts only until the renter extends the session.
    function cancelSession(Terms calldata terms, SignedCloseRequest calldata request) external {
        (uint256 id, Slot slot) = _active(terms);
        if (msg.sender != terms.renter) _checkCloseRequest(id, slot, terms, request);
        if (slot.closingAt() != 0) revert SessionMarket_AlreadyClosing(slot.closingAt());
        uint256 timeoutAt = _timeoutAt(slot, terms);
        if (block.timestamp >= timeoutAt) revert SessionMarket_Over(timeoutAt);

        // A renter who leaves after expiry leaves nothing early: the clock had run out for both.
        uint256 closingAt = block.timestamp + terms.grace;
        bool early = closingAt < timeoutAt;
        slot = slot.cancelled(early ? closingAt : timeoutAt, early);
        slot = _settle(id, slot, terms, request.inputTokens, request.outputTokens, bytes32(0));
        _sessions[id] = slot;
        emit SessionJobCancelled(id, slot.closingAt());
    }

    /// @inheritdoc ISessionMarket
    /// @dev Revokes every CloseRequest signed so far, or a stale one could end what the renter has just prolonged: from
    /// then on only the renter itself cancels. The event tells the new totals.
    function extendSession(Terms calldata terms, uint256 amount, uint16 extensionHours) external payable nonReentrant {
        (uint256 id, Slot slot) = _active(terms);
        if (msg.sender != terms.renter) revert SessionMarket_Unauthorized(msg.sender);
        uint256 timeoutAt = _timeoutAt(slot, terms);
        if (block.timestamp >= timeoutAt) revert SessionMarket_Over(timeoutAt);

        uint256 hours_ = uint256(slot.extensionHours()) + extensionHours;
        if (hours_ > type(uint16).max || terms.expiresAt + hours_ * 1 hours > block.timestamp + MAX_DURATION) {
            revert SessionMarket_Refused(Reason.BadTimes);
        }
        slot = slot.extended(hours_);
        if (amount != 0) slot = _raised(id, slot, terms.token, amount);
        _sessions[id] = slot;
        emit SessionExtended(id, slot.locked(), slot.extensionHours());
        _collect(terms.token, amount);
    }

    /// @inheritdoc ISessionMarket
    function topUp(Terms calldata terms, uint256 amount) external payable nonReentrant {
        (uint256 id, Slot slot) = _active(terms);
        _sessions[id] = _raised(id, slot, terms.token, amount);
        emit SessionToppedUp(id, msg.sender, amount);
        _collect(terms.token, amount);
    }

    /// @inheritdoc ISessionMarket
    /// @dev The cancellation fee is paid like anything else: it counts as settled, and the market's fee is in it. Needs no
    /// guard, as `withdraw`.
    function triggerSessionTimeout(Terms calldata terms) external {
        (uint256 id, Slot slot) = _active(terms);
        uint256 timeoutAt = _timeoutAt(slot, terms);
        if (block.timestamp < timeoutAt) revert SessionMarket_NotOver(timeoutAt);
        uint256 cancellationFee = _cancellationFee(slot, terms);
        slot = _pay(slot, terms, cancellationFee);
        uint256 refund = _end(id, slot, Status.TimedOut);
        emit SessionJobTimedOut(id, slot.settled(), refund, cancellationFee);
        _refund(id, terms.renter, terms.token, refund, slot.fromBalance());
    }

    /* PROOF SYSTEM */

    /// @inheritdoc ISessionMarket
    function hold(Terms calldata terms, uint96 amount) external onlyProofSystem {
        (uint256 id, Slot slot) = _active(terms);
        uint96 held = _held[id];
        uint256 room = terms.proofCap > held ? terms.proofCap - held : 0;
        if (slot.unspent() < room) room = slot.unspent();
        if (amount > room) revert SessionMarket_Insufficient(room, amount);
        _sessions[id] = slot.withLocked(slot.locked() - amount);
        _held[id] = held + amount;
        emit Held(id, amount);
    }

    /// @inheritdoc ISessionMarket
    /// @dev What is paid here counts as settled, so that a later voucher for the same tokens does not pay them again.
    function payHeld(Terms calldata terms, uint96 amount) external onlyProofSystem {
        (uint256 id, Slot slot) = _takeHeld(terms, amount);
        _sessions[id] = _pay(slot.withLocked(uint256(slot.locked()) + amount), terms, amount);
        emit HeldPaid(id, amount);
    }

    /// @inheritdoc ISessionMarket
    function release(Terms calldata terms, uint96 amount) external onlyProofSystem nonReentrant {
        (uint256 id, Slot slot) = _takeHeld(terms, amount);
        emit HeldReleased(id, amount);
        if (slot.isActive()) {
            _sessions[id] = slot.withLocked(uint256(slot.locked()) + amount);
        } else {
            _refund(id, terms.renter, terms.token, amount, slot.fromBalance());
        }
    }

    /* VIEWS */

    /// @inheritdoc ISessionMarket
    function getSessionDetails(uint256 id) external view returns (SessionDetails memory) {
        Slot slot = _sessions[id];
        return SessionDetails({
            status: slot.status(),
            deposit: slot.locked(),
            settled: slot.settled(),
            closingAt: slot.closingAt(),
            extensionHours: slot.extensionHours(),
            fromBalance: slot.fromBalance(),
            held: _held[id]
        });
    }

    /// @inheritdoc ISessionMarket
    function getSessionMetrics(Terms calldata terms) external view returns (SessionMetrics memory) {
        uint256 id = sessionIdOf(terms);
        Slot slot = _sessions[id];
        uint256 fee = SettlementLib.feeDown(slot.settled(), terms.feeBps);
        return SessionMetrics({
            sessionId: id,
            status: slot.status(),
            hostPaid: slot.settled() - fee,
            feePaid: fee,
            unspent: slot.unspent(),
            expiresAt: uint64(_expiresAt(slot, terms)),
            timeoutAt: uint64(_timeoutAt(slot, terms)),
            cancellationFee: _cancellationFee(slot, terms)
        });
    }

    /// @inheritdoc ISessionMarket
    function canHostProcessSession(Terms calldata terms) external view returns (Reason) {
        if (_paused) return Reason.Paused;
        if (_sessions[sessionIdOf(terms)].isUsed()) return Reason.IdUsed;
        return _openingReason(terms, false);
    }

    /// @inheritdoc ISessionMarket
    function getSessionRequirements(address token) external view returns (SessionRequirements memory) {
        Limits memory limits = _limits[token];
        return SessionRequirements({
            accepted: limits.max != 0,
            paused: _paused,
            minDeposit: limits.min,
            maxDeposit: limits.max,
            feeBps: _feeBps,
            maxDuration: MAX_DURATION,
            minGrace: MIN_GRACE,
            maxGrace: MAX_GRACE,
            maxCancelBps: MAX_CANCEL_BPS
        });
    }

    /* INTERNAL: OPENING */

    /// @dev Books the session; the caller brings the money.
    function _open(
        Terms calldata terms,
        bytes32 termsHash,
        uint256 amount,
        SignedQuote calldata quote,
        bool fromBalance
    ) private returns (uint256 id) {
        id = uint256(_hashTypedDataV4(termsHash));
        if (_paused) revert SessionMarket_Paused();
        if (_sessions[id].isUsed()) revert SessionMarket_IdUsed(id);

        bool quoted = quote.signature.length != 0;
        Reason reason = _openingReason(terms, quoted);
        if (reason != Reason.Ok) revert SessionMarket_Refused(reason);
        if (quoted) {
            _checkDeadline(quote.validUntil);
            _checkSigner(MessageLib.hashQuote(id, quote.validUntil), quote.signature, terms.hostSigner);
        }
        Limits memory limits = _limits[terms.token];
        if (amount < limits.min || amount > limits.max) {
            revert SessionMarket_DepositOutOfRange(amount, limits.min, limits.max);
        }

        _sessions[id] = SlotLib.opened(amount, fromBalance);
        emit SessionJobCreated(id, terms.renter, terms.host, amount, terms);
    }

    /// @dev Whether these terms may be opened now, pause and id aside. A quote stands in for floors and offer.
    function _openingReason(Terms calldata terms, bool quoted) private view returns (Reason) {
        if (
            terms.renter == address(0) || terms.host == address(0) || terms.hostSigner == address(0)
                || terms.voucherSigner == address(0) || terms.outputPrice == 0 || terms.cancelBps > MAX_CANCEL_BPS
        ) return Reason.BadTerms;
        if (terms.feeBps != _feeBps) return Reason.WrongFee;
        if (
            terms.expiresAt <= block.timestamp || terms.expiresAt > block.timestamp + MAX_DURATION
                || terms.grace < MIN_GRACE || terms.grace > MAX_GRACE
        ) return Reason.BadTimes;
        if (_limits[terms.token].max == 0) return Reason.TokenNotAccepted;

        (address signer, uint128 inputFloor, uint128 outputFloor) =
            INodeRegistry(registry).offerOf(terms.host, terms.modelId, terms.token);
        if (signer == address(0)) return Reason.HostInactive;
        if (signer != terms.hostSigner) return Reason.WrongSigner;
        if (quoted) return Reason.Ok;
        // An offer's output price is never zero: zero says that the host does not offer the model in this token.
        if (outputFloor == 0 || terms.inputPrice < inputFloor || terms.outputPrice < outputFloor) {
            return Reason.PriceBelowFloor;
        }
        return Reason.Ok;
    }

    /// @dev Who may lock a renter's balance: the renter, a delegate within its cap, or the renter's contract.
    function _checkSpender(address renter, address token, uint256 amount, bytes32 order, bytes calldata signature)
        private
    {
        address signer = SignatureLib.recover(order, signature);
        if (signer == renter) return;
        if (signer != address(0) && _spendDelegate(renter, signer, token, amount)) return;
        if (SignatureLib.isValidERC1271(renter, order, signature)) return;
        if (signer == address(0)) revert SessionMarket_BadSignature();
        revert SessionMarket_DelegateNotAuthorized(signer);
    }
}
