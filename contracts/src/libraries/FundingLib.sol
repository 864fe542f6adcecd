// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SignatureLib} from "./SignatureLib.sol";
import {TransferLib} from "./TransferLib.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @notice ERC-3009 as first published.
interface IERC3009 {
    /// @notice Moves `value` from whoever signed to the caller, which must be `to`.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;
}

/// @notice ERC-3009 with signatures of contract wallets.
interface IERC3009Bytes {
    /// @notice Moves `value` from whoever signed to the caller, which must be `to`.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}

/// @title FundingLib
/// @notice Takes a deposit from a wallet that signed for it and sends nothing itself.
library FundingLib {
    /// @notice Pulls by EIP-2612. The permit may have been used already, or be missing, if the allowance is there.
    /// @dev The permit alone binds no terms; whoever calls this has checked an Order.
    function pullWithPermit(address token, address from, uint256 amount, uint256 deadline, bytes calldata signature)
        internal
    {
        if (signature.length == 65) {
            (uint8 v, bytes32 r, bytes32 s) = SignatureLib.split(signature);
            // A permit that somebody else sent first fails here and has already served its purpose.
            try IERC20Permit(token).permit(from, address(this), amount, deadline, v, r, s) {} catch {}
        }
        TransferLib.pull(token, from, amount);
    }

    /// @notice Pulls by ERC-3009. The token checks the signature, `nonce` says what for.
    function pullWithAuthorization(
        address token,
        address from,
        uint256 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) internal {
        uint256 before = IERC20(token).balanceOf(address(this));
        if (signature.length == 65) {
            (uint8 v, bytes32 r, bytes32 s) = SignatureLib.split(signature);
            IERC3009(token)
                .receiveWithAuthorization(from, address(this), amount, validAfter, validBefore, nonce, v, r, s);
        } else {
            IERC3009Bytes(token)
                .receiveWithAuthorization(from, address(this), amount, validAfter, validBefore, nonce, signature);
        }
        TransferLib.requireReceived(token, before, amount);
    }
}
