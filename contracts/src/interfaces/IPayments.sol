// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title IPayments
/// @notice Money that flows to somebody second by second, and many payments in one transaction.
/// @dev Amounts are base units, times Unix seconds; token zero is the chain's coin. Tokens must keep the balances they
/// state: those that take a fee are refused, those that shrink are their users' own risk. Entrances ask the circuit
/// breaker, exits never.
interface IPayments {
    /* TYPES */

    /// @notice A linear stream. Cancelled, it is one of what had flowed, which ended then.
    struct Stream {
        address sender;
        address recipient;
        address token;
        uint128 amount;
        uint128 withdrawn;
        uint40 start;
        uint40 end;
        bool cancelled;
    }

    /// @notice One payment of a batch.
    struct Payment {
        address to;
        uint128 amount;
        bytes32 memo; // what it is for; of the sender's choice
    }

    /* EVENTS */

    /// @notice A stream began, or will.
    event StreamCreated(
        uint256 indexed id,
        address indexed sender,
        address indexed recipient,
        address token,
        uint256 amount,
        uint256 start,
        uint256 end
    );
    /// @notice The recipient took what had flowed.
    event StreamWithdrawn(uint256 indexed id, address indexed to, uint256 amount);
    /// @notice A stream ended early: `flowed` is the recipient's in all, `refund` went to the sender's balance.
    event StreamCancelled(uint256 indexed id, address indexed by, uint256 flowed, uint256 refund);
    /// @notice A payment of a batch. `delivered` is false if the recipient refused it and can withdraw it.
    event Paid(
        address indexed from, address indexed to, address indexed token, uint256 amount, bytes32 memo, bool delivered
    );
    /// @notice A balance was taken out.
    event BalanceWithdrawn(address indexed account, address indexed token, address indexed to, uint256 amount);

    /* ERRORS */

    /// @notice An amount of zero.
    error Payments_ZeroAmount();
    /// @notice An address that must be set is zero.
    error Payments_ZeroAddress();
    /// @notice A stream must begin now or later and last 1 second to 10 years.
    error Payments_BadTimes(uint256 start, uint256 end);
    /// @notice The coin sent along is not what is asked for.
    error Payments_WrongValue(uint256 sent, uint256 expected);
    /// @notice A batch has 1 to 100 payments.
    error Payments_BadBatch(uint256 length);
    /// @notice No such stream.
    error Payments_UnknownStream(uint256 id);
    /// @notice Not the caller's to do.
    error Payments_Unauthorized(address caller);
    /// @notice The stream is over.
    error Payments_Over(uint256 id);
    /// @notice Nothing is there to take.
    error Payments_Nothing();

    /* STREAMS */

    /// @notice Starts a stream of `amount` from the caller: coin sent along, or an allowance.
    /// @param start When it begins; zero for now.
    /// @return id Counts from 1.
    function createStream(address recipient, address token, uint128 amount, uint40 start, uint40 end)
        external
        payable
        returns (uint256 id);

    /// @notice Pays the recipient all that has flowed and was not taken. Caller: the recipient.
    function withdrawStream(uint256 id, address to) external returns (uint256 amount);

    /// @notice Ends a stream: what has flowed stays the recipient's, the rest goes to the sender's balance. Caller: sender
    /// or recipient.
    function cancelStream(uint256 id) external returns (uint256 refund);

    /* BATCHES */

    /// @notice Pays many at once from the caller: coin sent along for all, or an allowance. Who refuses its payment gets it
    /// as a balance, and the others are paid all the same.
    function payBatch(address token, Payment[] calldata payments) external payable;

    /// @notice Pays the caller's balance in a token: refunds of streams, and payments that bounced.
    function withdraw(address token, address to) external returns (uint256 amount);

    /* VIEWS */

    /// @notice A stream; reverts if there is none with this id.
    function streamOf(uint256 id) external view returns (Stream memory);

    /// @notice What has flowed of a stream by now, taken or not.
    function flowedOf(uint256 id) external view returns (uint256);

    /// @notice What an account could withdraw.
    function balanceOf(address account, address token) external view returns (uint256);

    /// @notice Streams ever created.
    function streamCount() external view returns (uint256);
}
