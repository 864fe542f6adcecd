// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IPullPayments} from "../interfaces/IPullPayments.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title PullPayments
/// @notice A ledger of what accounts can withdraw, and the only two ways in which money moves: in, measured; out, to
/// whom its owner says.
/// @dev Every function changes the books before it calls out. Whoever gets control in `_collect` can withdraw meanwhile,
/// but then the amount measured is short, and everything reverts.
abstract contract PullPayments is IPullPayments {
    using SafeERC20 for IERC20;

    mapping(address account => mapping(address token => uint256 amount)) private _withdrawable;

    /* PAYMENTS */

    /// @inheritdoc IPullPayments
    function withdraw(address token, address to) external override {
        if (to == address(0)) revert PullPayments_ZeroAddress();
        if (!_payOut(token, to)) revert PullPayments_NothingToWithdraw(msg.sender, token);
    }

    /// @inheritdoc IPullPayments
    function withdrawMany(address[] calldata tokens, address to) external override {
        if (to == address(0)) revert PullPayments_ZeroAddress();
        for (uint256 i = 0; i < tokens.length; i++) {
            _payOut(tokens[i], to);
        }
    }

    /// @inheritdoc IPullPayments
    function withdrawable(address account, address token) public view override returns (uint256) {
        return _withdrawable[account][token];
    }

    /* INTERNAL */

    function _credit(address account, address token, uint256 amount) internal {
        _withdrawable[account][token] += amount;
    }

    /// @dev Takes `amount` from the caller: the coin sent along, or an allowance.
    function _collect(address token, uint256 amount) internal {
        uint256 expected = token == address(0) ? amount : 0;
        if (msg.value != expected) revert PullPayments_WrongValue(msg.value, expected);
        if (token != address(0)) _pull(token, amount);
    }

    /// @dev Takes exactly `amount` of a token from the caller; what arrived is measured, not believed.
    function _pull(address token, uint256 amount) internal {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 balance = IERC20(token).balanceOf(address(this));
        uint256 received = balance > before ? balance - before : 0;
        if (received != amount) revert PullPayments_TokenShortfall(received, amount);
    }

    /// @dev Sends coin or tokens with all the caller's gas; reverts if the recipient or the token refuses.
    function _send(address token, address to, uint256 amount) internal {
        if (token == address(0)) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    function _payOut(address token, address to) private returns (bool paid) {
        uint256 amount = _withdrawable[msg.sender][token];
        if (amount == 0) return false;
        _withdrawable[msg.sender][token] = 0;
        emit Withdrawn(msg.sender, token, to, amount);
        _send(token, to, amount);
        return true;
    }
}
