// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title IPullPayments
/// @notice Money that waits for its owner. Nothing is pushed to anybody, so that nobody's wallet and no token can hold up
/// somebody else's payment.
/// @dev Amounts are token base units; the token zero is the chain's coin.
interface IPullPayments {
    /* EVENTS */

    /// @notice An account took what was its own.
    event Withdrawn(address indexed account, address indexed token, address to, uint256 amount);

    /* ERRORS */

    /// @notice The account has nothing here in this token.
    error PullPayments_NothingToWithdraw(address account, address token);
    /// @notice The coin sent does not match the amount, or coin was sent to a token call.
    error PullPayments_WrongValue(uint256 sent, uint256 expected);
    /// @notice The token did not deliver exactly the amount (fee on transfer, for instance).
    error PullPayments_TokenShortfall(uint256 received, uint256 expected);
    /// @notice An address that must be set is zero.
    error PullPayments_ZeroAddress();

    /* CALLS */

    /// @notice Pays all that the caller has in a token to `to`.
    function withdraw(address token, address to) external;

    /// @notice Pays all that the caller has in each of these tokens to `to`; tokens in which it has nothing are passed over.
    function withdrawMany(address[] calldata tokens, address to) external;

    /// @notice What the account can withdraw.
    function withdrawable(address account, address token) external view returns (uint256);
}
