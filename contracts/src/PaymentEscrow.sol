// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IPaymentEscrow} from "./interfaces/IPaymentEscrow.sol";
import {EscrowGovernance} from "./payments/EscrowGovernance.sol";
import {PullPayments} from "./payments/PullPayments.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title PaymentEscrow
/// @notice Payments for single-prompt jobs; `IPaymentEscrow` says what each call does and for whom.
/// @dev Not upgradeable. Greatest losses: a renter that stays silent for the dispute window pays for whatever was
/// delivered; a host whose renter disputes without cause waits for the arbiter, and is not paid if that one is silent as
/// well; an operator that lies about a delivery is stopped by a dispute, or not at all.
contract PaymentEscrow is EscrowGovernance, PullPayments, ReentrancyGuardTransient {
    using SafeCast for uint256;

    /* TYPES */

    struct Escrow {
        // One slot.
        address renter;
        uint96 amount;
        // One slot.
        address host;
        uint40 deadline;
        uint40 clock;
        uint16 feeBps;
        // One slot.
        address operator;
        Status status;
        bool renterAgrees;
        bool hostAgrees;
        // One slot.
        address token;
    }

    /* CONSTANTS */

    /// @dev Longest time to the deadline: a year of work and a day to claim it.
    uint40 private constant MAX_TIME = 366 days;

    /* STORAGE */

    /// @inheritdoc IPaymentEscrow
    uint256 public override escrowCount;

    /// @inheritdoc IPaymentEscrow
    mapping(address token => uint256 amount) public override feesOf;

    mapping(uint256 id => Escrow) private _escrows;

    /// @param owner_ Governs the fee, the clocks and the arbiter.
    /// @param arbiter_ Decides disputes.
    /// @param feeRecipient_ Where fees are swept to.
    /// @param feeBps_ Fee of new escrows, in basis points; at most 3,000.
    constructor(address owner_, address arbiter_, address feeRecipient_, uint16 feeBps_)
        EscrowGovernance(owner_, arbiter_, feeRecipient_, feeBps_)
    {}

    /* OPERATORS */

    /// @inheritdoc IPaymentEscrow
    function createEscrow(address renter, address token, uint256 amount, uint40 deadline)
        external
        payable
        override
        nonReentrant
        returns (uint256 id)
    {
        _requireNotZero(renter);
        _requireInRange(amount, 1, type(uint96).max);
        _requireInRange(deadline, block.timestamp + 1, block.timestamp + MAX_TIME);
        id = ++escrowCount;
        Escrow storage escrow = _escrows[id];
        (escrow.renter, escrow.amount) = (renter, amount.toUint96());
        (escrow.deadline, escrow.feeBps) = (deadline, feeBps);
        (escrow.operator, escrow.status, escrow.token) = (msg.sender, Status.Locked, token);
        emit EscrowCreated(id, msg.sender, renter, token, amount, deadline);
        _collect(token, amount);
    }

    /// @inheritdoc IPaymentEscrow
    function assignHost(uint256 id, address host) external override {
        Escrow storage escrow = _operated(id);
        _requireNotZero(host);
        if (escrow.host != address(0)) revert PaymentEscrow_WrongHost(id, escrow.host);
        escrow.host = host;
        emit EscrowAssigned(id, host);
    }

    /// @inheritdoc IPaymentEscrow
    function markDelivered(uint256 id) external override {
        Escrow storage escrow = _operated(id);
        if (escrow.host == address(0)) revert PaymentEscrow_WrongHost(id, address(0));
        uint40 releaseAt = (block.timestamp + disputeWindow).toUint40();
        (escrow.status, escrow.clock) = (Status.Delivered, releaseAt);
        emit EscrowDelivered(id, releaseAt);
    }

    /// @inheritdoc IPaymentEscrow
    function abandonEscrow(uint256 id) external override {
        Escrow storage escrow = _escrows[id];
        if (msg.sender != escrow.operator) revert PaymentEscrow_Unauthorized(msg.sender);
        if (escrow.status != Status.Locked) revert PaymentEscrow_WrongStatus(id, escrow.status);
        _refund(id, escrow, escrow.host == address(0));
    }

    /* PARTIES, OPERATORS AND ANYONE */

    /// @inheritdoc IPaymentEscrow
    function releaseEscrow(uint256 id) external override {
        Escrow storage escrow = _open(id);
        Status status = escrow.status;
        if (msg.sender == escrow.renter) {
            if (escrow.host == address(0)) revert PaymentEscrow_WrongHost(id, address(0));
        } else {
            if (status != Status.Delivered) revert PaymentEscrow_WrongStatus(id, status);
            if (msg.sender != escrow.operator && block.timestamp < escrow.clock) {
                revert PaymentEscrow_NotYet(escrow.clock);
            }
        }
        _release(id, escrow);
    }

    /// @inheritdoc IPaymentEscrow
    function refundEscrow(uint256 id) external override {
        Escrow storage escrow = _open(id);
        Status status = escrow.status;
        if (status == Status.Delivered) revert PaymentEscrow_WrongStatus(id, status);
        // The deadline itself still counts for delivery.
        uint256 from = status == Status.Locked ? uint256(escrow.deadline) + 1 : escrow.clock;
        if (block.timestamp < from) revert PaymentEscrow_NotYet(from);
        _refund(id, escrow, escrow.host == address(0));
    }

    /// @inheritdoc IPaymentEscrow
    function agreeToRefund(uint256 id) external override {
        Escrow storage escrow = _party(id);
        if (msg.sender == escrow.renter) escrow.renterAgrees = true;
        if (msg.sender == escrow.host) escrow.hostAgrees = true;
        emit RefundAgreed(id, msg.sender);
        if (escrow.renterAgrees && escrow.hostAgrees) _refund(id, escrow, true);
    }

    /// @inheritdoc IPaymentEscrow
    function disputeEscrow(uint256 id) external override {
        Escrow storage escrow = _party(id);
        if (escrow.status != Status.Delivered) revert PaymentEscrow_WrongStatus(id, escrow.status);
        if (block.timestamp >= escrow.clock) revert PaymentEscrow_TooLate(escrow.clock);
        uint40 refundAt = (block.timestamp + arbitrationPeriod).toUint40();
        (escrow.status, escrow.clock) = (Status.Disputed, refundAt);
        emit EscrowDisputed(id, msg.sender, refundAt);
    }

    /// @inheritdoc IPaymentEscrow
    function resolveDispute(uint256 id, address winner) external override {
        if (msg.sender != arbiter) revert PaymentEscrow_Unauthorized(msg.sender);
        Escrow storage escrow = _escrows[id];
        if (escrow.status != Status.Disputed) revert PaymentEscrow_WrongStatus(id, escrow.status);
        if (block.timestamp >= escrow.clock) revert PaymentEscrow_TooLate(escrow.clock);
        bool hostWins = winner == escrow.host;
        if (!hostWins && winner != escrow.renter) revert PaymentEscrow_WrongHost(id, winner);
        emit DisputeResolved(id, winner);
        if (hostWins) _release(id, escrow);
        else _refund(id, escrow, false);
    }

    /// @inheritdoc IPaymentEscrow
    function sweepFees(address token) external override nonReentrant {
        uint256 amount = feesOf[token];
        if (amount == 0) return;
        feesOf[token] = 0;
        address recipient = feeRecipient;
        emit FeesSwept(token, recipient, amount);
        _send(token, recipient, amount);
    }

    /* VIEWS */

    /// @inheritdoc IPaymentEscrow
    function escrowOf(uint256 id) external view override returns (EscrowDetails memory) {
        Escrow storage escrow = _escrows[id];
        return EscrowDetails({
            operator: escrow.operator,
            renter: escrow.renter,
            token: escrow.token,
            host: escrow.host,
            amount: escrow.amount,
            feeBps: escrow.feeBps,
            status: escrow.status,
            deadline: escrow.deadline,
            clock: escrow.clock,
            renterAgrees: escrow.renterAgrees,
            hostAgrees: escrow.hostAgrees
        });
    }

    /* INTERNAL */

    /// @dev Ends the escrow in the host's favour; the fee in the amount is rounded down.
    function _release(uint256 id, Escrow storage escrow) private {
        escrow.status = Status.Released;
        (uint256 amount, address token, address host) = (escrow.amount, escrow.token, escrow.host);
        uint256 fee = amount * escrow.feeBps / 10_000;
        feesOf[token] += fee;
        _credit(host, token, amount - fee);
        emit EscrowReleased(id, host, amount - fee, fee);
    }

    /// @dev Ends the escrow in the renter's favour.
    function _refund(uint256 id, Escrow storage escrow, bool cancelled) private {
        escrow.status = cancelled ? Status.Cancelled : Status.Refunded;
        (uint256 amount, address renter) = (escrow.amount, escrow.renter);
        _credit(renter, escrow.token, amount);
        emit EscrowRefunded(id, renter, amount, cancelled);
    }

    /// @dev An escrow that has not ended.
    function _open(uint256 id) private view returns (Escrow storage escrow) {
        escrow = _escrows[id];
        Status status = escrow.status;
        if (status == Status.None || status > Status.Disputed) revert PaymentEscrow_WrongStatus(id, status);
    }

    /// @dev An open escrow of which the caller is host or renter.
    function _party(uint256 id) private view returns (Escrow storage escrow) {
        escrow = _open(id);
        if (msg.sender != escrow.renter && msg.sender != escrow.host) revert PaymentEscrow_Unauthorized(msg.sender);
    }

    /// @dev A locked escrow before its deadline, of which the caller is the operator.
    function _operated(uint256 id) private view returns (Escrow storage escrow) {
        escrow = _escrows[id];
        if (msg.sender != escrow.operator) revert PaymentEscrow_Unauthorized(msg.sender);
        if (escrow.status != Status.Locked) revert PaymentEscrow_WrongStatus(id, escrow.status);
        if (block.timestamp > escrow.deadline) revert PaymentEscrow_TooLate(escrow.deadline);
    }
}
