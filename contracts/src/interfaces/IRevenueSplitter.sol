// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title IRevenueSplitter
/// @notice Takes the fees that markets sweep to it, and divides them among stakers and the treasury's purposes: 10 parts
/// for the protocol and 5 for stakers of the 15 percent that hosts pay.
/// @dev Shares belong to purposes, not to addresses: whoever is named for a purpose when money is withdrawn receives all
/// that waits for it. Amounts are token base units; the token zero is the chain's coin.
interface IRevenueSplitter {
    /* TYPES */

    /// @notice What money is for. All but the first are the treasury.
    enum Purpose {
        Stakers,
        Development,
        Ecosystem,
        Insurance,
        Buyback,
        Reserve
    }

    /// @notice How revenue is divided. The treasury's five parts add up to 100.
    struct Shares {
        uint8 protocol; // parts for the treasury
        uint8 stakers; // parts for stakers; with the above 1 to 30
        uint8 development; // percent of the treasury's
        uint8 ecosystem;
        uint8 insurance;
        uint8 buyback;
        uint8 reserve;
    }

    /* EVENTS */

    /// @notice Revenue was divided; what of it is left over is divided with the next.
    event RevenueDistributed(address indexed token, uint256 received, uint256[6] credited);
    /// @notice What waited for a purpose was paid.
    event RevenueWithdrawn(Purpose indexed purpose, address indexed token, address indexed recipient, uint256 amount);
    /// @notice How revenue is divided from now on.
    event SharesSet(Shares shares);
    /// @notice Who receives what is for a purpose.
    event RecipientSet(Purpose indexed purpose, address indexed recipient);

    /* ERRORS */

    /// @notice The parts do not add up as they must.
    error RevenueSplitter_BadShares();
    /// @notice An address that must be set is zero.
    error RevenueSplitter_ZeroAddress();

    /* CALLS */

    /// @notice Divides what has come in of a token since the last time. Anyone may call; it makes no difference when, or
    /// how often.
    /// @return received What had come in.
    function distribute(address token) external returns (uint256 received);

    /// @notice Divides, and pays what waits for a purpose to whoever is named for it. Anyone may call.
    /// @return amount What was paid; nothing waiting is no error.
    function withdraw(Purpose purpose, address token) external returns (uint256 amount);

    /* GOVERNANCE */

    /// @notice Changes how revenue is divided that is not divided yet.
    function setShares(Shares calldata shares) external;

    /// @notice Changes who receives what is for a purpose, what waits for it included.
    function setRecipient(Purpose purpose, address recipient) external;

    /* VIEWS */

    /// @notice What a withdrawal now would pay, what is not divided yet included.
    function pendingOf(Purpose purpose, address token) external view returns (uint256);

    /// @notice What waits for a purpose, as of the last division.
    function creditOf(Purpose purpose, address token) external view returns (uint256);

    /// @notice How revenue is divided.
    function shares() external view returns (Shares memory);

    /// @notice Who receives what is for a purpose.
    function recipientOf(Purpose purpose) external view returns (address);
}
