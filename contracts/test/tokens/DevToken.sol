// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title DevToken
/// @notice A stablecoin for local chains, with the signatures that USDC takes: EIP-2612 and ERC-3009, each as
/// (v, r, s) and as bytes, the latter also from contract wallets. Anyone can mint: it is worth nothing.
/// @dev EIP-712 domain {name, version: "2", chainId, verifyingContract}, as USDC's.
contract DevToken is ERC20, EIP712, Nonces {
    bytes32 private constant _PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 private constant _TRANSFER_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant _RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant _CANCEL_TYPEHASH = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    /// @notice An authorization's nonce was used.
    event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);
    /// @notice An authorization's nonce was made unusable.
    event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce);

    /// @notice The signature is not the owner's.
    error DevToken_BadSignature();
    /// @notice Past its deadline.
    error DevToken_Expired(uint256 deadline);
    /// @notice Not valid yet.
    error DevToken_NotYetValid(uint256 validAfter);
    /// @notice The nonce was used or cancelled.
    error DevToken_AuthorizationUsed(bytes32 nonce);
    /// @notice Only the payee may redeem this authorization.
    error DevToken_CallerNotPayee(address caller);

    /// @notice Whether an authorization's nonce was used or cancelled.
    mapping(address authorizer => mapping(bytes32 nonce => bool used)) public authorizationState;

    uint8 private immutable _DECIMALS;

    /// @param decimals_ Any; 6 for something like USDC.
    constructor(string memory name_, string memory symbol_, uint8 decimals_) ERC20(name_, symbol_) EIP712(name_, "2") {
        _DECIMALS = decimals_;
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return _DECIMALS;
    }

    /// @notice Makes `amount` out of nothing.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice EIP-712 domain separator.
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /* EIP-2612 */

    /// @notice Approves by the owner's signature.
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
    {
        permit(owner, spender, value, deadline, abi.encodePacked(r, s, v));
    }

    /// @notice Approves by the owner's signature.
    function permit(address owner, address spender, uint256 value, uint256 deadline, bytes memory signature) public {
        if (block.timestamp > deadline) revert DevToken_Expired(deadline);
        _verify(
            owner, keccak256(abi.encode(_PERMIT_TYPEHASH, owner, spender, value, _useNonce(owner), deadline)), signature
        );
        _approve(owner, spender, value);
    }

    /* ERC-3009 */

    /// @notice Transfers by the owner's signature.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        transferWithAuthorization(from, to, value, validAfter, validBefore, nonce, abi.encodePacked(r, s, v));
    }

    /// @notice Transfers by the owner's signature.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) public {
        _redeem(_TRANSFER_TYPEHASH, from, to, value, validAfter, validBefore, nonce, signature);
    }

    /// @notice Transfers by the owner's signature, to the caller, so that nobody can redeem it ahead of the caller.
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
    ) external {
        receiveWithAuthorization(from, to, value, validAfter, validBefore, nonce, abi.encodePacked(r, s, v));
    }

    /// @notice Transfers by the owner's signature, to the caller, so that nobody can redeem it ahead of the caller.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) public {
        if (to != msg.sender) revert DevToken_CallerNotPayee(msg.sender);
        _redeem(_RECEIVE_TYPEHASH, from, to, value, validAfter, validBefore, nonce, signature);
    }

    /// @notice Makes an authorization's nonce unusable by the owner's signature.
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes memory signature) external {
        _useAuthorization(authorizer, nonce);
        _verify(authorizer, keccak256(abi.encode(_CANCEL_TYPEHASH, authorizer, nonce)), signature);
        emit AuthorizationCanceled(authorizer, nonce);
    }

    function _redeem(
        bytes32 typehash,
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) private {
        if (block.timestamp <= validAfter) revert DevToken_NotYetValid(validAfter);
        if (block.timestamp >= validBefore) revert DevToken_Expired(validBefore);
        _useAuthorization(from, nonce);
        _verify(from, keccak256(abi.encode(typehash, from, to, value, validAfter, validBefore, nonce)), signature);
        emit AuthorizationUsed(from, nonce);
        _transfer(from, to, value);
    }

    function _useAuthorization(address authorizer, bytes32 nonce) private {
        if (authorizationState[authorizer][nonce]) revert DevToken_AuthorizationUsed(nonce);
        authorizationState[authorizer][nonce] = true;
    }

    function _verify(address signer, bytes32 structHash, bytes memory signature) private view {
        if (!SignatureChecker.isValidSignatureNow(signer, _hashTypedDataV4(structHash), signature)) {
            revert DevToken_BadSignature();
        }
    }
}
