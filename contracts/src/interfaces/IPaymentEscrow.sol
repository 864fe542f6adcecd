// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title IPaymentEscrow
/// @notice Holds a payment until the work is done, and then pays it to one of two parties, named when it came in: the host
/// or the renter. Nobody, the owner and the job contract included, can send it anywhere else.
/// @dev Each escrow has an operator, the contract that made it, which names the host and says when the work was delivered.
/// Every state has a clock after which anyone may end it, so that no party's silence strands money. What is paid waits for
/// its owner (`IPullPayments`). Amounts are token base units; the token zero is the chain's coin; times are Unix seconds.
interface IPaymentEscrow {
    /* TYPES */

    /// @notice What an escrow is doing. `None` for ids never seen.
    enum Status {
        None,
        Locked, // the work is not delivered; refunded after the deadline
        Delivered, // released after the dispute window
        Disputed, // the arbiter decides; refunded after the arbitration period
        Released, // paid to the host
        Refunded, // paid back, as for work that failed
        Cancelled // paid back, and nobody's failure: before a host was named, or both agreed
    }

    /// @notice An escrow. The first three never change.
    struct EscrowDetails {
        address operator;
        address renter;
        address token;
        address host; // zero until named
        uint96 amount; // gross: the fee is in it
        uint16 feeBps; // as it was when the money came in
        Status status;
        uint40 deadline; // for delivery
        uint40 clock; // Delivered: when it is released; Disputed: when it is refunded
        bool renterAgrees; // to a refund
        bool hostAgrees;
    }

    /* EVENTS */

    /// @notice Money came in.
    event EscrowCreated(
        uint256 indexed id,
        address indexed operator,
        address indexed renter,
        address token,
        uint256 amount,
        uint40 deadline
    );
    /// @notice The host that will be paid was named.
    event EscrowAssigned(uint256 indexed id, address indexed host);
    /// @notice The work was delivered; released at `releaseAt` unless disputed before.
    event EscrowDelivered(uint256 indexed id, uint40 releaseAt);
    /// @notice A party disputes; refunded at `refundAt` unless the arbiter decides before.
    event EscrowDisputed(uint256 indexed id, address indexed by, uint40 refundAt);
    /// @notice The arbiter decided; `EscrowReleased` or `EscrowRefunded` follows.
    event DisputeResolved(uint256 indexed id, address indexed winner);
    /// @notice A party agrees to a refund.
    event RefundAgreed(uint256 indexed id, address indexed by);
    /// @notice The host was credited `net`, and the fee set aside.
    event EscrowReleased(uint256 indexed id, address indexed host, uint256 net, uint256 fee);
    /// @notice The renter was credited the whole amount; `cancelled` if that is nobody's failure.
    event EscrowRefunded(uint256 indexed id, address indexed renter, uint256 amount, bool cancelled);
    /// @notice Fees went to the fee recipient.
    event FeesSwept(address indexed token, address indexed recipient, uint256 amount);

    /// @notice The fee of escrows made from now on.
    event FeeSet(uint16 feeBps);
    /// @notice Where swept fees go.
    event FeeRecipientSet(address indexed recipient);
    /// @notice Who decides disputes.
    event ArbiterSet(address indexed arbiter);
    /// @notice The clocks of deliveries and disputes to come, in seconds.
    event WindowsSet(uint40 disputeWindow, uint40 arbitrationPeriod);

    /* ERRORS */

    /// @notice The caller may not do this.
    error PaymentEscrow_Unauthorized(address caller);
    /// @notice The escrow is not in a state for this.
    error PaymentEscrow_WrongStatus(uint256 id, Status status);
    /// @notice Too early.
    error PaymentEscrow_NotYet(uint256 from);
    /// @notice Too late.
    error PaymentEscrow_TooLate(uint256 until);
    /// @notice A value outside its bounds.
    error PaymentEscrow_OutOfRange(uint256 value, uint256 min, uint256 max);
    /// @notice A host is named already, or not yet.
    error PaymentEscrow_WrongHost(uint256 id, address host);
    /// @notice An address that must be set is zero.
    error PaymentEscrow_ZeroAddress();

    /* OPERATORS */

    /// @notice Takes `amount` from the caller, which becomes the operator: coin sent along, or an allowance.
    /// @param renter Is refunded.
    /// @param deadline For delivery; in the future, at most 366 days from now.
    /// @return id From 1 on, each once.
    function createEscrow(address renter, address token, uint256 amount, uint40 deadline)
        external
        payable
        returns (uint256 id);

    /// @notice Names the host, once, before the deadline. Caller: the operator.
    function assignHost(uint256 id, address host) external;

    /// @notice Says, before the deadline, that the work was delivered. Caller: the operator.
    function markDelivered(uint256 id) external;

    /// @notice Gives up on work that was not delivered: refunds it, as cancelled if no host was named. Caller: the operator.
    function abandonEscrow(uint256 id) external;

    /* PARTIES, OPERATORS AND ANYONE */

    /// @notice Pays the host. Caller: the renter, once a host is named; the operator, once the work is delivered; anyone,
    /// once the dispute window is over.
    function releaseEscrow(uint256 id) external;

    /// @notice Pays the renter back. Anyone: once the deadline passed without delivery, or the arbitration period without
    /// a decision.
    function refundEscrow(uint256 id) external;

    /// @notice Agrees to pay the renter back; done when both parties have. Caller: renter or host.
    function agreeToRefund(uint256 id) external;

    /// @notice Stops the release of delivered work until the arbiter decides. Caller: renter or host.
    function disputeEscrow(uint256 id) external;

    /// @notice Decides a dispute. Caller: the arbiter.
    /// @param winner Host or renter.
    function resolveDispute(uint256 id, address winner) external;

    /// @notice Sends the fees in a token to the fee recipient. Anyone.
    function sweepFees(address token) external;

    /* GOVERNANCE: no power over money already in, but for who is the arbiter */

    /// @notice Fee of escrows made from now on, at most 3,000 basis points.
    function setFee(uint16 feeBps) external;

    /// @notice Where fees are swept to.
    function setFeeRecipient(address recipient) external;

    /// @notice Who decides disputes.
    function setArbiter(address arbiter) external;

    /// @notice Clocks of deliveries and disputes to come: 1 hour to 30 days, and 1 to 90 days.
    function setWindows(uint40 disputeWindow, uint40 arbitrationPeriod) external;

    /* VIEWS */

    /// @notice An escrow; all zero for ids never seen.
    function escrowOf(uint256 id) external view returns (EscrowDetails memory);

    /// @notice Number of escrows ever made; the newest one's id.
    function escrowCount() external view returns (uint256);

    /// @notice Fees that wait to be swept.
    function feesOf(address token) external view returns (uint256);

    /// @notice Fee of escrows made now, in basis points.
    function feeBps() external view returns (uint16);

    /// @notice Where fees are swept to.
    function feeRecipient() external view returns (address);

    /// @notice Who decides disputes.
    function arbiter() external view returns (address);

    /// @notice Seconds from delivery to release.
    function disputeWindow() external view returns (uint40);

    /// @notice Seconds from a dispute to the refund.
    function arbitrationPeriod() external view returns (uint40);
}
