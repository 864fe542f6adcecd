// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../interfaces/ISessionMarket.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title TransferLib
/// @notice Moves the coin (token zero) and ERC-20 tokens, trusting neither the recipient nor the token.
library TransferLib {
    using SafeERC20 for IERC20;

    /// @dev Gas for a refund's recipient: enough for the `receive` of a proxy wallet, too little to be a weapon.
    uint256 internal constant COIN_GAS = 50_000;

    /// @dev Gas for a refund's token transfer: several times that of a proxied token with a block list.
    uint256 internal constant TOKEN_GAS = 200_000;

    /// @notice Takes exactly `amount` of a token from `from`; what arrived is measured, not believed.
    function pull(address token, address from, uint256 amount) internal {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(from, address(this), amount);
        requireReceived(token, before, amount);
    }

    /// @notice Reverts unless the balance of `token` has grown by exactly `amount` since it was `before`.
    function requireReceived(address token, uint256 before, uint256 amount) internal view {
        uint256 balance = IERC20(token).balanceOf(address(this));
        uint256 received = balance > before ? balance - before : 0;
        if (received != amount) revert ISessionMarket.SessionMarket_TokenShortfall(received, amount);
    }

    /// @notice Pays whom the caller chose, with all its gas.
    function push(address token, address to, uint256 amount) internal {
        if (!_send(token, to, amount, gasleft())) revert ISessionMarket.SessionMarket_TransferFailed(token, to);
    }

    /// @notice Pays somebody who may not want it, with bounded gas and returndata.
    /// @return sent False if the recipient or the token refused.
    /// @dev A caller cannot make another's refund bounce by giving too little gas: when a starved call returns, at most a
    /// 63rd of what it was given is left (EIP-150), 794 gas of the coin's bound and 3,175 of a token's, and writing the
    /// bounce down costs more, so that everything reverts.
    function tryPush(address token, address to, uint256 amount) internal returns (bool sent) {
        return _send(token, to, amount, token == address(0) ? COIN_GAS : TOKEN_GAS);
    }

    /// @dev A token succeeded if it answered true, or nothing and has code.
    function _send(address token, address to, uint256 amount, uint256 gasLimit) private returns (bool ok) {
        bytes4 selector = IERC20.transfer.selector;
        assembly ("memory-safe") {
            switch token
            case 0 { ok := call(gasLimit, to, amount, 0x00, 0x00, 0x00, 0x00) }
            default {
                let free := mload(0x40)
                mstore(free, selector)
                mstore(add(free, 0x04), to)
                mstore(add(free, 0x24), amount)
                ok := call(gasLimit, token, 0, free, 0x44, 0x00, 0x20)
                switch returndatasize()
                case 0 { ok := and(ok, iszero(iszero(extcodesize(token)))) }
                default { ok := and(ok, and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))) }
            }
        }
    }
}
